#include "actors/supervision/identities.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventKey;
using schema::EventTime;

bool Identities::add(const KnownEvent& event) {
  if (generations_.empty() || generations_.back().events.size() == full()) open_generation();
  Generation& generation = generations_.back();
  const std::size_t before = ((generations_.size() - 1) << bits_) + generation.events.size();
  generation.events.push_back(event);
  if (!numbers_.insert(first_ + static_cast<Number>(before)).second) {
    generation.events.pop_back();
    return false;
  }
  generation.epoch = epoch_;
  generation.newest = std::max(generation.newest, event.time);
  return true;
}

void Identities::open_generation() {
  POLLUX_ASSERT(generations_.size() < UINT32_MAX >> bits_, "events have numbers of their own");
  generations_.emplace_back().events = std::exchange(spare_, {});
  generations_.back().events.reserve(full());
}

const KnownEvent* Identities::find(const EventKey& key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? nullptr : &at(*found);
}

void Identities::end_epoch(EventTime final_before, EventTime old_before) {
  const auto may_go = [&](const Generation& oldest) {
    const bool is_journaled = oldest.epoch + kEpochsOnTheirWay <= epoch_;
    return oldest.newest < final_before || (oldest.newest < old_before && is_journaled);
  };
  ++epoch_;
  while (generations_.size() > 1 && may_go(generations_.front())) {
    forgot_before(schema::after(generations_.front().newest, 1));
    std::vector<KnownEvent>& events = generations_.front().events;
    for (Number i = 0; i < full(); ++i) numbers_.erase(first_ + i);
    events.clear();
    spare_ = std::move(events);
    generations_.pop_front();
    first_ += full();
  }
}

void Identities::clear() {
  numbers_.clear();
  generations_.clear();
  first_ = 0;
}

Identities::Place Identities::end() const {
  if (generations_.empty()) return {};
  return {generations_.size() - 1, generations_.back().events.size()};
}

std::vector<KnownEvent> Identities::page(Place& from, Place end) const {
  if (generations_.empty()) return {};
  const std::vector<KnownEvent>& events = generations_[from.generation].events;
  const bool is_last = from.generation == end.generation;
  const auto begin = events.begin() + static_cast<std::ptrdiff_t>(from.event);
  const auto page_end = is_last ? events.begin() + static_cast<std::ptrdiff_t>(end.event) : events.end();
  from = is_last ? end : Place{from.generation + 1, 0};
  return {begin, page_end};
}

}  // namespace pollux::actors
