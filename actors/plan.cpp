#include "actors/plan.h"

#include <algorithm>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;

Plan::Plan(const schema::Model& model)
    : model_(model), waiting_for_(model.entity_count()), seen_in_(model.entity_count(), 0) {}

void Plan::begin() {
  if (++number_ == 0) {
    std::ranges::fill(seen_in_, 0);
    number_ = 1;
  }
  cone_.clear();
  ready_.clear();
  source_count_ = 0;
  sinks_ = 0;
}

void Plan::add_source(EntityIndex entity) {
  if (seen_in_[entity] == number_) return;
  seen_in_[entity] = number_;
  waiting_for_[entity].store(0, std::memory_order_relaxed);
  cone_.push_back(entity);
  ++source_count_;
}

void Plan::complete() {
  for (std::size_t i = 0; i < cone_.size(); ++i) {
    const auto dependents = model_.dependents(cone_[i]);
    if (dependents.empty()) ++sinks_;
    for (const EntityIndex consumer : dependents) {
      std::uint32_t producers = 1;
      if (seen_in_[consumer] == number_) {
        producers += waiting_for_[consumer].load(std::memory_order_relaxed);
      } else {
        seen_in_[consumer] = number_;
        cone_.push_back(consumer);
      }
      waiting_for_[consumer].store(producers, std::memory_order_relaxed);
    }
  }
  for (std::size_t i = 0; i < source_count_; ++i) {
    if (waiting_for_[cone_[i]].load(std::memory_order_relaxed) == 0) ready_.push_back(cone_[i]);
  }
}

void Plan::check_invariants() const {
  for (const EntityIndex entity : cone_) {
    POLLUX_ASSERT(waiting_for_[entity].load() == 0, "every entity of the cone heard from all its producers");
  }
}

}  // namespace pollux::actors
