// What the far ends of links have been told, as far back as it may still be revised.
#pragma once

#include <span>
#include <vector>

#include "actors/propagation/observations.h"
#include "actors/settled_state.h"
#include "actors/twin.h"
#include "schema/model/division.h"
#include "schema/result.h"

namespace pollux::actors {

/// Observations of the far ends of some links, as settled at one position of their domain.
struct Told {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  std::vector<std::vector<Observation>> by_link;  ///< Each in the total order of events.
};

/// Those that memory holds.
Told told_in_memory(const SettledState& consumer, std::span<const schema::CrossingLink> links);

/// Puts before them what memory has dropped and may still be revised, from the consumer's history. Does
/// nothing where memory drops nothing of the kind. Errors: unavailable (the history has not come as far as
/// `told`: to be tried again), others of `Recall`; then what memory holds is all there is.
schema::Result<void> recall_told(const Twin& consumer, std::span<const schema::CrossingLink> links,
                                 Told& told);

}  // namespace pollux::actors
