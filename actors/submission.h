// A batch of events on its way into the twin, and the answer to it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "actors/admission.h"
#include "schema/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// The answer to a submission, given once it is durable and settled.
struct Receipt {
  schema::Position position = 0;  ///< The epoch it became part of; the newest one when nothing was accepted.
  std::vector<EventOutcome> outcomes;  ///< One an event, in order.
};

/// What a producer hands over. `done` is called exactly once.
struct Submission {
  schema::EventBatch batch;
  std::function<void(schema::Result<Receipt>)> done;
  std::chrono::steady_clock::time_point taken_at;
};
using SubmissionPtr = std::shared_ptr<Submission>;

}  // namespace pollux::actors
