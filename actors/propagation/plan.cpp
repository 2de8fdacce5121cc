#include "actors/propagation/plan.h"

#include <algorithm>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;

Plan::Plan(const schema::Model& model)
    : heights_(model.entity_count(), 0), claimed_in_(model.entity_count()) {
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    if (model.is_link(entity)) heights_[entity] = kLink;
  }
  std::uint32_t highest = 0;
  for (const EntityIndex entity : model.topological_order()) {
    const std::uint32_t above = heights_[entity] == kLink ? 1 : heights_[entity] + 1;
    for (const EntityIndex consumer : model.dependents(entity)) {
      if (heights_[consumer] == kLink) continue;
      const std::uint32_t known = POLLUX_PLANTED(height_of_last_producer) ? 0 : heights_[consumer];
      heights_[consumer] = std::max(known, above);
      highest = std::max(highest, heights_[consumer]);
    }
  }
  levels_.resize(highest + 1);
}

void Plan::begin() {
  round_ = 0;
  begin_round();
}

void Plan::begin_round() {
  if (++epoch_ == 0) {
    for (auto& claimed : claimed_in_) claimed.store(0, std::memory_order_relaxed);
    epoch_ = 1;
  }
  current_ = 0;
  highest_ = 0;
}

std::span<const EntityIndex> Plan::next_level() {
  if (running_links_) {
    running_links_ = false;
    level_of_links_.clear();
  } else if (current_ > 0) {
    levels_[current_ - 1].clear();
  }
  while (true) {
    if (current_ == 0 && !links_.empty()) {
      level_of_links_.swap(links_);
      running_links_ = true;
      // They may be reached again, in this very round.
      if (POLLUX_PLANTED(link_reached_again_is_lost)) return level_of_links_;
      for (const EntityIndex link : level_of_links_) claimed_in_[link].store(0, std::memory_order_relaxed);
      return level_of_links_;
    }
    while (current_ <= highest_) {
      const std::vector<EntityIndex>& level = levels_[current_++];
      if (!level.empty()) return level;
    }
    if (links_.empty()) return {};
    ++round_;
    begin_round();
  }
}

void Plan::check_invariants() const {
  for (const auto& level : levels_) POLLUX_ASSERT(level.empty(), "every level was run");
  POLLUX_ASSERT(links_.empty() && level_of_links_.empty(), "every link was run");
}

}  // namespace pollux::actors
