#include "actors/propagation/wave.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/make_counted.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Event;
using schema::EventBatch;

namespace {

bool is_passed_over(schema::AttributeSlot attribute, schema::EventTime time, const Workspace& workspace) {
  return std::ranges::any_of(workspace.sampled, [&](const Workspace::Sampled& sampled) {
    return sampled.attribute == attribute && sampled.before < time && time < sampled.latest;
  });
}

}  // namespace

caf::resumable::resume_result Wave::Portion::resume(caf::execution_unit*, std::size_t) {
  wave->run(entities, wave->workspaces_.local());
  wave->finish_portion();
  return done;
}

Wave::Wave(const schema::Model& model, caf::actor_system& system, std::vector<Entity*> entities,
           std::size_t portion_entities, std::function<void()> on_settled)
    : system_(system),
      entities_(std::move(entities)),
      portion_entities_(portion_entities),
      on_settled_(std::move(on_settled)),
      plan_(model),
      first_event_(entities_.size(), kNoEvent),
      workspaces_([&model] { return Workspace(model); }) {}

bool Wave::start(const EventBatch& events, const std::vector<EntityIndex>& woken, const EpochTimes& times,
                 Recollection* recollection) {
  times_ = times;
  recollection_ = recollection;
  plan_.begin();
  round_ = 0;
  reaches_back_ = false;
  file(events);
  for (const EntityIndex entity : woken) {
    if (plan_.claim(entity)) plan_.add(entity);
  }
  return run_levels();
}

/// Gives each entity the list of its events.
void Wave::file(const EventBatch& events) {
  events_ = &events;
  next_event_.resize(events.events.size());
  for (std::uint32_t i = 0; i < events.events.size(); ++i) {
    const EntityIndex entity = events.events[i].entity;
    if (entity == schema::kNone) continue;  // replayed, and the model no longer has it
    next_event_[i] = std::exchange(first_event_[entity], i);
    if (plan_.claim(entity)) plan_.add(entity);
  }
}

inline void Wave::fetch_due(const Entity& entity) const {
  entity.fetch_ends();
  if (reaches_back_) entity.fetch_past();
}

/// Before the entity at `i` runs: asks for the memory of those some places further on; before the first one,
/// of those that come at once, too.
[[gnu::always_inline]] inline void Wave::fetch_ahead(std::span<const EntityIndex> level,
                                                     std::size_t i) const {
  const std::size_t soon = i + kFetchedAhead;
  const std::size_t later = i + kFetchedAhead * 3 / 2;
  const std::size_t last = i + kFetchedAhead * 2;
  if (i == 0) {
    for (std::size_t k = 0; k < std::min(kFetchedAhead, level.size()); ++k) fetch_due(*entities_[level[k]]);
  }
  if (last < level.size()) entities_[level[last]]->fetch();
  if (reaches_back_ && later < level.size()) entities_[level[later]]->fetch_directories();
  if (soon < level.size()) fetch_due(*entities_[level[soon]]);
}

[[gnu::always_inline]] inline void Wave::run(Entity& entity, Workspace& workspace) {
  entity.keep_for(times_.pinned, workspace.kept);
  if (first_event_[entity.index()] != kNoEvent) observe_events(entity, workspace);
  if (recollection_ != nullptr && !recollection_->follow(entity)) return;
  entity.run(times_, workspace);
}

/// Runs level after level on this thread, until one is worth sharing. True when none is left.
bool Wave::run_levels() {
  Workspace& workspace = workspaces_.local();
  while (true) {
    const auto level = plan_.next_level();
    if (level.empty()) return true;
    if (plan_.round() != round_) keep_changes();
    const bool worth_it = level.size() >= 2 * portion_entities_ && recollection_ == nullptr;
    if (worth_it && system_.scheduler().num_workers() > 1) {
      share(level);
      return false;
    }
    for (std::size_t i = 0; i < level.size(); ++i) {
      fetch_ahead(level, i);
      run(*entities_[level[i]], workspace);
      for (const EntityIndex consumer : workspace.reached) {
        if (plan_.claim(consumer)) plan_.add(consumer);
      }
      workspace.reached.clear();
    }
    reaches_back_ |= std::exchange(workspace.reaches_back, false);
  }
}

/// An entity may run on another thread in the next round, but its changes are told in their order.
void Wave::keep_changes() {
  round_ = plan_.round();
  for (Workspace& workspace : workspaces_) {
    const auto append = [](auto& to, auto& from) {
      to.insert(to.end(), from.begin(), from.end());
      from.clear();
    };
    append(earlier_.changes, workspace.changes);
    append(earlier_.statuses, workspace.statuses);
    append(earlier_.background.memory, workspace.background.memory);
    append(earlier_.background.words, workspace.background.words);
  }
}

