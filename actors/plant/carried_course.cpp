#include "actors/plant/carried_course.h"

#include <algorithm>
#include <functional>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;
using schema::first_at_least;
using schema::kBeginning;
using schema::kNever;
using schema::Value;

void CarriedCourse::restore(EventTime time, const Value& is) {
  if (!told_.empty() && told_.back().from == time) {
    told_.back().value = is;
  } else {
    told_.push_back({time, is});
  }
}

void CarriedCourse::assign(EventTime from, EventTime to, const Value& is) {
  from = std::max(from, said_from_);
  if (from >= to) return;
  // What holds from `to` on may have been told before `from`.
  if (to != kNever && at(to) != is) {
    const std::size_t there = first_at_least(told_, to, &Version::from);
    if (there == told_.size() || told_[there].from != to) put(to, Value(at(to)));
  }
  if (from != kBeginning && at(from) != is) put(from, is);
  for (std::size_t i = first_at_least(told_, from, &Version::from); i < told_.size() && told_[i].from < to;
       ++i) {
    if (told_[i].value == is) continue;
    told_[i].value = is;
    untold_.push_back(told_[i].from);
  }
}

void CarriedCourse::repeat(EventTime time) {
  put(time, Value(at(time)));
}

const Value& CarriedCourse::at(EventTime time) const {
  const std::size_t after = time == kNever ? told_.size() : first_at_least(told_, time + 1, &Version::from);
  return after == 0 ? before_all_ : told_[after - 1].value;
}

void CarriedCourse::put(EventTime time, const Value& is) {
  const auto at = told_.begin() + static_cast<std::ptrdiff_t>(first_at_least(told_, time, &Version::from));
  if (at != told_.end() && at->from == time) {
    at->value = is;
  } else {
    told_.insert(at, {time, is});
  }
  untold_.push_back(time);
}

std::vector<Version> CarriedCourse::take_untold() {
  std::ranges::sort(untold_, std::greater<>());
  const auto repeated = std::ranges::unique(untold_);
  untold_.erase(repeated.begin(), repeated.end());
  std::vector<Version> versions;
  versions.reserve(untold_.size());
  for (const EventTime time : untold_) versions.push_back({time, at(time)});
  untold_.clear();
  return versions;
}

void CarriedCourse::forget_before(EventTime horizon) {
  const std::size_t first = first_at_least(told_, horizon, &Version::from);
  // Rarely and many at once, so that it costs next to nothing for each.
  constexpr std::size_t kForgetAtLeast = 64;
  if (first < kForgetAtLeast || first < told_.size() / 2) return;
  before_all_ = told_[first - 2].value;
  told_.erase(told_.begin(), told_.begin() + static_cast<std::ptrdiff_t>(first - 1));
}

void CarriedCourse::check_invariants() const {
  const auto out_of_order = [](const Version& a, const Version& b) { return a.from >= b.from; };
  POLLUX_ASSERT(std::ranges::adjacent_find(told_, out_of_order) == told_.end(), "times ascend");
}

}  // namespace pollux::actors
