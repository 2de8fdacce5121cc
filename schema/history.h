// The past of one value: a step function of event time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
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

/// Index of the first of `items` whose `key` is at least `time`; their number when there is none. They
/// ascend. It gropes from `near`, a guess, in doubling steps: in a long past, each look at a wrong place is a
/// line of memory fetched. REQUIRES: `near` is less than their number.
template <class Items, class Key>
std::size_t first_at_least_near(const Items& items, std::size_t near, EventTime time, Key key) {
  const auto from = [&](std::size_t i) { return std::invoke(key, items[i]); };
  const std::size_t size = items.size();
  std::size_t below = 0;     // all before it are less
  std::size_t above = near;  // it and all after it are not
  if (from(near) < time) {
    for (std::size_t step = 1; above < size && from(above) < time; step *= 2) {
      below = above + 1;
      above = std::min(above + step, size);
    }
  } else {
    std::size_t step = 1;
    for (; above > step && from(above - step) >= time; step *= 2) above -= step;
    below = above > step ? above - step + 1 : 0;
  }
  while (below < above) {
    const std::size_t middle = below + (above - below) / 2;
    if (from(middle) < time) {
      below = middle + 1;
    } else {
      above = middle;
    }
  }
  return below;
}

/// The same without a guess. Asked about the newest ones, mostly; further back it takes them to be evenly
/// spaced.
template <class Items, class Key>
std::size_t first_at_least(const Items& items, EventTime time, Key key) {
  const auto from = [&](std::size_t i) { return std::invoke(key, items[i]); };
  constexpr std::size_t kFewItems = 8;
  const std::size_t size = items.size();
  if (size == 0 || from(size - 1) < time) return size;
  std::size_t near = size / 2;
  if (size > kFewItems && from(1) < time) {  // the first one may be the beginning of time
    const auto span = static_cast<double>(from(size - 1) - from(1));
    const double part = static_cast<double>(time - from(1)) / span;
    near = std::min(1 + static_cast<std::size_t>(part * static_cast<double>(size - 2)), size - 1);
  }
  return first_at_least_near(items, near, time, key);
}

/// Index of the first version with `from >= time`; `history.size()` when there is none.
inline std::size_t first_from(History history, EventTime time) {
  return first_at_least(history, time, &Version::from);
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
