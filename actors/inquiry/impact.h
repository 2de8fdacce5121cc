// What depends on an entity or on one of its attributes, by the model alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "schema/model/model.h"

namespace pollux::actors {

/// An entity that depends on what was asked about, and which of its attributes do.
struct Affected {
  schema::EntityIndex entity = schema::kNone;
  std::uint32_t level = 0;                        ///< Bindings on the shortest way to it.
  std::vector<schema::AttributeSlot> attributes;  ///< Ascending, without memory; never empty.
  std::vector<schema::AttributeSlot> memory;      ///< Likewise, of memory: what operators and machines keep.
};

/// Everything downstream, through links too. An attribute belongs to it when a value it is computed from
/// does: an input that no expression reads hands nothing on. Where a link leads back, what only the way round
/// affects may be missing of an entity that is in it already.
struct Cone {
  std::vector<Affected> entities;  ///< In evaluation order; the first is the one asked about, on level 0.
  bool truncated = false;          ///< There is more, further on in evaluation order.
};

/// Most entities of a cone.
inline constexpr std::size_t kConeEntitiesMax = 100'000;

/// The cone of one attribute, or of a whole entity (`kNoSlot`). Takes time in proportion to the model's
/// entities and to the bindings of those in the cone.
Cone find_cone(const schema::Model& model, schema::EntityIndex entity, schema::AttributeSlot attribute,
               std::size_t entities_max = kConeEntitiesMax);

}  // namespace pollux::actors
