// Operators that look back in event time: each makes one step function of time out of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/history.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::schema {

/// What they yield is told in EXPRESSIONS.md. All depend on the argument's function alone: not on when it was
/// evaluated, nor on what else happened at the same time.
enum class TemporalFunction : std::uint8_t {
  previous,    ///< What the argument was before its present value.
  held_for,    ///< Whether it has been true for `span` without a break.
  hysteresis,  ///< True from where the argument is 1, false from where it is 0, unchanged at 0.5.
  delay,       ///< What it was `span` ago.
  rate,        ///< Its change over the last `span`, a second.
  moving_min,
  moving_max,
  moving_mean,    ///< Weighted by time, over the last `span`; told at every multiple of `every`.
  moving_stddev,  ///< Likewise.
  integral,       ///< Its sum over time, in seconds; told whenever it changes and at multiples of `every`.
  lag,            ///< First-order lag with time constant `span`; likewise.
  paced,          ///< It, with at most one change in `span`; the latest value wins.
  entrance,       ///< Of a link: `initial` until the argument first changes, then like `paced`.
};

/// The function an expression may call by that name.
std::optional<TemporalFunction> temporal_function(std::string_view name);
const char* name_of(TemporalFunction function);

/// One use of an operator.
struct Temporal {
  TemporalFunction function = TemporalFunction::previous;
  Duration span = 0;
  Duration every = 0;  ///< Only for those that change without their argument changing.
  Value initial = {};  ///< Links only.

  /// Values it keeps behind its result: what must be the same for its future to be the same.
  std::size_t memory_count() const;
  /// Whether its result is itself part of what it remembers.
  bool remembers_result() const;
  /// How long after a time its argument's value then still matters, where it remembers nothing: its result
  /// over [from, to) + `lead` to `reach` follows from its argument over [from, to).
  Duration lead() const;
  Duration reach() const;
};

/// Moves on to `at`. `state`: its result, then its memory, as they were just before; as they are at `at` on
/// return. At `kBeginning` the state before is nothing. `argument`: the whole retained past, at least `reach`
/// back. REQUIRES: called at every moment that `next_moment` names and wherever the argument changes.
void evaluate(const Temporal& temporal, History argument, EventTime at, Value* state);

/// The next moment after `after` at which the result may change although the argument does not; `kNever`
/// where there is none.
EventTime next_moment(const Temporal& temporal, History argument, EventTime after, const Value* state);

}  // namespace pollux::schema
