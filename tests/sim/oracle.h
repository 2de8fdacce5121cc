// A deliberately naive reference interpreter: sorts all events, recomputes everything at every moment. No
// actors, no increments, nothing of the engine's but the evaluation of programs.
#pragma once

#include <vector>

#include "actors/episodes.h"
#include "actors/propagation/timeline.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::sim {

/// What a twin must look like after `events` with its clock at `clock`.
struct Expected {
  /// By entity, then attribute: every version, the initial one first.
  std::vector<std::vector<std::vector<actors::Version>>> timelines;
  std::vector<actors::Episode> episodes;
};

/// `events` in any order, each identity once. Where the model samples: in the order of the journal, and how
/// many there were when each epoch ended.
Expected interpret(const schema::Model& model, const schema::EventBatch& events, schema::EventTime clock,
                   const std::vector<std::size_t>& epoch_ends = {});

}  // namespace pollux::sim
