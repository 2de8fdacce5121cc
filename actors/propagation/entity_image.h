// What an entity was at a settled moment, apart from the entity itself.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/propagation/observations.h"
#include "actors/propagation/timeline.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// All that an entity's future follows from, but for its inputs: what it last saw of these is what their
/// producers last were.
struct EntityImage {
  struct Observed {
    std::vector<Observation> standing;  ///< In the total order of events.
    std::vector<Observation> withdrawn;
    std::vector<Heard> heard;  ///< Ascending and disjoint.
  };

  std::vector<Version> versions;    ///< Those of all attributes, one attribute after another.
  std::vector<std::uint32_t> ends;  ///< By attribute: where its versions end.
  std::vector<Observed> observed;   ///< By attribute; empty where the type observes nothing.
  schema::EventTime evaluated_to = schema::kBeginning;
  schema::EventTime timers_to = schema::kBeginning;
  schema::EventTime wake = schema::kNever;

  std::span<const Version> versions_of(schema::AttributeSlot attribute) const {
    const std::size_t begin = attribute == 0 ? 0 : ends[attribute - 1];
    return std::span(versions).subspan(begin, ends[attribute] - begin);
  }
  TimelineView timeline(schema::AttributeSlot attribute) const {
    return TimelineView(versions_of(attribute));
  }
  schema::EventTime observed_at(schema::AttributeSlot attribute) const {
    const auto& standing = observed[attribute].standing;
    return standing.empty() ? schema::kBeginning : standing.back().time;
  }
  /// Memory held, in bytes.
  std::size_t bytes() const;
};

using EntityImagePtr = std::shared_ptr<const EntityImage>;

/// A pin's number: they ascend and are never used twice. 0: none.
using PinNumber = std::uint32_t;

/// An entity as it was until just now, kept for pins.
struct KeptImage {
  schema::EntityIndex entity = schema::kNone;
  PinNumber since = 0;  ///< The oldest pin at which the entity was like this.
  EntityImagePtr image;
};

}  // namespace pollux::actors
