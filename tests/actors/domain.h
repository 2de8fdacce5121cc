// A domain without actors and threads: entities run one after another in evaluation order.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/episodes.h"
#include "actors/propagation/entity.h"
#include "actors/settled_state.h"
#include "tests/actors/model_samples.h"

namespace pollux::actors::samples {

/// One value reported for `ENTITY.ATTRIBUTE`.
struct Said {
  std::string_view name;
  schema::EventTime time = 0;
  schema::Value value;
};
inline Said said(std::string_view name, schema::EventTime time, double value) {
  return {name, time, schema::Value::number(value)};
}

class Domain {
 public:
  explicit Domain(std::string_view yaml)
      : model_(load(yaml)), entities_(model_->entity_count()), workspace_(*model_) {
    std::vector<std::uint32_t> edges(model_->entity_count(), 0);
    for_each_binding([&](const schema::Binding& binding) { ++edges[binding.producer]; });
    for (schema::EntityIndex e = 0; e < entities_.size(); ++e) {
      owned_.push_back(Entity::create(*model_, e, edges[e]));
      entities_[e] = owned_.back().get();
    }
    for (const schema::EntityIndex e : model_->topological_order()) {
      entities_[e]->connect(*model_, entities_);
      entities_[e]->initialise();
      const auto& rule = model_->type_of(e).constraint;
      if (rule) episodes_.initialise(e, entities_[e]->timeline(rule->status).last().value.as_symbol());
    }
  }

  /// Runs an epoch in which all this is said and the clock comes to stand at `clock`, or at the newest time.
  /// What lies before `horizon` may be forgotten.
  void epoch(const std::vector<Said>& all, schema::EventTime clock = schema::kBeginning,
             schema::EventTime horizon = schema::kBeginning) {
    EpochTimes times{clock_, std::max(clock, clock_), horizon};
    for (const Said& one : all) times.clock = std::max(times.clock, one.time);
    for (const Said& one : all) {
      const Place place = find(*model_, one.name);
      entities_[place.entity]->observe(place.attribute, {one.time, ++observed_, 0, 0, one.value}, times);
    }
    clock_ = times.clock;
    ++position_;
    workspace_.changes.clear();
    workspace_.statuses.clear();
    changed_.clear();
    for (const schema::EntityIndex e : model_->topological_order()) {
      if (entities_[e]->run(times, workspace_)) changed_.push_back(model_->id(e));
      entities_[e]->check_invariants();
    }
    for (const Change& change : workspace_.statuses) episodes_.apply(change);
    episodes_.check_invariants();
  }

  schema::Value value(std::string_view name) const { return timeline(name).last().value; }
  const Timeline& timeline(std::string_view name) const {
    const Place place = find(*model_, name);
    return entities_[place.entity]->timeline(place.attribute);
  }
  /// The status a constraint had at a time, as text.
  std::string status(std::string_view constraint, schema::EventTime time) const {
    return std::string(
        model_->symbol_text(timeline(std::string(constraint) + ".status").at(time).as_symbol()));
  }
  std::vector<Episode> episodes() const {
    return episodes_.find(schema::kNone, schema::kBeginning, schema::kNever, 1'000'000);
  }
  schema::EventTime wake(std::string_view id) const { return entities_[model_->find_entity(id)]->wake(); }
  /// What the newest epoch changed, and the entities that handed something on, in evaluation order.
  const std::vector<Change>& changes() const { return workspace_.changes; }
  const std::vector<std::string>& changed() const { return changed_; }

  const schema::Model& model() const { return *model_; }
  SettledState state() const { return {*model_, entities_, episodes_, position_, clock_}; }

 private:
  template <class Visit>
  void for_each_binding(Visit visit) const {
    for (schema::EntityIndex e = 0; e < model_->entity_count(); ++e) {
      for (schema::InputSlot input = 0; input < model_->type_of(e).inputs.size(); ++input) {
        for (const schema::Binding& binding : model_->bindings(e, input)) visit(binding);
      }
    }
  }

  const std::shared_ptr<const schema::Model> model_;
  std::vector<EntityPtr> owned_;
  std::vector<Entity*> entities_;
  Episodes episodes_;
  Workspace workspace_;
  std::vector<std::string> changed_;
  schema::EventTime clock_ = schema::kBeginning;
  schema::Position position_ = 0;
  std::uint64_t observed_ = 0;
};

}  // namespace pollux::actors::samples
