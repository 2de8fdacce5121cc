// A machine of states: which one an entity is in, what takes it to the next, what it notes on entering.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "schema/expression/program.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// Taken when all of its conditions hold. Where several could be, the first in the model file is.
struct Transition {
  std::vector<Symbol> from;  ///< Empty: from any state but `to`.
  Symbol to = 0;
  std::optional<std::uint16_t> on;  ///< The operand that tells when an observed attribute was last reported.
  Program when;                     ///< Empty: always. Where it is not known to be true, it is not.
  std::optional<Duration> after;    ///< At least so long in the state.
};

/// Sets a variable on entering a state, from the values just before.
struct EntryAction {
  std::uint16_t variable = 0;  ///< Its operand.
  Program value;
};

/// Its operands are laid out one after another: the state, since when it has been in it (the bits are an
/// EventTime), then its variables.
struct StateMachine {
  std::vector<Symbol> states;                   ///< The first one is where it begins.
  std::vector<std::vector<EntryAction>> entry;  ///< By index of the state.
  std::vector<Transition> transitions;
  std::uint16_t variables = 0;  ///< How many.
  std::vector<Value> initial;   ///< Of the variables.

  /// Takes every transition that is due at `at`, one after another. In one moment no state is entered twice,
  /// so a circle of transitions ends. `operands`: those of the entity; `own`: where the machine's begin. At
  /// `kBeginning` it is set up first; it is then as if it had been in the first state for ever.
  void step(EventTime at, Value* operands, std::uint16_t own) const;

  /// When, after `time`, it will have been long enough in its state for some transition; else `kNever`.
  EventTime next_moment(EventTime time, const Value* own) const;
};

}  // namespace pollux::schema
