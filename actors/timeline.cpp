#include "actors/timeline.h"

#include <algorithm>
#include <cstring>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;
using schema::Value;

Timeline::Timeline(const Value& initial) : in_place_{schema::kBeginning, initial} {}

Timeline::~Timeline() {
  if (capacity_ > 1) delete[] heap_;
}

std::size_t Timeline::first_from(EventTime time) const {
  const auto all = versions();
  const std::size_t size = all.size();
  // Nearly always asked about the newest version or what follows it.
  if (all.back().from < time) return size;
  if (size == 1 || all[size - 2].from < time) return size - 1;
  return static_cast<std::size_t>(std::ranges::lower_bound(all, time, {}, &Version::from) - all.begin());
}

std::size_t Timeline::index_at(EventTime time) const {
  const auto all = versions();
  if (all.back().from <= time) return all.size() - 1;
  const auto later = std::ranges::upper_bound(all, time, {}, &Version::from);
  return later == all.begin() ? 0 : static_cast<std::size_t>(later - all.begin()) - 1;
}

bool Timeline::append(EventTime from, const Value& value) {
  Version& newest = data()[begin_ + size_ - 1];
  if (newest.value == value) return false;
  if (from == newest.from) {
    POLLUX_ASSERT(from == schema::kBeginning, "only the initial version may be replaced");
    newest.value = value;
    return true;
  }
  POLLUX_ASSERT(from > newest.from, "versions are appended in order");
  if (begin_ + size_ == capacity_) make_room();
  data()[begin_ + size_] = {from, value};
  ++size_;
  return true;
}

void Timeline::make_room() {
  // Sliding down is enough where at least half has been forgotten, which keeps appending amortised O(1).
  if (begin_ > 0 && begin_ >= capacity_ / 2) {
    std::memmove(heap_, heap_ + begin_, size_ * sizeof(Version));
    begin_ = 0;
    return;
  }
  const std::uint32_t capacity = capacity_ == 1 ? 4 : capacity_ * 2;
  auto* grown = new Version[capacity];
  std::copy_n(data() + begin_, size_, grown);
  if (capacity_ > 1) delete[] heap_;
  heap_ = grown;
  begin_ = 0;
  capacity_ = capacity;
}

void Timeline::cut(EventTime time, std::vector<Version>& removed) {
  const std::size_t keep = first_from(time);
  POLLUX_ASSERT(keep > 0, "a timeline is never cut down to nothing");
  const auto all = versions();
  removed.insert(removed.end(), all.begin() + static_cast<std::ptrdiff_t>(keep), all.end());
  size_ = static_cast<std::uint32_t>(keep);
}

void Timeline::forget_before(EventTime horizon) {
  if (size_ == 1 || versions()[1].from >= horizon) return;
  const std::size_t later = first_from(horizon);
  const auto drop = static_cast<std::uint32_t>(later - 1);
  begin_ += drop;
  size_ -= drop;
}

void Timeline::check_invariants() const {
  POLLUX_ASSERT(size_ >= 1 && begin_ + size_ <= capacity_,
                "a timeline holds between one version and its capacity");
  const auto all = versions();
  for (std::size_t i = 1; i < all.size(); ++i) {
    POLLUX_ASSERT(all[i - 1].from < all[i].from, "versions ascend");
    POLLUX_ASSERT(all[i - 1].value != all[i].value, "neighbouring versions differ");
  }
}

}  // namespace pollux::actors
