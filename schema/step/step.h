// One step of a type's evaluation: pure, the same for the live twin, replay, forks and tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "schema/expression/program.h"
#include "schema/history.h"
#include "schema/step/resource.h"
#include "schema/step/state_machine.h"
#include "schema/step/temporal.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

using AttributeSlot = std::uint16_t;
inline constexpr std::uint16_t kNoSlot = 0xffff;

/// Steps of a type are run in order. Each writes the attributes [target, target + width): its result, and
/// what it must remember. What it yields at a moment follows from its operands then, from what it remembers,
/// and, for temporal operators, from the past of its argument.
struct Step {
  enum class Form : std::uint8_t {
    expression,  ///< The value of `program`.
    /// A constraint's status symbol, from `program`, a truth value: `violated` once it has been false for
    /// `hold` without a break, `unknown` while it is unknown or bad, else `satisfied`. Remembers since when
    /// it has been false (the bits are an EventTime), or an unknown value while it is not.
    constraint_status,
    temporal,       ///< See Temporal; its argument is an attribute of its own.
    state_machine,  ///< See StateMachine; its state, since when, and its variables.
    copy,           ///< Its argument, bit for bit, whatever it means.
    resource,       ///< See `allocate`: its counts, and the places of its claimants.
    claim_answer,   ///< See `answer_claim`; its argument is the claimant's place.
  };
  Form form = Form::expression;
  AttributeSlot target = kNoSlot;
  std::uint16_t width = 1;
  /// How many of the last of the attributes it writes decide what it will yield, besides its operands. None:
  /// it remembers nothing.
  std::uint16_t remembered = 0;
  Program program;
  Duration hold = 0;
  Temporal temporal;
  /// Temporal operators: the attribute whose past they look at. Copies: any operand. Answers: the claimant's
  /// place. Resources: the capacity.
  std::uint16_t argument = kNoSlot;
  std::uint16_t first_claim = kNoSlot;  ///< Resources: the operand of the first claim, before all others'.
  std::shared_ptr<const StateMachine> machine;

  /// The operand indices it reads, ascending, without those it writes itself.
  std::vector<std::uint16_t> reads;

  bool is_plain() const { return form == Form::expression; }

  static Step expression(AttributeSlot target, Program program);
  /// `target` is followed by the slot of its memory.
  static Step constraint_status(AttributeSlot target, Program program, Duration hold);
  /// `target` is followed by the slots of its memory.
  static Step of(const Temporal& temporal, AttributeSlot target, AttributeSlot argument);
  static Step of(std::shared_ptr<const StateMachine> machine, AttributeSlot target);
  static Step copy(AttributeSlot target, std::uint16_t argument);
  /// `target` is followed by the slots of its other count and of `claims` places.
  static Step resource(AttributeSlot target, AttributeSlot capacity, std::uint16_t first_claim,
                       std::uint16_t claims);
  /// `target` is followed by the slots of the rest of the answer.
  static Step claim_answer(AttributeSlot target, AttributeSlot place);

  /// Replaces each operand index `i` by `to[i]`. REQUIRES: what the step writes stays side by side.
  void renumber(const std::vector<std::uint16_t>& to);

  /// Puts what holds at `at` into `operands[target]` and after it. Until then these are as they were just
  /// before; at `kBeginning` they are nothing yet. `argument`: its past, for temporal operators only.
  void evaluate(EventTime at, Value* operands, History argument) const;

  /// The next moment after `time` at which the result may change although no operand does; `kNever` where
  /// there is none. `own`: its result and memory as they are at `time`.
  EventTime next_moment(EventTime time, const Value* own, History argument) const;
};

}  // namespace pollux::schema
