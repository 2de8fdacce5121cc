// A dependency edge between two entities: a change is sent by writing at its one end and read at the other.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/propagation/epoch_times.h"
#include "actors/propagation/timeline.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// Where a dependency edge ends: written by one sender, read by the entity it belongs to after all have
/// reported.
struct InboxSlot {
  // The message. Where the sender got just one version more, `latest` is its value, and `intervals` is null.
  // Otherwise the sender's timeline differs within these of its `intervals` that lie after `changed_from`.
  schema::EventTime changed_from = schema::kNever;  ///< kNever: there is no message.
  schema::Value latest;
  const std::vector<Interval>* intervals = nullptr;

  // The wiring.
  const Timeline* timeline = nullptr;              ///< The sender's; not to be read while the sender runs.
  const schema::Conversion* conversion = nullptr;  ///< Into the input's unit; null where it is the same.
  std::uint32_t target = 0;                        ///< Operand index, or for a many-input its input slot.
  std::uint32_t member = schema::kNone;            ///< Place among a many-input's bindings.

  bool empty() const { return changed_from == schema::kNever; }
};

/// Where a dependency edge begins. It leads straight to the slot, so that sending a change only writes.
struct OutEdge {
  InboxSlot* slot = nullptr;
  schema::EntityIndex consumer = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
};

}  // namespace pollux::actors
