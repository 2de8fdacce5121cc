// What an epoch changed.
#pragma once

#include <memory>
#include <vector>

#include "schema/event.h"
#include "schema/model.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

/// One attribute's value over an interval, as it is now known, and what was believed before.
struct Change {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  bool revision = false;  ///< True where the interval began in a past that was settled with another value.
  schema::EventTime from = 0;
  schema::EventTime to = schema::kNever;  ///< Exclusive; kNever: until further notice.
  schema::Value was;
  schema::Value is;
};

/// Everything one epoch changed, by entity, attribute and time; immutable, shared by all readers.
struct EpochChanges {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  std::vector<Change> changes;
};
using EpochChangesPtr = std::shared_ptr<const EpochChanges>;

}  // namespace pollux::actors
