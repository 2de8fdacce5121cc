#include "actors/propagation/recollection.h"

#include <algorithm>
#include <utility>

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventTime;
using schema::kBeginning;

schema::Duration longest_look_back(const schema::Model& model) {
  schema::Duration longest = 0;
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    for (const schema::Attribute& attribute : model.type_of(entity).attributes)
      longest = std::max(longest, attribute.retain);
  }
  return longest;
}

EventTime recallable_from(const HistoryBounds& bounds, schema::Duration look_back) {
  if (bounds.dropped == 0 && bounds.begun == 0) return kBeginning;
  const EventTime known_since = std::max(bounds.dropped_clock, bounds.begun_clock);
  return schema::after(schema::after(known_since, look_back), 1);
}

bool Recollection::prepare(EntityIndex entity, EventTime from) {
  if (failure_) return false;
  return from >= held_from_ || bring_back_observations(*entities_[entity], from);
}

bool Recollection::follow(Entity& entity) {
  if (failure_) return false;
  const EventTime from = entity.due_from();
  if (from >= held_from_) return true;
  const schema::EntityType& type = entity.type();
  for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
    if (!bring_back(entity, a, schema::before(from, type.attributes[a].retain))) return false;
  }
  for (schema::InputSlot input = 0; input < type.inputs.size(); ++input) {
    for (const schema::Binding& binding : model_.bindings(entity.index(), input)) {
      if (!bring_back(*entities_[binding.producer], binding.attribute, from)) return false;
    }
  }
  return true;
}

/// So that the version in effect just before `from` is there, and all that follow.
bool Recollection::bring_back(Entity& entity, AttributeSlot attribute, EventTime from) {
  const auto held = entity.timeline(attribute).versions();
  const EventTime oldest = held.front().from;
  if (oldest < from || oldest == kBeginning) return true;
  auto older = recall_.versions({entity.index(), attribute}, from, held.front());
  if (!older.ok()) {
    failure_ = std::move(older).error();
    return false;
  }
  entity.keep_for(pinned_, kept_);
  entity.bring_back(attribute, *older);
  touched_.push_back(entity.index());
  return true;
}

bool Recollection::bring_back_observations(Entity& entity, EventTime from) {
  const auto& attributes = entity.type().attributes;
  for (AttributeSlot a = 0; a < attributes.size(); ++a) {
    if (attributes[a].role != schema::Role::observed || entity.oldest_observation(a) < from) continue;
    auto older = recall_.observations({entity.index(), a}, from, entity.oldest_observation(a));
    if (!older.ok()) {
      failure_ = std::move(older).error();
      return false;
    }
    entity.keep_for(pinned_, kept_);
    entity.bring_back(a, older->standing, older->heard);
    touched_.push_back(entity.index());
  }
  return true;
}

}  // namespace pollux::actors
