// Brings back, for one epoch, the past that memory has dropped and a late event reaches back to.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "actors/history/recall.h"
#include "actors/propagation/entity.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// How much further back than an event reaches an entity may have to look for what follows from it.
schema::Duration longest_look_back(const schema::Model& model);

/// From where on a history tells all that may be asked of what memory has dropped: of what lies before where
/// it was made anew, or what retention took, it knows nothing. `look_back`: see `longest_look_back`.
schema::EventTime recallable_from(const HistoryBounds& bounds, schema::Duration look_back);

/// Entities run as if memory had never dropped what this epoch reaches back to: before one runs, what it and
/// those it reads were since then is put back into memory; after the epoch it is dropped again. The history
/// has it, as it was known before the epoch. On one thread.
class Recollection {
 public:
  /// `known`: the position settled before the epoch; the history holds it. `held_from`: what came about since
  /// then is in memory, of every entity.
  Recollection(const schema::Model& model, std::span<Entity* const> entities, const History& history,
               schema::Position known, schema::EventTime held_from, PinNumber pinned)
      : model_(model), entities_(entities), recall_(history, known), held_from_(held_from), pinned_(pinned) {}

  /// For an entity of which an event or a revision of this epoch speaks, before it is told. False where the
  /// history cannot be read; then, and from then on, everything is.
  [[nodiscard]] bool prepare(schema::EntityIndex entity, schema::EventTime from);

  /// For an entity that is to run next.
  [[nodiscard]] bool follow(Entity& entity);

  /// Why it could not go on.
  const std::optional<schema::Error>& failure() const { return failure_; }

  /// After the epoch: whose past was brought back, some of them several times.
  std::span<const schema::EntityIndex> entities() const { return touched_; }
  /// Those of them that no one had kept for the newest pin, as they were before.
  std::vector<KeptImage>& kept() { return kept_; }

 private:
  bool bring_back(Entity& entity, schema::AttributeSlot attribute, schema::EventTime from);
  bool bring_back_observations(Entity& entity, schema::EventTime from);

  const schema::Model& model_;
  const std::span<Entity* const> entities_;
  const Recall recall_;
  const schema::EventTime held_from_;
  const PinNumber pinned_;
  std::vector<schema::EntityIndex> touched_;
  std::vector<KeptImage> kept_;
  std::optional<schema::Error> failure_;
};

}  // namespace pollux::actors
