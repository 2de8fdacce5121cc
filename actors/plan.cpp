#include "actors/plan.h"

#include <algorithm>

#include "actors/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;

Plan::Plan(const schema::Model& model)
    : heights_(model.entity_count(), 0), claimed_in_(model.entity_count()) {
  for (const EntityIndex entity : model.topological_order()) {
    for (const EntityIndex consumer : model.dependents(entity)) {
      const bool highest = !POLLUX_PLANTED(height_of_last_producer);
      heights_[consumer] = std::max(highest ? heights_[consumer] : 0, heights_[entity] + 1);
    }
  }
  levels_.resize(heights_.empty() ? 1 : *std::ranges::max_element(heights_) + 1);
}

void Plan::begin() {
  if (++epoch_ == 0) {
    for (auto& claimed : claimed_in_) claimed.store(0, std::memory_order_relaxed);
    epoch_ = 1;
  }
  current_ = 0;
  highest_ = 0;
}

std::span<const EntityIndex> Plan::next_level() {
  if (current_ > 0) levels_[current_ - 1].clear();
  while (current_ <= highest_) {
    const std::vector<EntityIndex>& level = levels_[current_++];
    if (!level.empty()) return level;
  }
  return {};
}

void Plan::check_invariants() const {
  for (const auto& level : levels_) POLLUX_ASSERT(level.empty(), "every level was run");
}

}  // namespace pollux::actors
