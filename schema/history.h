// The past of one value: a step function of event time.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// A value and the event time from which it holds, until the next version's.
struct Version {
  EventTime from = kBeginning;
  Value value;

  friend bool operator==(const Version&, const Version&) = default;
};

/// Versions that lie together in memory: part of a long past.
struct VersionBlock {
  EventTime from = kBeginning;  ///< When the first one begins.
  Version* memory = nullptr;    ///< `begin` versions that are of no more use, then those that are.
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  float pace = 0;  ///< Versions a nanosecond when last counted, to guess where a time lies.

  std::span<const Version> versions() const { return {memory + begin, size}; }
};

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

/// Versions in ascending order, neighbours always different; never empty where it is read. The newest lie
/// together; where there are many, older ones lie in blocks before them, none of them empty. Refers to them.
class History {
 public:
  /// Where a version stands; blocks are counted from the oldest, the newest versions being the last one.
  struct Place {
    std::uint32_t block = 0;
    std::uint32_t index = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  class Iterator;

  History() = default;
  /// All in one piece.
  History(std::span<const Version> versions) : newest_(versions) {}     // NOLINT: as spans do
  History(const std::vector<Version>& versions) : newest_(versions) {}  // NOLINT: as spans do
  History(std::span<const VersionBlock> older, std::span<const Version> newest)
      : older_(older), newest_(newest) {}

  const Version& operator[](Place place) const { return block(place.block)[place.index]; }
  const Version& front() const { return block(0).front(); }
  const Version& back() const { return newest_.back(); }
  /// Cost: one step a block.
  std::size_t size() const;

  Iterator begin() const;
  Iterator end() const;

  Place first() const { return {}; }
  /// Behind the last one.
  Place behind() const { return {blocks() - 1, static_cast<std::uint32_t>(newest_.size())}; }
  /// REQUIRES: not `behind()`.
  Place next(Place place) const {
    ++place.index;
    return place.index < block(place.block).size() || place.block + 1 == blocks() ? place
                                                                                  : Place{place.block + 1, 0};
  }
  /// REQUIRES: not `first()`.
  Place before(Place place) const {
    if (place.index > 0) return {place.block, place.index - 1};
    return {place.block - 1, static_cast<std::uint32_t>(block(place.block - 1).size() - 1)};
  }

  /// The first version with `from >= time`; `behind()` where there is none.
  Place first_from(EventTime time) const;
  /// The first version with `from > time`; `behind()` where there is none.
  Place first_after(EventTime time) const { return time == kNever ? behind() : first_from(time + 1); }
  /// The version in effect at `time`; the first one where all are later (the earlier past is forgotten).
  Place place_at(EventTime time) const {
    const Place later = first_after(time);
    return later == first() ? later : before(later);
  }
  const Version& at(EventTime time) const { return (*this)[place_at(time)]; }

  std::uint32_t blocks() const { return static_cast<std::uint32_t>(older_.size()) + 1; }
  std::span<const Version> block(std::uint32_t i) const {
    return i == older_.size() ? newest_ : older_[i].versions();
  }

 private:
  std::span<const VersionBlock> older_;
  std::span<const Version> newest_;
};

class History::Iterator {
 public:
  using value_type = Version;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  Iterator(const History& history, Place place) : history_(history), place_(place) {}

  const Version& operator*() const { return history_[place_]; }
  const Version* operator->() const { return &history_[place_]; }
  Iterator& operator++() {
    place_ = history_.next(place_);
    return *this;
  }
  Iterator operator++(int) {
    const Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.place_ == b.place_; }

 private:
  History history_;
  Place place_;
};

inline History::Iterator History::begin() const {
  return {*this, first()};
}
inline History::Iterator History::end() const {
  return {*this, behind()};
}
inline std::size_t History::size() const {
  std::size_t size = newest_.size();
  for (const VersionBlock& block : older_) size += block.size;
  return size;
}

inline History::Place History::first_from(EventTime time) const {
  const auto place = [](std::size_t b, std::size_t i) {
    return Place{static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(i)};
  };
  if (older_.empty() || newest_.front().from < time)
    return place(older_.size(), first_at_least(newest_, time, &Version::from));
  const std::size_t later = first_at_least(older_, time, &VersionBlock::from);
  if (later == 0) return {};
  const auto versions = older_[later - 1].versions();
  const std::size_t i = first_at_least(versions, time, &Version::from);
  return i < versions.size() ? place(later - 1, i) : place(later, 0);
}

}  // namespace pollux::schema
