#include "tests/sim/oracle_temporal.h"

#include <cmath>
#include <set>

namespace pollux::sim {

using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Quality;
using schema::Reason;
using schema::Temporal;
using schema::TemporalFunction;
using schema::Value;
using schema::ValueType;
using schema::Version;

namespace {

using Course = std::vector<Version>;
using Times = std::set<EventTime>;

void put(Course& course, EventTime at, const Value& value) {
  if (course.empty() || course.back().value != value) course.push_back({at, value});
}

Value time_value(EventTime time) {
  return {static_cast<std::uint64_t>(time), ValueType::number, Quality::good, Reason::none, {}};
}

Value unusable(const Value& like, ValueType type) {
  return like.quality == Quality::bad ? Value::bad(type, Reason::input_not_good)
                                      : Value::unknown(type, Reason::input_not_good);
}

Value number(double x, Quality quality) {
  if (!std::isfinite(x)) return Value::bad(ValueType::number, Reason::overflow);
  return Value::number(x, quality, quality == Quality::good ? Reason::none : Reason::input_not_good);
}

Value truth(bool x, Quality quality) {
  return Value::boolean(x, quality, quality == Quality::good ? Reason::none : Reason::input_not_good);
}

double seconds(schema::Duration span) {
  return static_cast<double>(span) / 1e9;
}

/// Every change, and the same so much later.
Times changes(const Course& argument, schema::Duration later) {
  Times times;
  for (const Version& version : argument) {
    times.insert(version.from);
    if (version.from != kBeginning) times.insert(version.from + later);
  }
  return times;
}

/// Every change, and every tick from the first change on.
Times ticks(const Course& argument, schema::Duration every, EventTime clock) {
  Times times = changes(argument, 0);
  if (argument.size() < 2) return times;
  const EventTime first = argument[1].from;
  for (EventTime tick = (first / every - 1) * every; tick <= clock; tick += every) {
    if (tick >= first) times.insert(tick);
  }
  return times;
}

struct Stretch {
  Value value;
  EventTime from;
  EventTime to;
};

std::vector<Stretch> window(const Course& argument, schema::Duration span, EventTime at) {
  std::vector<Stretch> stretches;
  const EventTime begin = at == kBeginning ? kBeginning : at - span;
  for (std::size_t i = 0; i < argument.size(); ++i) {
    const EventTime end = i + 1 < argument.size() ? argument[i + 1].from : kNever;
    if (argument[i].from > at || (end <= begin && begin != kBeginning)) continue;
    stretches.push_back({argument[i].value, std::max(argument[i].from, begin), std::min(end, at)});
  }
  return stretches;
}

Value of_window(const std::vector<Stretch>& stretches, const auto& make) {
  Quality quality = Quality::good;
  std::vector<Stretch> used;
  for (const Stretch& stretch : stretches) {
    if (stretch.value.usable()) used.push_back(stretch);
    quality = schema::worst(quality, stretch.value.usable() ? stretch.value.quality : Quality::uncertain);
  }
  return used.empty() ? Value::unknown(ValueType::number, Reason::input_not_good)
                      : number(make(used), quality);
}

double mean(const std::vector<Stretch>& stretches) {
  double sum = 0;
  double weight = 0;
  bool same = true;
  for (const Stretch& stretch : stretches) {
    same = same && stretch.value.as_number() == stretches.front().value.as_number();
    sum += stretch.value.as_number() * seconds(stretch.to - stretch.from);
    weight += seconds(stretch.to - stretch.from);
  }
  return same ? stretches.front().value.as_number() : sum / weight;
}

double deviation(const std::vector<Stretch>& stretches) {
  const double middle = mean(stretches);
  double sum = 0;
  double weight = 0;
  for (const Stretch& stretch : stretches) {
    const double distance = stretch.value.as_number() - middle;
    sum += distance * distance * seconds(stretch.to - stretch.from);
    weight += seconds(stretch.to - stretch.from);
  }
  return std::sqrt(sum / weight);
}

double extreme(const std::vector<Stretch>& stretches, bool highest) {
  double x = stretches.front().value.as_number();
  for (const Stretch& stretch : stretches) {
    x = highest ? std::max(x, stretch.value.as_number()) : std::min(x, stretch.value.as_number());
  }
  return x;
}

Value rate(const Course& argument, schema::Duration span, EventTime at) {
  const Value is = value_at(argument, at);
  const Value was = value_at(argument, at == kBeginning ? at : at - span);
  const Quality quality = schema::worst(is.quality, was.quality);
  if (quality >= Quality::bad) return unusable(was.quality > is.quality ? was : is, ValueType::number);
  return number((is.as_number() - was.as_number()) / seconds(span), quality);
}

void follow_previous(const Course& argument, EventTime clock, Course* results) {
  for (std::size_t i = 0; i < argument.size() && argument[i].from <= clock; ++i) {
    put(results[0], argument[i].from,
        i == 0 ? Value::unknown(argument[0].value.type, Reason::not_yet_observed) : argument[i - 1].value);
    put(results[1], argument[i].from, argument[i].value);
  }
}

void follow_held(const Temporal& temporal, const Course& argument, EventTime clock, Course* results) {
  EventTime since = kNever;
  for (const EventTime at : changes(argument, temporal.span)) {
    if (at > clock) return;
    const Value value = value_at(argument, at);
    const bool holds = value.usable() && value.as_boolean();
    if (!holds) since = kNever;
    if (holds && since == kNever) since = at;
    put(results[1], at, holds ? time_value(since) : Value::unknown(ValueType::number, Reason::none));
    const bool long_enough = holds && (since == kBeginning || at - since >= temporal.span);
    put(results[0], at,
        value.usable() ? truth(long_enough, value.quality) : unusable(value, ValueType::boolean));
  }
}

void follow_paced(const Temporal& temporal, const Course& argument, EventTime clock, Course* results) {
  EventTime changed = kBeginning;
  const bool is_entrance = temporal.function == TemporalFunction::entrance;
  put(results[0], kBeginning, is_entrance ? temporal.initial : argument.front().value);
  put(results[1], kBeginning, time_value(kBeginning));
  Times times = changes(argument, 0);
  for (auto at = times.upper_bound(kBeginning); at != times.end() && *at <= clock; ++at) {
    if (value_at(argument, *at) == results[0].back().value) continue;
    if (changed != kBeginning && *at < changed + temporal.span) {
      times.insert(changed + temporal.span);
      continue;
    }
    changed = *at;
    put(results[0], *at, value_at(argument, *at));
    put(results[1], *at, time_value(*at));
  }
}

void follow_hysteresis(const Course& argument, Course& result) {
  bool is = false;
  for (const Version& version : argument) {
    if (version.value.usable() && version.value.as_number() == 1) is = true;
    if (version.value.usable() && version.value.as_number() == 0) is = false;
    put(result, version.from, truth(is, version.value.usable() ? version.value.quality : Quality::uncertain));
  }
}

void follow_integral(const Temporal& temporal, const Course& argument, EventTime clock, Course* results) {
  double sum = 0;
  bool begun = false;
  std::size_t i = 0;
  for (const EventTime at : ticks(argument, temporal.every, clock)) {
    if (at > clock) return;
    if (i + 1 < argument.size() && argument[i + 1].from == at) {
      const bool counts = argument[i].value.usable() && argument[i].from != kBeginning;
      if (counts) sum = sum + argument[i].value.as_number() * seconds(at - argument[i].from);
      begun = true;
      ++i;
    }
    const Version& now = argument[i];
    put(results[1], at, begun ? Value::number(sum) : Value::number(0, Quality::unknown));
    put(results[2], at, time_value(now.from));
    const double more =
        now.value.usable() && now.from != kBeginning ? now.value.as_number() * seconds(at - now.from) : 0;
    put(results[0], at, number(sum + more, now.value.usable() ? now.value.quality : Quality::uncertain));
  }
}

Value lagged(const Value& y, const Version& x, EventTime at, schema::Duration span) {
  if (!x.value.usable()) return y;
  if (!y.usable() || x.from == kBeginning) return Value::number(x.value.as_number());
  const double gone = std::exp(-seconds(at - x.from) / seconds(span));
  return Value::number(x.value.as_number() + (y.as_number() - x.value.as_number()) * gone);
}

void follow_lag(const Temporal& temporal, const Course& argument, EventTime clock, Course* results) {
  Value y = Value::number(0, Quality::unknown);
  std::size_t i = 0;
  for (const EventTime at : ticks(argument, temporal.every, clock)) {
    if (at > clock) return;
    if (i + 1 < argument.size() && argument[i + 1].from == at) {
      y = lagged(y, argument[i], at, temporal.span);
      ++i;
    }
    const Version& now = argument[i];
    put(results[1], at, y);
    put(results[2], at, time_value(now.from));
    const Value told = lagged(y, now, at, temporal.span);
    put(results[0], at,
        !told.usable()
            ? unusable(now.value, ValueType::number)
            : number(told.as_number(), now.value.usable() ? now.value.quality : Quality::uncertain));
  }
}

void follow_sampled(const Temporal& temporal, const Course& argument, EventTime clock, Course& result) {
  const bool spread = temporal.function == TemporalFunction::moving_stddev;
  const Value& first = argument.front().value;
  put(result, kBeginning,
      !first.usable() ? Value::unknown(ValueType::number, Reason::input_not_good)
                      : number(spread ? 0 : first.as_number(), first.quality));
  for (const EventTime at : ticks(argument, temporal.every, clock)) {
    if (at > clock) return;
    if (at == kBeginning || at % temporal.every != 0) continue;
    std::vector<Stretch> stretches = window(argument, temporal.span, at);
    std::erase_if(stretches, [](const Stretch& stretch) { return stretch.from == stretch.to; });
    put(result, at,
        of_window(stretches, [&](const auto& used) { return spread ? deviation(used) : mean(used); }));
  }
}

}  // namespace

Value value_at(const Course& course, EventTime at) {
  Value value = course.front().value;
  for (const Version& version : course) {
    if (version.from <= at) value = version.value;
  }
  return value;
}

void follow_temporal(const Temporal& temporal, const Course& argument, EventTime clock, Course* results) {
  switch (temporal.function) {
    case TemporalFunction::previous:
      return follow_previous(argument, clock, results);
    case TemporalFunction::paced:
    case TemporalFunction::entrance:
      return follow_paced(temporal, argument, clock, results);
    case TemporalFunction::held_for:
      return follow_held(temporal, argument, clock, results);
    case TemporalFunction::hysteresis:
      return follow_hysteresis(argument, results[0]);
    case TemporalFunction::integral:
      return follow_integral(temporal, argument, clock, results);
    case TemporalFunction::lag:
      return follow_lag(temporal, argument, clock, results);
    case TemporalFunction::moving_mean:
    case TemporalFunction::moving_stddev:
      return follow_sampled(temporal, argument, clock, results[0]);
    default:
      break;
  }
  for (const EventTime at : changes(argument, temporal.span)) {
    if (at > clock) return;
    const bool highest = temporal.function == TemporalFunction::moving_max;
    const Value value = temporal.function == TemporalFunction::delay
                            ? value_at(argument, at == kBeginning ? at : at - temporal.span)
                        : temporal.function == TemporalFunction::rate
                            ? rate(argument, temporal.span, at)
                            : of_window(window(argument, temporal.span, at),
                                        [&](const auto& stretches) { return extreme(stretches, highest); });
    put(results[0], at, value);
  }
}

}  // namespace pollux::sim
