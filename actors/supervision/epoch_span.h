// How far one epoch may move the twin's clock.
#pragma once

#include <algorithm>
#include <cstddef>

#include "schema/model/model.h"
#include "schema/time.h"

namespace pollux::actors {

/// Moments that time alone may set off within an epoch, all entities together: ticks of `integral`, `lag` and
/// moving windows, rounds of feedback through links, transitions after a time.
inline constexpr std::size_t kSilentMomentsMax = 200'000;

/// The longest an epoch may move the clock so that these are no more than `kSilentMomentsMax`, if each entity
/// has one wherever its type allows one; `kNever` where time alone sets off nothing again and again. At least
/// the shortest of their periods, so that the clock gets on. What is evaluated does not depend on it, for
/// epochs can be cut anywhere; it bounds what one of them costs.
schema::Duration epoch_span_max(const schema::Model& model);

/// The clock of the epoch after one that settled at `clock`, on the way to `target`.
inline schema::EventTime next_clock(schema::EventTime clock, schema::EventTime target,
                                    schema::Duration span_max) {
  const bool first = clock == schema::kBeginning;
  return first ? target : std::min(target, schema::after(clock, span_max));
}

}  // namespace pollux::actors
