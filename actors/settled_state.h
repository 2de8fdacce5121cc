// What can be seen of a domain between epochs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "actors/entity.h"
#include "actors/episodes.h"
#include "schema/event.h"
#include "schema/model.h"

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

/// One step of an explanation: a value and what it was made from.
struct Cause {
  schema::EntityIndex entity = schema::kNone;
  AttributeState state;
  std::vector<Cause> inputs;
  bool truncated = false;  ///< There is more below; the depth or size bound was reached.
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
  static constexpr std::size_t kCausesMax = 1'000;

  SettledState(const schema::Model& model, std::span<Entity* const> entities, const Episodes& episodes,
               schema::Position position, schema::EventTime clock)
      : model_(model), entities_(entities), episodes_(episodes), position_(position), clock_(clock) {}

  StateView read(std::span<const schema::EntityIndex> entities) const;
  AttributeState attribute(schema::EntityIndex entity, schema::AttributeSlot attribute) const;

  /// Explains a value by what its expression reads, to `depth` levels and `kCausesMax` steps in all.
  Cause why(schema::EntityIndex entity, schema::AttributeSlot attribute, unsigned depth) const;

  Digest digest() const;

  /// The versions still held of an attribute.
  const Timeline& timeline(schema::EntityIndex entity, schema::AttributeSlot attribute) const {
    return entities_[entity]->timeline(attribute);
  }

  const Episodes& episodes() const { return episodes_; }
  schema::Position position() const { return position_; }
  schema::EventTime clock() const { return clock_; }

 private:
  Cause explain(schema::EntityIndex entity, schema::AttributeSlot attribute, unsigned depth,
                std::size_t& budget) const;

  const schema::Model& model_;
  std::span<Entity* const> entities_;
  const Episodes& episodes_;
  schema::Position position_;
  schema::EventTime clock_;
};

}  // namespace pollux::actors
