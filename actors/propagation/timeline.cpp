#include "actors/propagation/timeline.h"

#include <algorithm>
#include <cstring>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;
using schema::Value;

Timeline::Timeline(const Value& initial) : in_place_{schema::kBeginning, initial} {}

Timeline::~Timeline() {
  if (capacity_ > 1) delete[] on_heap_.data;
}

bool Timeline::append(EventTime from, const Value& value, EventTime horizon) {
  Version& newest = data()[begin_ + size_ - 1];
  if (newest.value == value) return false;
  if (from == newest.from) {
    POLLUX_ASSERT(from == schema::kBeginning, "only the initial version may be replaced");
    newest.value = value;
    return true;
  }
  POLLUX_ASSERT(from > newest.from, "versions are appended in order");
  if (begin_ + size_ == capacity_) make_room(1, horizon);
  append_other(from, value);
  return true;
}

void Timeline::make_room(std::uint32_t versions, EventTime horizon) {
  forget_before(horizon);
  // Sliding down is enough where a quarter has been forgotten, which keeps appending amortised O(1); to wait
  // for more would have each round of the clock walk over more memory.
  if (begin_ > 0 && begin_ >= capacity_ / 4 && size_ + versions <= capacity_) {
    std::memmove(on_heap_.data, on_heap_.data + begin_, size_ * sizeof(Version));
    begin_ = 0;
    count_pace();
    return;
  }
  std::uint32_t capacity = capacity_ == 1 ? 4 : capacity_ + capacity_ / 2;
  while (capacity < size_ + versions) capacity += capacity / 2;
  auto* grown = new Version[capacity];
  std::copy_n(data() + begin_, size_, grown);
  if (capacity_ > 1) delete[] on_heap_.data;
  on_heap_.data = grown;
  begin_ = 0;
  capacity_ = capacity;
  count_pace();
}

/// Of the newest half: what is older is asked for less, and the first version may be the beginning of time.
void Timeline::count_pace() {
  const auto all = versions();
  note_newest();
  const std::size_t half = size_ / 2;
  const auto span = static_cast<double>(all.back().from - all[half].from);
  on_heap_.pace = span > 0 ? static_cast<double>(size_ - 1 - half) / span : 0;
}

void Timeline::splice(std::size_t first, EventTime to, std::span<const Version> fresh,
                      std::vector<Version>& removed, EventTime horizon) {
  const auto all = versions();
  const bool to_the_end = to == schema::kNever || first == all.size();
  const std::size_t end = to_the_end ? all.size() : first_from(to, first);
  POLLUX_ASSERT(first > 0, "a timeline is never cut down to nothing");
  removed.insert(removed.end(), all.begin() + static_cast<std::ptrdiff_t>(first),
                 all.begin() + static_cast<std::ptrdiff_t>(end));
  // From `to` on everything is as before: a version there may have become needless, or needed.
  const Version was_in_effect = all[end - 1];
  const Value& now_in_effect = fresh.empty() ? all[first - 1].value : fresh.back().value;
  const bool stands_at_to = end < all.size() && all[end].from == to;
  const bool needless = stands_at_to && all[end].value == now_in_effect;
  const bool needed = to != schema::kNever && !stands_at_to && was_in_effect.value != now_in_effect &&
                      !POLLUX_PLANTED(splice_drops_what_follows);

  const std::size_t tail = end + (needless || (POLLUX_PLANTED(splice_takes_one_more) && stands_at_to));
  const std::size_t tail_size = all.size() - tail;
  const std::size_t put = fresh.size() + needed;
  const std::size_t size = first + put + tail_size;
  if (begin_ + size > capacity_) {
    const std::size_t forgotten_before = size_;
    make_room(static_cast<std::uint32_t>(std::max(size, all.size()) - all.size()), horizon);
    POLLUX_ASSERT(forgotten_before - size_ < first, "what is rewritten lies behind the horizon");
    return splice_at(first - (forgotten_before - size_), tail - (forgotten_before - size_), fresh, needed,
                     {to, was_in_effect.value});
  }
  splice_at(first, tail, fresh, needed, {to, was_in_effect.value});
}

/// Puts `fresh`, and then `after` where it is needed, in the place of the versions [first, tail).
void Timeline::splice_at(std::size_t first, std::size_t tail, std::span<const Version> fresh, bool needed,
                         const Version& after) {
  Version* at = data() + begin_;
  const std::size_t tail_size = size_ - tail;
  const std::size_t put = fresh.size() + needed;
  if (tail_size > 0 && tail != first + put) {
    std::memmove(static_cast<void*>(at + first + put), at + tail, tail_size * sizeof(Version));
  }
  // Part by part, as they have just been written: see entity_revise.cpp.
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    at[first + i].from = fresh[i].from;
    at[first + i].value = fresh[i].value;
  }
  if (needed) at[first + fresh.size()] = after;
  size_ = static_cast<std::uint32_t>(first + put + tail_size);
  note_newest();
}

void Timeline::restore(std::span<const Version> versions) {
  POLLUX_ASSERT(!versions.empty(), "a timeline is never empty");
  const auto size = static_cast<std::uint32_t>(versions.size());
  if (size > capacity_) {
    auto* grown = new Version[size];
    if (capacity_ > 1) delete[] on_heap_.data;
    on_heap_.data = grown;
    capacity_ = size;
  }
  begin_ = 0;
  size_ = size;
  std::ranges::copy(versions, data());
  if (capacity_ > 1) count_pace();
}

void Timeline::forget_before(EventTime horizon) {
  if (size_ == 1 || versions()[1].from >= horizon) return;
  const std::size_t later = first_from(horizon);
  const auto drop = static_cast<std::uint32_t>(later - 1);
  begin_ += drop;
  size_ -= drop;
}

void Timeline::shrink_to(EventTime horizon) {
  forget_before(horizon);
  if (capacity_ <= 2 * size_ + 4) return;
  Version* const held = on_heap_.data;
  if (size_ == 1) {
    in_place_ = held[begin_];
    capacity_ = 1;
  } else {
    on_heap_.data = new Version[size_];
    std::copy_n(held + begin_, size_, on_heap_.data);
    capacity_ = size_;
  }
  begin_ = 0;
  if (capacity_ > 1) count_pace();
  delete[] held;
}

void Timeline::bring_back(std::span<const Version> older) {
  if (older.empty()) return;
  POLLUX_ASSERT(older.back().from < versions().front().from && older.back().value != versions().front().value,
                "what is brought back goes before what is held");
  const auto size = static_cast<std::uint32_t>(older.size()) + size_;
  auto* all = new Version[size];
  std::ranges::copy(older, all);
  std::copy_n(data() + begin_, size_, all + older.size());
  if (capacity_ > 1) delete[] on_heap_.data;
  on_heap_.data = all;
  begin_ = 0;
  size_ = capacity_ = size;
  count_pace();
}

void Timeline::check_invariants() const {
  POLLUX_ASSERT(size_ >= 1 && begin_ + size_ <= capacity_,
                "a timeline holds between one version and its capacity");
  const auto all = versions();
  POLLUX_ASSERT(newest() == last().from, "the beginning of the last version is known");
  for (std::size_t i = 1; i < all.size(); ++i) {
    POLLUX_ASSERT(all[i - 1].from < all[i].from, "versions ascend");
    POLLUX_ASSERT(all[i - 1].value != all[i].value, "neighbouring versions differ");
  }
}

}  // namespace pollux::actors
