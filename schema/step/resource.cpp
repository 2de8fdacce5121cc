#include "schema/step/resource.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace pollux::schema {
namespace {

EventTime since(const Value& waiting) {
  return static_cast<EventTime>(waiting.bits);
}

Value holding_from(EventTime at, EventTime claimed) {
  return place::holding(claimed == kBeginning ? place::kWaitedForEver : at - claimed);
}

/// Units that may be given away while `held` are.
std::size_t free_units(const Value& capacity, std::size_t held, std::size_t claimants) {
  if (!capacity.usable() || capacity.as_number() < 1) return 0;
  const double units = std::floor(capacity.as_number());
  const std::size_t bounded =
      units >= static_cast<double>(claimants) ? claimants : static_cast<std::size_t>(units);
  return bounded > held ? bounded - held : 0;
}

/// Gives `units` to those who have waited longest.
void give(EventTime at, std::size_t units, std::span<Value> places) {
  std::vector<Value*> waiting;
  for (Value& each : places) {
    if (place::waits(each)) waiting.push_back(&each);
  }
  const auto first = [](const Value* a, const Value* b) {
    return since(*a) != since(*b) ? since(*a) < since(*b) : a < b;
  };
  if (units < waiting.size()) {
    std::nth_element(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(units), waiting.end(),
                     first);
    waiting.resize(units);
  }
  for (Value* each : waiting) *each = holding_from(at, since(*each));
}

Value count(std::size_t n, bool certain) {
  return Value::number(static_cast<double>(n), certain ? Quality::good : Quality::uncertain,
                       certain ? Reason::none : Reason::input_not_good);
}

}  // namespace

void allocate(EventTime at, const Value& capacity, std::span<const Value> claims, Value* own) {
  const std::span<Value> places(own + kResourceCounts, claims.size());
  bool certain = capacity.quality == Quality::good;
  std::size_t held = 0;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (at == kBeginning) places[i] = place::none();
    const Value& claim = claims[i];
    certain = certain && claim.quality == Quality::good;
    if (claim.usable() && !claim.as_boolean()) places[i] = place::none();
    if (claim.usable() && claim.as_boolean() && !places[i].usable()) places[i] = place::waiting(at);
    held += place::holds(places[i]);
    waiting += place::waits(places[i]);
  }
  const std::size_t units =
      at == kBeginning ? 0 : std::min(waiting, free_units(capacity, held, claims.size()));
  if (units > 0) give(at, units, places);
  own[0] = count(held + units, certain);
  own[1] = count(waiting - units, certain);
}

void answer_claim(EventTime at, const Value& place, Value* own) {
  if (at == kBeginning) own[2] = Value::unknown(ValueType::number, Reason::not_yet_observed);
  own[0] = Value::boolean(place::holds(place));
  own[1] = Value::boolean(place::waits(place));
  if (!place::holds(place)) return;
  const auto waited = static_cast<Duration>(place.bits);
  own[2] = waited == place::kWaitedForEver
               ? Value::unknown(ValueType::number, Reason::not_yet_observed)
               : Value::number(static_cast<double>(waited) / static_cast<double>(kSecond));
}

}  // namespace pollux::schema
