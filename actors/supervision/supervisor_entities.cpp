// How a supervisor makes its entities and keeps an actor for each of them.
#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <utility>

#include "actors/propagation/entity_actor.h"
#include "actors/propagation/planted_bugs.h"
#include "actors/supervision/supervisor.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Model;

/// In evaluation order, so that the entities a wave visits one after another lie one after another in memory.
void Supervisor::create_entities() {
  const Model& model = context_.model;
  std::vector<std::uint32_t> edges(model.entity_count(), 0);
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    for (schema::InputSlot input = 0; input < model.type_of(entity).inputs.size(); ++input) {
      for (const schema::Binding& binding : model.bindings(entity, input)) ++edges[binding.producer];
    }
  }
  std::vector<EntityPtr> created(model.entity_count());
  entities_.resize(model.entity_count());
  for (const EntityIndex entity : model.topological_order()) {
    created[entity] = Entity::create(model, entity, edges[entity]);
    entities_[entity] = created[entity].get();
  }
  for (const EntityIndex entity : model.topological_order()) {
    entities_[entity]->connect(model, entities_);
    entities_[entity]->initialise();
  }
  // Links come before what they are bound to; with that there, they know what was never sent.
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    if (model.is_link(entity)) entities_[entity]->initialise();
  }
  actors_.reserve(created.size());
  for (EntityPtr& entity : created) {
    actors_.push_back(spawn_entity(std::move(entity)));
  }
  context_.probe.entities.set(static_cast<std::int64_t>(actors_.size()));
  count_initial_statuses();
}

caf::actor Supervisor::spawn_entity(EntityPtr entity) {
  return home_system().spawn<EntityActor, caf::lazy_init>(std::move(entity), address());
}

/// The dead actor's messages are lost, the entity's state is not: no message touches it, only waves do, and
/// these go on meanwhile.
void Supervisor::restart(EntityPtr orphan) {
  const EntityIndex entity = orphan->index();
  if (POLLUX_PLANTED(dead_actor_is_not_replaced)) return static_cast<void>(orphan.release());
  actors_[entity] = spawn_entity(std::move(orphan));
  caf::logger::set_current_actor_system(nullptr);  // see Twin::Implementation::spawn_supervisor
  context_.probe.actors_restarted.add();
  if (!context_.warn) return;
  context_.warn("the actor of entity " + std::string(context_.model.id(entity)) +
                " died and was restarted with the entity's state as it was; nothing was lost");
}

void Supervisor::count_initial_statuses() {
  context_.probe.unknown_constraints.set(0);
  for (EntityIndex entity = 0; entity < entities_.size(); ++entity) {
    const auto& rule = context_.model.type_of(entity).constraint;
    if (!rule) continue;
    const schema::Value status = entities_[entity]->timeline(rule->status).last().value;
    episodes_.initialise(entity, status.as_symbol());
    context_.probe.unknown_constraints.add(status.as_symbol() == Model::kUnknown);
  }
  context_.probe.violated_constraints.set(static_cast<std::int64_t>(episodes_.open()));
}

void Supervisor::count_status(const Change& change) {
  pins_.keep(change.entity, episodes_);
  episodes_.apply(change);
  if (change.to != schema::kNever) return;
  context_.probe.unknown_constraints.add((change.is.as_symbol() == Model::kUnknown) -
                                         (change.was.as_symbol() == Model::kUnknown));
}

}  // namespace pollux::actors
