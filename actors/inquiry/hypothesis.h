// What would be different now if an attribute had another value. Computed on a copy of present values; the
// twin does not notice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actors/history/history.h"
#include "actors/inquiry/impact.h"
#include "actors/settled_state.h"
#include "schema/model/model.h"
#include "schema/value.h"

namespace pollux::actors {

/// The present values that the cone of a hypothesis is computed from, as far as there is room for them.
struct PresentValues {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  std::size_t entities = 0;               ///< Of the cone, from its beginning: whose values are here.
  std::vector<schema::Value> attributes;  ///< Theirs, one after another.
  std::vector<schema::Value> bound;       ///< What their inputs are bound to, as far as it matters.
};

/// Most values copied: the twin stands still meanwhile, some ten milliseconds.
inline constexpr std::size_t kPresentValuesMax = 200'000;

/// Of which attributes these are: the cone's own, and those that its inputs are bound to.
struct NeededValues {
  std::size_t entities = 0;
  std::vector<Series> attributes;
  std::vector<Series> bound;
};
NeededValues needed_values(const schema::Model& model, const Cone& cone,
                           std::size_t values_max = kPresentValuesMax);

/// For a query between two epochs.
PresentValues copy_present(const schema::Model& model, const Cone& cone, const SettledState& state,
                           std::size_t values_max = kPresentValuesMax);

/// An attribute that would have another value.
struct WouldChange {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  std::uint32_t level = 0;
  schema::Value was;
  schema::Value would_be;
};

/// What would become of what a constraint demands, were it to stay so for long enough.
enum class Effect : std::uint8_t { would_break, would_be_satisfied, would_be_unknown };
const char* name_of(Effect effect);

/// A constraint whose requirement would be met, or not, or be unknown, other than at present. Its `for` is
/// not waited for.
struct ConstraintEffect {
  schema::EntityIndex constraint = schema::kNone;
  std::uint32_t level = 0;
  schema::Value status;  ///< The present one.
  Effect effect = Effect::would_break;
};

/// An attribute of the cone that was left as it is: it follows from what went before, through an operator
/// that looks back or a state machine, so what it would be cannot be told from present values alone. What
/// other entities make of it is computed from it as it is.
struct HeldAttribute {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
};

struct Hypothetical {
  schema::Value was;                          ///< Of the attribute supposed to differ.
  std::vector<WouldChange> changes;           ///< By level, then in evaluation order; not the one supposed.
  std::vector<ConstraintEffect> constraints;  ///< Likewise.
  std::vector<HeldAttribute> held;
  std::size_t evaluated = 0;  ///< Entities.
  bool truncated = false;     ///< There is more downstream than was computed; what was computed is right.
};

/// `cone` is that of the attribute.
Hypothetical suppose(const schema::Model& model, const Cone& cone, const PresentValues& present,
                     schema::AttributeSlot attribute, const schema::Value& value);

}  // namespace pollux::actors
