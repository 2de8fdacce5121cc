#include "actors/inquiry/impact.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace pollux::actors {

using schema::AttributeSlot;
using schema::Binding;
using schema::EntityIndex;
using schema::EntityType;
using schema::InputSlot;
using schema::kNoSlot;
using schema::Model;
using schema::Role;
using schema::Step;

namespace {

/// Visits entities in evaluation order, so that of each one all producers in the cone are known before.
class Search {
 public:
  explicit Search(const Model& model) : model_(model), rank_(model.entity_count()) {
    std::uint32_t next = 0;
    for (const EntityIndex entity : model.topological_order()) rank_[entity] = next++;
  }

  Cone run(EntityIndex entity, AttributeSlot attribute, std::size_t entities_max) {
    entities_max_ = entities_max;
    start(entity, attribute);
    while (!waiting_.empty() && !cone_.truncated) {
      const EntityIndex next = model_.topological_order()[waiting_.top()];
      waiting_.pop();
      if (places_.contains(next)) continue;  // several ways lead to it, or a circle through a link
      visit(next);
    }
    return std::move(cone_);
  }

 private:
  void start(EntityIndex entity, AttributeSlot attribute) {
    const EntityType& type = model_.type_of(entity);
    differs_.assign(type.operand_count, false);
    for (AttributeSlot a = 0; a < type.attributes.size(); ++a)
      differs_[a] = attribute == kNoSlot || a == attribute;
    add(entity, 0);
  }

  void visit(EntityIndex entity) {
    const EntityType& type = model_.type_of(entity);
    differs_.assign(type.operand_count, false);
    std::uint32_t nearest = schema::kNone;
    for (InputSlot input = 0; input < type.inputs.size(); ++input) {
      for (const Binding& binding : model_.bindings(entity, input)) {
        const Affected* producer = affected(binding);
        if (producer == nullptr) continue;
        nearest = std::min(nearest, producer->level);
        mark_input(type, input);
      }
    }
    if (nearest != schema::kNone) add(entity, nearest + 1);
  }

  /// The producer where what is bound differs, else null.
  const Affected* affected(const Binding& binding) const {
    const auto place = places_.find(binding.producer);
    if (place == places_.end()) return nullptr;
    const Affected& producer = cone_.entities[place->second];
    const bool differs = std::ranges::binary_search(producer.attributes, binding.attribute) ||
                         std::ranges::binary_search(producer.memory, binding.attribute);
    return differs ? &producer : nullptr;
  }

  void mark_input(const EntityType& type, InputSlot input) {
    if (!type.inputs[input].many) differs_[type.inputs[input].operand] = true;
    for (const schema::AggregateUse& use : type.aggregates) {
      if (use.input == input) differs_[use.operand] = true;
    }
  }

  void add(EntityIndex entity, std::uint32_t level) {
    const EntityType& type = model_.type_of(entity);
    for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
      const AttributeSlot reported = type.attributes[a].reported;
      if (reported != kNoSlot && differs_[reported]) differs_[a] = true;
    }
    for (const Step& step : type.steps) {
      if (std::ranges::none_of(step.reads, [&](std::uint16_t operand) { return differs_[operand]; }))
        continue;
      for (std::uint16_t i = 0; i < step.width; ++i) differs_[step.target + i] = true;
    }
    Affected found{entity, level, {}, {}};
    for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
      if (differs_[a])
        (type.attributes[a].role == Role::memory ? found.memory : found.attributes).push_back(a);
    }
    if (found.attributes.empty()) return;
    if (cone_.entities.size() == entities_max_) {
      cone_.truncated = true;
      return;
    }
    places_.emplace(entity, static_cast<std::uint32_t>(cone_.entities.size()));
    cone_.entities.push_back(std::move(found));
    for (const EntityIndex consumer : model_.dependents(entity)) waiting_.push(rank_[consumer]);
  }

  const Model& model_;
  std::vector<std::uint32_t> rank_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> waiting_;
  tsl::robin_map<EntityIndex, std::uint32_t> places_;  // in the cone
  std::vector<bool> differs_;                          // by operand of the entity at hand
  std::size_t entities_max_ = 0;
  Cone cone_;
};

}  // namespace

Cone find_cone(const Model& model, EntityIndex entity, AttributeSlot attribute, std::size_t entities_max) {
  return Search(model).run(entity, attribute, entities_max);
}

}  // namespace pollux::actors
