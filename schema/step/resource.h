// A discrete resource: who holds one of its units, and who waits for one.
#pragma once

#include <cstdint>
#include <span>

#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// Where a claimant stands with a resource, as a value that is kept by event time.
///
/// unknown: it claims nothing. `uncertain`: it waits; the bits are the EventTime since when. `good`: it holds
/// a unit; the bits are how long it waited for that, a Duration, or `kWaitedForEver`.
namespace place {

inline constexpr Duration kWaitedForEver = -1;

inline Value none() {
  return Value::unknown(ValueType::number, Reason::none);
}
inline Value waiting(EventTime since) {
  return {static_cast<std::uint64_t>(since), ValueType::number, Quality::uncertain, Reason::none, {}};
}
inline Value holding(Duration waited) {
  return {static_cast<std::uint64_t>(waited), ValueType::number, Quality::good, Reason::none, {}};
}
inline bool waits(const Value& place) {
  return place.quality == Quality::uncertain;
}
inline bool holds(const Value& place) {
  return place.quality == Quality::good;
}

}  // namespace place

/// Values of a resource's own behind each other: units in use, claimants that wait, then the claimants'
/// places, in the order of the model.
inline constexpr std::uint16_t kResourceCounts = 2;

/// Moves a resource on to `at`. `claims`: the truth value of each claim. `own`: its own values, as they were
/// just before; as they are at `at` on return. At `kBeginning` they are nothing yet.
///
/// Who holds a unit keeps it until the claim is known to be false. Free units go to those who have waited
/// longest, in the order of the model where they began at the same time; so they do at every moment but
/// `kBeginning`, which is no moment at which anything is given. A claim of which nothing is known changes
/// nothing, and while nothing is known of the capacity, nothing is given. Cost: O(claims).
void allocate(EventTime at, const Value& capacity, std::span<const Value> claims, Value* own);

/// What a claimant is told: `own[0]` whether it holds a unit, `own[1]` whether it waits, `own[2]` how long it
/// waited for the unit it was given last, in seconds, which is remembered. At `kBeginning` they are nothing
/// yet.
void answer_claim(EventTime at, const Value& place, Value* own);

}  // namespace pollux::schema
