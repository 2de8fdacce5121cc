#include "schema/step/temporal.h"

#include <array>
#include <cmath>

namespace pollux::schema {
namespace {

using F = TemporalFunction;

constexpr std::array<std::pair<std::string_view, F>, 13> kNames = {{
    {"previous", F::previous},
    {"held_for", F::held_for},
    {"hysteresis", F::hysteresis},
    {"delay", F::delay},
    {"rate", F::rate},
    {"moving_min", F::moving_min},
    {"moving_max", F::moving_max},
    {"moving_mean", F::moving_mean},
    {"moving_stddev", F::moving_stddev},
    {"integral", F::integral},
    {"lag", F::lag},
    {"paced", F::paced},
    {"entrance", F::entrance},
}};

double seconds(Duration span) {
  return static_cast<double>(span) / static_cast<double>(kSecond);
}

bool is_tick(EventTime at, Duration every) {
  return at % every == 0;
}

/// The first multiple of `every` after `time`.
EventTime next_tick(EventTime time, Duration every) {
  const EventTime into = ((time % every) + every) % every;
  return after(time, every - into);
}

/// The memory of a time: its bits are an EventTime.
Value time_value(EventTime time) {
  return {static_cast<std::uint64_t>(time), ValueType::number, Quality::good, Reason::none, {}};
}
EventTime as_time(const Value& value) {
  return static_cast<EventTime>(value.bits);
}

/// A number, or a bad value where it is not finite.
Value number_or_fault(double x, Quality quality, Reason reason) {
  return std::isfinite(x) ? Value::number(x, quality, reason)
                          : Value::bad(ValueType::number, Reason::overflow);
}

/// What follows from a value that cannot be used.
Value unusable_like(const Value& argument, ValueType type) {
  return argument.quality == Quality::bad ? Value::bad(type, Reason::input_not_good)
                                          : Value::unknown(type, Reason::input_not_good);
}

Reason inherited(Quality quality) {
  return quality == Quality::good ? Reason::none : Reason::input_not_good;
}

void previous(const Value& argument, EventTime at, Value* state) {
  if (at == kBeginning) state[0] = Value::unknown(argument.type, Reason::not_yet_observed);
  if (at != kBeginning && argument != state[1]) state[0] = state[1];
  state[1] = argument;
}

void held_for(const Value& argument, Duration span, EventTime at, Value* state) {
  const bool holds = argument.usable() && argument.as_boolean();
  if (!holds) {
    state[0] = argument.usable() ? Value::boolean(false, argument.quality, inherited(argument.quality))
                                 : unusable_like(argument, ValueType::boolean);
    state[1] = Value::unknown(ValueType::number, Reason::none);
    return;
  }
  if (at == kBeginning || !state[1].usable()) state[1] = time_value(at);
  const EventTime since = as_time(state[1]);
  const bool long_enough = since == kBeginning || after(since, span) <= at;
  state[0] = Value::boolean(long_enough, argument.quality, inherited(argument.quality));
}

void hysteresis(const Value& argument, EventTime at, Value* state) {
  const bool before = at != kBeginning && state[0].as_boolean();
  if (!argument.usable()) {
    state[0] = Value::boolean(before, Quality::uncertain, Reason::input_not_good);
    return;
  }
  const double x = argument.as_number();
  const bool is = x == 1 || (x != 0 && before);
  state[0] = Value::boolean(is, argument.quality, inherited(argument.quality));
}

Value delay(History argument, Duration span, EventTime at) {
  return argument.at(before(at, span)).value;
}

/// What stood at the beginning of time does not enter a link.
void paced(const Temporal& temporal, const Version& argument, EventTime at, Value* state) {
  const bool is_entrance = temporal.function == F::entrance;
  if (at == kBeginning) {
    state[0] = is_entrance ? temporal.initial : argument.value;
    state[1] = time_value(kBeginning);
    return;
  }
  if (is_entrance && argument.from == kBeginning) return;
  const EventTime changed = as_time(state[1]);
  const bool may_change = changed == kBeginning || after(changed, temporal.span) <= at;
  if (!may_change || argument.value == state[0]) return;
  state[0] = argument.value;
  state[1] = time_value(at);
}

EventTime next_pace(const Temporal& temporal, const Version& argument, const Value* state) {
  const bool entered = temporal.function != F::entrance || argument.from != kBeginning;
  return entered && argument.value != state[0] ? after(as_time(state[1]), temporal.span) : kNever;
}

Value rate(History argument, Duration span, EventTime at) {
  const Value& is = argument.at(at).value;
  const Value was = delay(argument, span, at);
  const Value& worse = was.quality > is.quality ? was : is;
  if (!worse.usable()) return unusable_like(worse, ValueType::number);
  return number_or_fault((is.as_number() - was.as_number()) / seconds(span), worse.quality,
                         inherited(worse.quality));
}

/// Calls `visit(value, from, to)` with each stretch of the last `span` before `at`, oldest first.
template <class Visit>
void for_each_in_window(History argument, Duration span, EventTime at, Visit visit) {
  const EventTime begin = before(at, span);
  const History::Place first = argument.place_at(begin);
  const Version* held = nullptr;
  const auto hold = [&](const Version& next) {
    if (held != nullptr) visit(held->value, std::max(held->from, begin), next.from);
    held = &next;
  };
  for (std::uint32_t block = first.block; block < argument.blocks(); ++block) {
    const auto together = argument.block(block).subspan(block == first.block ? first.index : 0);
    const auto later = std::ranges::find_if(together, [&](const Version& v) { return v.from > at; });
    std::for_each(together.begin(), later, hold);
    if (later != together.end()) break;
  }
  if (held != nullptr) visit(held->value, std::max(held->from, begin), at);
}

/// The quality of what was made from some stretches of a window: of the worst of them, and no better than
/// uncertain where others could not be used.
struct WindowQuality {
  Quality worst_used = Quality::good;
  bool gaps = false;
  bool any = false;