void Wave::share(std::span<const EntityIndex> level) {
  const std::size_t count = (level.size() + portion_entities_ - 1) / portion_entities_;
  while (portions_.size() < count) portions_.push_back(caf::make_counted<Portion>());
  portions_left_.store(count, std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = i * portion_entities_;
    portions_[i]->wave = this;
    portions_[i]->entities = level.subspan(first, std::min(portion_entities_, level.size() - first));
  }
  for (std::size_t i = 0; i < count; ++i) {
    portions_[i]->ref();
    system_.scheduler().enqueue(portions_[i].get());
  }
}

/// What is reached stays with the worker until the level is done, claimed so that nobody else adds it.
void Wave::run(std::span<const EntityIndex> entities, Workspace& workspace) {
  for (std::size_t i = 0; i < entities.size(); ++i) {
    fetch_ahead(entities, i);
    const std::size_t known = workspace.reached.size();
    run(*entities_[entities[i]], workspace);
    auto kept = workspace.reached.begin() + static_cast<std::ptrdiff_t>(known);
    kept =
        std::remove_if(kept, workspace.reached.end(), [&](EntityIndex e) { return !plan_.claim_shared(e); });
    workspace.reached.erase(kept, workspace.reached.end());
  }
}

/// Whoever finishes a level's last portion goes on with the next level.
void Wave::finish_portion() {
  if (portions_left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  for (Workspace& workspace : workspaces_) {
    if (POLLUX_PLANTED(reached_entity_is_lost) && !workspace.reached.empty()) workspace.reached.pop_back();
    for (const EntityIndex entity : workspace.reached) plan_.add(entity);
    workspace.reached.clear();
    reaches_back_ |= std::exchange(workspace.reaches_back, false);
  }
  if (run_levels()) on_settled_();
}

void Wave::observe_events(Entity& entity, Workspace& workspace) {
  std::uint32_t i = std::exchange(first_event_[entity.index()], kNoEvent);
  workspace.sampled.clear();
  std::vector<Word>& told = workspace.background.words;
  if (entity.type().samples) look_ahead(entity, i, workspace);
  for (; i != kNoEvent; i = next_event_[i]) {
    const Event& event = events_->events[i];
    for (const schema::ReportedValue& reported : events_->values_of(event)) {
      if (is_passed_over(reported.attribute, event.time, workspace)) {
        ++workspace.passed_over;
        continue;
      }
      const Observation observation{event.time, event.sequence, events_->keys[i].low, event.source,
                                    reported.value};
      entity.observe(reported.attribute, observation, times_);
      if (times_.remember)
        told.push_back({entity.index(), reported.attribute, Word::What::stands, observation});
    }
  }
  for (const Workspace::Sampled& sampled : workspace.sampled) {
    if (sampled.first >= sampled.latest) continue;
    entity.hear(sampled.attribute, sampled.first, sampled.latest, times_);
    if (!times_.remember) continue;
    told.push_back({entity.index(), sampled.attribute, Word::What::heard, {}, sampled.latest});
    told.back().observation.time = sampled.first;
  }
}

/// Finds what the epoch, from its event `i` on, says that is newer than all an entity was told before.
void Wave::look_ahead(const Entity& entity, std::uint32_t i, Workspace& workspace) const {
  for (; i != kNoEvent; i = next_event_[i]) {
    const Event& event = events_->events[i];
    for (const schema::ReportedValue& reported : events_->values_of(event)) {
      if (!entity.type().attributes[reported.attribute].sample_latest) continue;
      auto known = std::ranges::find(workspace.sampled, reported.attribute, &Workspace::Sampled::attribute);
      if (known == workspace.sampled.end()) {
        const schema::EventTime before = entity.observed_at(reported.attribute);
        known = workspace.sampled.insert(known, {reported.attribute, before, schema::kNever, before});
      }
      if (event.time <= known->before) continue;
      known->first = std::min(known->first, event.time);
      known->latest = std::max(known->latest, event.time);
    }
  }
}

void Wave::collect(const std::function<void(Workspace&)>& visit) {
  const auto take = [&](Workspace& workspace) {
    visit(workspace);
    workspace.changes.clear();
    workspace.statuses.clear();
    workspace.wakes.clear();
    workspace.kept.clear();
    workspace.background.memory.clear();
    workspace.background.words.clear();
    workspace.evaluated = 0;
    workspace.failed = 0;
    workspace.revisions = 0;
    workspace.passed_over = 0;
  };
  if (!earlier_.changes.empty() || !earlier_.background.empty()) take(earlier_);
  for (Workspace& workspace : workspaces_) take(workspace);
}

void Wave::check_invariants() const {
  plan_.check_invariants();
  for (const Entity* entity : entities_) {
    entity->check_invariants();
    POLLUX_ASSERT(first_event_[entity->index()] == kNoEvent, "every event of the epoch was taken in");
  }
}

}  // namespace pollux::actors
