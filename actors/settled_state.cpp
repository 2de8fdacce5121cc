#include "actors/settled_state.h"

#include "actors/snapshot/state_digest.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Role;

AttributeState SettledState::attribute(EntityIndex entity, AttributeSlot attribute) const {
  const Version& version = timeline(entity, attribute).last();
  if (model_.type_of(entity).attributes[attribute].role != Role::observed)
    return {attribute, version.value, version.from};
  const EntityImage* image = kept(entity);
  return {attribute, version.value,
          image == nullptr ? entities_[entity]->observed_at(attribute) : image->observed_at(attribute)};
}

StateView SettledState::read(std::span<const EntityIndex> entities) const {
  StateView view{position_, clock_, {}};
  view.entities.reserve(entities.size());
  for (const EntityIndex entity : entities) {
    EntityState state{entity, {}};
    const auto& attributes = model_.type_of(entity).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      if (attributes[a].role != Role::memory) state.attributes.push_back(attribute(entity, a));
    }
    view.entities.push_back(std::move(state));
  }
  return view;
}

const Episodes& SettledState::episodes() const {
  if (pins_ == nullptr) return episodes_;
  if (!pinned_episodes_) pinned_episodes_ = pins_->episodes(pin_, episodes_);
  return *pinned_episodes_;
}

bool SettledState::stands(const schema::EventKey& key) const {
  return admission_ == nullptr || admission_->stands(key);
}

Digest SettledState::digest() const {
  StateDigest sum;
  for (EntityIndex entity = 0; entity < entities_.size(); ++entity) {
    const auto attributes = static_cast<AttributeSlot>(model_.type_of(entity).attributes.size());
    for (AttributeSlot a = 0; a < attributes; ++a)
      sum.add(model_, entity, a, timeline(entity, a).last(), attribute(entity, a).time);
  }
  return {position_, clock_, sum.hex()};
}

}  // namespace pollux::actors