  bool use(const Value& value) {
    if (!value.usable()) {
      gaps = true;
      return false;
    }
    any = true;
    worst_used = worst(worst_used, value.quality);
    return true;
  }
  Value result(double x) const {
    if (!any) return Value::unknown(ValueType::number, Reason::input_not_good);
    const Quality quality = gaps ? worst(worst_used, Quality::uncertain) : worst_used;
    return number_or_fault(x, quality, inherited(quality));
  }
};

Value extreme(History argument, Duration span, EventTime at, bool highest) {
  WindowQuality quality;
  double x = highest ? -HUGE_VAL : HUGE_VAL;
  for_each_in_window(argument, span, at, [&](const Value& value, EventTime, EventTime) {
    if (!quality.use(value)) return;
    x = highest ? std::max(x, value.as_number()) : std::min(x, value.as_number());
  });
  return quality.result(x);
}

/// The mean over the stretches of a window, weighted by time. Exact where all of them have one value.
double mean_in_window(History argument, Duration span, EventTime at, WindowQuality& quality) {
  double sum = 0;
  double weight = 0;
  double only = 0;
  bool varies = false;
  for_each_in_window(argument, span, at, [&](const Value& value, EventTime from, EventTime to) {
    const bool first = !quality.any;
    if (from == to || !quality.use(value)) return;
    varies = varies || (!first && value.as_number() != only);
    only = value.as_number();
    sum += value.as_number() * seconds(to - from);
    weight += seconds(to - from);
  });
  return varies ? sum / weight : only;
}

Value stddev_in_window(History argument, Duration span, EventTime at) {
  WindowQuality quality;
  const double mean = mean_in_window(argument, span, at, quality);
  double sum = 0;
  double weight = 0;
  for_each_in_window(argument, span, at, [&](const Value& value, EventTime from, EventTime to) {
    if (!value.usable()) return;
    const double distance = value.as_number() - mean;
    sum += distance * distance * seconds(to - from);
    weight += seconds(to - from);
  });
  return quality.result(weight == 0 ? 0 : std::sqrt(sum / weight));
}

/// At the beginning of time a window holds one value, without end. It comes to what it would at any tick:
/// what has left the window leaves no trace.
void sampled_window(const Temporal& temporal, History argument, EventTime at, Value* state) {
  const bool spread = temporal.function == F::moving_stddev;
  if (at == kBeginning) {
    const Value& value = argument.front().value;
    state[0] = !value.usable()
                   ? Value::unknown(ValueType::number, Reason::input_not_good)
                   : Value::number(spread ? 0 : value.as_number(), value.quality, inherited(value.quality));
    return;
  }
  if (!is_tick(at, temporal.every)) return;
  if (spread) {
    state[0] = stddev_in_window(argument, temporal.span, at);
    return;
  }
  WindowQuality quality;
  const double mean = mean_in_window(argument, temporal.span, at, quality);
  state[0] = quality.result(mean);
}

/// Where a version begins, what had gathered until then: `state[1]`, and when that was: `state[2]`. Between
/// changes of the argument nothing is remembered, so the result does not depend on how often it was told.
/// `gather(what there was, the value that held, for how long)`.
template <class Gather>
const Version& gather_to(History argument, EventTime at, Value* state, Gather gather) {
  const History::Place i = argument.place_at(at);
  const Version& version = argument[i];
  if (at == kBeginning) {
    state[1] = Value::number(0, Quality::unknown);
    state[2] = time_value(kBeginning);
  } else if (as_time(state[2]) != version.from) {
    const EventTime since = as_time(state[2]);
    if (i != argument.first())
      state[1] = gather(state[1], argument[argument.before(i)].value, since, version.from);
    state[2] = time_value(version.from);
  }
  return version;
}

/// What held from the beginning of time has no integral; summing begins with the first change.
Value summed(const Value& sum, const Value& x, EventTime from, EventTime to) {
  const double before = sum.usable() ? sum.as_number() : 0;
  if (!x.usable() || from == kBeginning) return sum.usable() ? sum : Value::number(0);
  return Value::number(before + x.as_number() * seconds(to - from));
}

void integral(History argument, EventTime at, Value* state) {
  const Version& version = gather_to(argument, at, state, summed);
  const double sum = state[1].usable() ? state[1].as_number() : 0;
  if (!version.value.usable()) {
    state[0] = Value::number(sum, Quality::uncertain, Reason::input_not_good);
    return;
  }
  const double more = version.from == kBeginning ? 0 : version.value.as_number() * seconds(at - version.from);
  state[0] = number_or_fault(sum + more, version.value.quality, inherited(version.value.quality));
}

/// What a first-order lag comes to that stood at `y`, or nowhere, while its input is `x`.
Value lagging(const Value& y, const Value& x, EventTime from, EventTime to, Duration span) {
  if (!x.usable()) return y;
  if (!y.usable() || from == kBeginning) return Value::number(x.as_number());
  const double distance = y.as_number() - x.as_number();
  return Value::number(x.as_number() + distance * std::exp(-seconds(to - from) / seconds(span)));
}

void lag(History argument, Duration span, EventTime at, Value* state) {
  const Version& version =
      gather_to(argument, at, state, [&](const Value& y, const Value& x, EventTime from, EventTime to) {
        return lagging(y, x, from, to, span);
      });
  const Value y = lagging(state[1], version.value, version.from, at, span);
  if (!y.usable()) {
    state[0] = unusable_like(version.value, ValueType::number);
  } else if (!version.value.usable()) {
    state[0] = Value::number(y.as_number(), Quality::uncertain, Reason::input_not_good);
  } else {
    state[0] = Value::number(y.as_number(), version.value.quality, inherited(version.value.quality));
  }
}

/// The first change after `time`, or the first time after it that a change leaves a window of `span`.
EventTime next_crossing(History argument, Duration span, EventTime time) {
  const History::Place i = argument.first_after(before(time, span));
  return i == argument.behind() || argument[i].from == kBeginning ? kNever : after(argument[i].from, span);
}

EventTime next_window_tick(const Temporal& temporal, History argument, EventTime time) {
  const History::Place i = argument.first_after(before(time, temporal.span + temporal.every));
  if (i == argument.behind()) return kNever;
  const EventTime changed = argument[i].from;
  if (changed == kBeginning) return kNever;
  return time >= changed ? next_tick(time, temporal.every) : next_tick(changed - 1, temporal.every);
}

/// While the input holds, the result of `integral` and `lag` goes on moving unless it has come to rest.
EventTime next_gathering_tick(const Temporal& temporal, History argument, EventTime time,
                              const Value* state) {
  const Version& version = argument.at(time);
  if (version.from == kBeginning || !version.value.usable()) return kNever;
  const double x = version.value.as_number();
  const bool at_rest =
      temporal.function == F::integral ? x == 0 : state[0].usable() && state[0].as_number() == x;
  return at_rest ? kNever : next_tick(time, temporal.every);
}

}  // namespace

std::optional<TemporalFunction> temporal_function(std::string_view name) {
  for (const auto& [known, function] : kNames) {
    if (known == name && function != F::entrance) return function;
  }
  return std::nullopt;
}

const char* name_of(TemporalFunction function) {
  return kNames[static_cast<std::size_t>(function)].first.data();
}

std::size_t Temporal::memory_count() const {
  switch (function) {
    case F::previous:
    case F::held_for:
    case F::paced:
    case F::entrance:
      return 1;
    case F::integral:
    case F::lag:
      return 2;
    default:
      return 0;
  }
}

bool Temporal::remembers_result() const {
  return function == F::previous || function == F::hysteresis || function == F::paced ||
         function == F::entrance;
}

Duration Temporal::lead() const {
  return function == F::delay ? span : 0;
}

Duration Temporal::reach() const {
  switch (function) {
    case F::delay:
    case F::rate:
    case F::moving_min:
    case F::moving_max:
      return span;
    case F::moving_mean:
    case F::moving_stddev:
      return span + every;
    default:
      return 0;
  }
}

void evaluate(const Temporal& temporal, History argument, EventTime at, Value* state) {
  const auto present = [&]() -> const Value& { return argument.at(at).value; };
  switch (temporal.function) {
    case F::previous:
      return previous(present(), at, state);
    case F::held_for:
      return held_for(present(), temporal.span, at, state);
    case F::hysteresis:
      return hysteresis(present(), at, state);
    case F::delay:
      state[0] = delay(argument, temporal.span, at);
      return;
    case F::paced:
    case F::entrance:
      return paced(temporal, argument.at(at), at, state);
    case F::rate:
      state[0] = rate(argument, temporal.span, at);
      return;
    case F::moving_min:
    case F::moving_max:
      state[0] = extreme(argument, temporal.span, at, temporal.function == F::moving_max);
      return;
    case F::moving_mean:
    case F::moving_stddev:
      return sampled_window(temporal, argument, at, state);
    case F::integral:
      return integral(argument, at, state);
    case F::lag:
      return lag(argument, temporal.span, at, state);
  }
}

EventTime next_moment(const Temporal& temporal, History argument, EventTime time, const Value* state) {
  switch (temporal.function) {
    case F::previous:
    case F::hysteresis:
      return kNever;
    case F::held_for: {
      const bool waiting = state[1].usable() && state[0].usable() && !state[0].as_boolean();
      return waiting ? after(as_time(state[1]), temporal.span) : kNever;
    }
    case F::paced:
    case F::entrance:
      return next_pace(temporal, argument.at(time), state);
    case F::delay:
    case F::rate:
    case F::moving_min:
    case F::moving_max:
      return next_crossing(argument, temporal.span, time);
    case F::moving_mean:
    case F::moving_stddev:
      return next_window_tick(temporal, argument, time);
    case F::integral:
    case F::lag:
      return next_gathering_tick(temporal, argument, time, state);
  }
  __builtin_unreachable();
}

}  // namespace pollux::schema
