// What a domain consists of between two epochs, lent by its supervisor.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "actors/episodes.h"
#include "actors/propagation/entity.h"
#include "actors/propagation/pins.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/source_book.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// All that the future of a domain follows from, apart from its model and its journal.
struct DomainParts {
  const schema::Model& model;
  std::span<Entity* const> entities;
  Admission& admission;
  Episodes& episodes;
  SourceBook& sources;
  Pins& pins;
  schema::Position position = 0;  ///< Of the newest settled epoch.
  schema::EventTime clock = schema::kBeginning;
  /// What came about before is not all in memory: of entities, nor of identities.
  schema::EventTime held_from = schema::kBeginning;
  /// False once an epoch was taken in that the journal could not keep: admission knows of it for ever.
  bool consistent = true;
};

/// Runs on the supervisor's thread between two epochs; the twin stands still meanwhile.
using PartsUser = std::shared_ptr<const std::function<void(DomainParts&)>>;

}  // namespace pollux::actors
