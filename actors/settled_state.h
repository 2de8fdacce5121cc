// What can be seen of a domain between epochs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/episodes.h"
#include "actors/propagation/entity.h"
#include "actors/propagation/pins.h"
#include "actors/supervision/admission.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// One attribute as settled.
struct AttributeState {
  schema::AttributeSlot attribute = schema::kNoSlot;
  schema::Value value;
  schema::EventTime time =
      schema::kBeginning;  ///< Observed: of the newest observation. Otherwise: since when it holds.
};

/// One entity as settled, without its memory attributes.
struct EntityState {
  schema::EntityIndex entity = schema::kNone;
  std::vector<AttributeState> attributes;
};

/// Entities read at one settled epoch.
struct StateView {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  std::vector<EntityState> entities;
};

/// A hash of all settled state: a function of the set of accepted events and the clock, not of how they
/// arrived.
struct Digest {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  std::string hex;  ///< 128 bits, lower-case.
};

/// Read access to a domain at a settled epoch. Valid, and used, only on the supervisor's thread between two
/// epochs.
class SettledState {
 public:
  /// `admission` (may be null: then every event stands) knows what has been corrected and retracted.
  SettledState(const schema::Model& model, std::span<Entity* const> entities, const Episodes& episodes,
               schema::Position position, schema::EventTime clock, const Admission* admission = nullptr)
      : model_(model),
        entities_(entities),
        episodes_(episodes),
        position_(position),
        clock_(clock),
        admission_(admission) {}

  /// The state at a pin that is held; every event stands in it.
  SettledState(const SettledState& now, const Pins& pins, PinNumber pin)
      : model_(now.model_),
        entities_(now.entities_),
        episodes_(now.episodes_),
        position_(pins.position(pin)),
        clock_(pins.clock(pin)),
        admission_(nullptr),
        pins_(&pins),
        pin_(pin) {}

  StateView read(std::span<const schema::EntityIndex> entities) const;
  AttributeState attribute(schema::EntityIndex entity, schema::AttributeSlot attribute) const;

  Digest digest() const;

  /// Whether what an accepted event said counts, as far as events that may still be revised are concerned; of
  /// one that has arrived since, this may already know that it takes another's place.
  bool stands(const schema::EventKey& key) const;

  /// The versions still held of an attribute.
  TimelineView timeline(schema::EntityIndex entity, schema::AttributeSlot attribute) const {
    const EntityImage* image = kept(entity);
    return image == nullptr ? TimelineView(entities_[entity]->timeline(attribute).versions())
                            : image->timeline(attribute);
  }
  /// All that an entity's future follows from.
  EntityImage image(schema::EntityIndex entity) const {
    const EntityImage* image = kept(entity);
    return image == nullptr ? entities_[entity]->image() : *image;
  }

  /// What an observed attribute has been told and still holds, in order. Not of a pin.
  std::span<const Observation> observations(schema::EntityIndex entity,
                                            schema::AttributeSlot attribute) const {
    return entities_[entity]->observations(attribute);
  }

  /// Of a pin, a copy that is made when first asked for.
  const Episodes& episodes() const;
  schema::Position position() const { return position_; }
  schema::EventTime clock() const { return clock_; }

 private:
  const EntityImage* kept(schema::EntityIndex entity) const {
    return pins_ == nullptr ? nullptr : pins_->find(pin_, entity);
  }

  const schema::Model& model_;
  std::span<Entity* const> entities_;
  const Episodes& episodes_;
  schema::Position position_;
  schema::EventTime clock_;
  const Admission* admission_;
  const Pins* pins_ = nullptr;
  PinNumber pin_ = 0;
  mutable std::optional<Episodes> pinned_episodes_;
};

}  // namespace pollux::actors
