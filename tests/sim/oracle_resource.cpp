#include "tests/sim/oracle_resource.h"

#include <algorithm>
#include <cmath>

namespace pollux::sim {

using schema::Duration;
using schema::EventTime;
using schema::kBeginning;
using schema::Quality;
using schema::Reason;
using schema::Value;
using schema::ValueType;
using schema::Version;

namespace {

constexpr Duration kForEver = -1;

void put(std::vector<Version>& course, EventTime at, const Value& value) {
  if (course.empty() || course.back().value != value) course.push_back({at, value});
}

}  // namespace

void Queue::move_to(EventTime at, const Value& capacity, const std::vector<Value>& claims) {
  sure_ = capacity.quality == Quality::good;
  for (std::size_t who = 0; who < claims.size(); ++who) {
    sure_ = sure_ && claims[who].quality == Quality::good;
    if (!claims[who].usable()) continue;
    const auto in_line = std::ranges::find(line_, who, &InLine::who);
    if (!claims[who].as_boolean()) {
      served_[who] = false;
      if (in_line != line_.end()) line_.erase(in_line);
    } else if (!served_[who] && in_line == line_.end()) {
      line_.push_back({who, at});
    }
  }
  if (at == kBeginning || !capacity.usable()) return;
  while (!line_.empty() &&
         static_cast<double>(std::ranges::count(served_, true)) + 1 <= std::floor(capacity.as_number())) {
    const InLine next = line_.front();
    line_.pop_front();
    served_[next.who] = true;
    waited_[next.who] = next.since == kBeginning ? kForEver : at - next.since;
  }
}

std::vector<Value> Queue::values() const {
  const auto counted = [&](auto count) {
    return sure_ ? Value::number(static_cast<double>(count))
                 : Value::number(static_cast<double>(count), Quality::uncertain, Reason::input_not_good);
  };
  std::vector<Value> all = {counted(std::ranges::count(served_, true)), counted(line_.size())};
  for (std::size_t who = 0; who < served_.size(); ++who) {
    const auto in_line = std::ranges::find(line_, who, &InLine::who);
    Value place{0, ValueType::number, Quality::unknown, Reason::none, {}};
    if (in_line != line_.end())
      place = {static_cast<std::uint64_t>(in_line->since),
               ValueType::number,
               Quality::uncertain,
               Reason::none,
               {}};
    if (served_[who])
      place = {static_cast<std::uint64_t>(waited_[who]), ValueType::number, Quality::good, Reason::none, {}};
    all.push_back(place);
  }
  return all;
}

void follow_answer(const std::vector<Version>& places, std::vector<Version>* results) {
  put(results[2], kBeginning, Value::unknown(ValueType::number, Reason::not_yet_observed));
  for (const auto& [at, place] : places) {
    put(results[0], at, Value::boolean(place.quality == Quality::good));
    put(results[1], at, Value::boolean(place.quality == Quality::uncertain));
    if (place.quality != Quality::good) continue;
    const auto waited = static_cast<Duration>(place.bits);
    put(results[2], at,
        waited == kForEver ? Value::unknown(ValueType::number, Reason::not_yet_observed)
                           : Value::number(static_cast<double>(waited) / 1e9));
  }
}

}  // namespace pollux::sim
