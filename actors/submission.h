// A batch of events on its way into the twin, and the answer to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/supervision/admission.h"
#include "schema/event/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// What was decided on one event of the quarantine.
struct QuarantineVerdict {
  enum class Outcome : std::uint8_t {
    admitted,   ///< It is part of the journal, now or since an earlier decision.
    discarded,  ///< It is gone, now or since an earlier decision.
    duplicate,  ///< To be admitted; it had been sent again and accepted, and is in quarantine no longer.
    refused,    ///< `why` says what stands against it; it stays where it is.
    unknown,    ///< There is no such number, or no longer.
  };
  std::uint64_t number = 0;
  Outcome outcome = Outcome::unknown;
  schema::Position position = 0;  ///< Admitted: the epoch it became part of.
  std::string why;
};
const char* name_of(QuarantineVerdict::Outcome outcome);

/// The answer to a submission, given once it is durable and settled.
struct Receipt {
  schema::Position position = 0;  ///< The epoch it became part of; the newest one when nothing was accepted.
  std::vector<EventOutcome> outcomes;       ///< One an event, in order.
  std::vector<QuarantineVerdict> verdicts;  ///< One a number, in order, where quarantine was decided on.
};

/// What a producer hands over: events, or what to do with events in quarantine. `done` is called exactly
/// once.
struct Submission {
  schema::EventBatch batch;
  std::vector<std::uint64_t> numbers;  ///< In quarantine; then the batch is empty.
  bool admits = false;                 ///< Else they are discarded.
  std::size_t size = 0;                ///< What it takes of the queue.
  std::function<void(schema::Result<Receipt>)> done;
  std::chrono::steady_clock::time_point taken_at;
};
using SubmissionPtr = std::shared_ptr<Submission>;

}  // namespace pollux::actors
