#include "actors/wave.h"

#include <caf/execution_unit.hpp>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Event;
using schema::EventBatch;

caf::resumable::resume_result EntityStep::resume(caf::execution_unit* worker, std::size_t) {
  wave_->step(*entity_, *worker);
  return done;
}

Wave::Wave(const schema::Model& model, std::vector<Entity*> entities, std::function<void()> on_settled)
    : model_(model),
      entities_(std::move(entities)),
      on_settled_(std::move(on_settled)),
      steps_(entities_.size()),
      plan_(model),
      first_event_(entities_.size(), kNoEvent) {
  for (std::size_t i = 0; i < entities_.size(); ++i) steps_[i].bind(this, entities_[i]);
}

bool Wave::start(const EventBatch& events, const std::vector<std::uint64_t>& id_hashes,
                 const std::vector<EntityIndex>& woken, const EpochTimes& times,
                 caf::execution_unit& worker) {
  events_ = &events;
  id_hashes_ = &id_hashes;
  times_ = times;
  plan_.begin();
  next_event_.resize(events.events.size());
  for (std::uint32_t i = 0; i < events.events.size(); ++i) {
    const EntityIndex entity = events.events[i].entity;
    plan_.add_source(entity);
    next_event_[i] = std::exchange(first_event_[entity], i);
  }
  for (const EntityIndex entity : woken) plan_.add_source(entity);
  plan_.complete();
  if (plan_.cone().empty()) return false;
  sinks_left_.store(plan_.sinks(), std::memory_order_relaxed);
  for (const EntityIndex entity : plan_.ready()) worker.exec_later(&steps_[entity]);
  return true;
}

void Wave::step(Entity& entity, caf::execution_unit& worker) {
  observe_events(entity);
  entity.run(times_, workspaces_.local());
  // An entity that did not change reports all the same: its dependents must not wait for it.
  const auto dependents = model_.dependents(entity.index());
  for (const EntityIndex consumer : dependents) {
    if (plan_.report(consumer)) worker.exec_later(&steps_[consumer]);
  }
  if (dependents.empty() && sinks_left_.fetch_sub(1, std::memory_order_acq_rel) == 1) on_settled_();
}

void Wave::observe_events(Entity& entity) {
  for (std::uint32_t i = std::exchange(first_event_[entity.index()], kNoEvent); i != kNoEvent;
       i = next_event_[i]) {
    const Event& event = events_->events[i];
    for (const schema::ReportedValue& reported : events_->values_of(event)) {
      entity.observe(reported.attribute,
                     {event.time, event.sequence, (*id_hashes_)[i], event.source, reported.value}, times_);
    }
  }
}

void Wave::collect(const std::function<void(Workspace&)>& visit) {
  for (Workspace& workspace : workspaces_) {
    visit(workspace);
    workspace.changes.clear();
    workspace.statuses.clear();
    workspace.revisions = 0;
    workspace.wakes.clear();
    workspace.evaluated = 0;
    workspace.failed = 0;
  }
}

void Wave::check_invariants() const {
  plan_.check_invariants();
  for (const EntityIndex entity : plan_.cone()) {
    entities_[entity]->check_invariants();
    POLLUX_ASSERT(first_event_[entity] == kNoEvent, "every event of the epoch was taken in");
  }
}

}  // namespace pollux::actors
