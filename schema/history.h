// The past of one value: a step function of event time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// A value and the event time from which it holds, until the next version's.
struct Version {
  EventTime from = kBeginning;
  Value value;

  friend bool operator==(const Version&, const Version&) = default;
};

/// Versions in ascending order, neighbours always different; never empty where it is read.
using History = std::span<const Version>;

/// Index of the first version with `from >= time`; `history.size()` when there is none. Nearly always asked
/// about the newest versions, so it looks back in doubling steps before it bisects.
inline std::size_t first_from(History history, EventTime time) {
  std::size_t end = history.size();
  std::size_t step = 1;
  while (step <= end && history[end - step].from >= time) {
    end -= step;
    step *= 2;
  }
  const std::size_t begin = step <= end ? end - step + 1 : 0;
  const History range = history.subspan(begin, end - begin);
  return begin +
         static_cast<std::size_t>(std::ranges::lower_bound(range, time, {}, &Version::from) - range.begin());
}

/// Index of the first version with `from > time`; `history.size()` when there is none.
inline std::size_t first_after(History history, EventTime time) {
  return time == kNever ? history.size() : first_from(history, time + 1);
}

/// Index of the version in effect at `time`; 0 when all are later (the earlier past is forgotten).
inline std::size_t index_at(History history, EventTime time) {
  const std::size_t later = first_after(history, time);
  return later == 0 ? 0 : later - 1;
}

/// The value just before `time`; the first one where all are later.
inline const Value& just_before(History history, EventTime time) {
  const std::size_t later = first_from(history, time);
  return history[later == 0 ? 0 : later - 1].value;
}

}  // namespace pollux::schema
