#include "examples/chilled-water/simulator/weather.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pollux::examples::chilled_water {
namespace {

using schema::Duration;
using schema::EventTime;

constexpr double kTwoPi = 2 * std::numbers::pi;

/// Hours since midnight, 0 to 24.
double hour_of_day(EventTime time) {
  const Duration into_day = ((time % schema::kDay) + schema::kDay) % schema::kDay;
  return static_cast<double>(into_day) / static_cast<double>(schema::kHour);
}

/// In [0, 1).
double fraction(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

/// Three slow waves (23, 61 and 157 minutes) with seeded phases; in [-1, 1].
double slow_waves(EventTime time, std::uint64_t seed) {
  const double minutes = static_cast<double>(time % (400 * schema::kDay)) / schema::kMinute;
  double sum = 0;
  for (const double period : {23.0, 61.0, 157.0}) {
    const double phase = fraction(mix(seed, static_cast<std::uint64_t>(period)));
    sum += std::sin(kTwoPi * (minutes / period + phase));
  }
  return sum / 3;
}

/// The share of its people that an office holds at an hour of the day.
double presence(double hour) {
  const double arrived = std::clamp((hour - 7) / 2, 0.0, 1.0);
  const double left = std::clamp((hour - 16.5) / 2.5, 0.0, 1.0);
  const double at_lunch = 0.3 * std::exp(-std::pow((hour - 12.25) / 0.5, 2));
  return std::max(0.0, arrived - left - at_lunch);
}

}  // namespace

std::uint64_t mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

Weather weather_at(EventTime time, std::uint64_t seed) {
  const double hour = hour_of_day(time);
  const double outdoor =
      27 + 6 * std::cos(kTwoPi * (hour - 15) / 24) + 0.5 * slow_waves(time, mix(seed, 100));
  const double height = std::sin(std::numbers::pi * std::clamp((hour - 6) / 14, 0.0, 1.0));
  const double clouds = 0.08 * (1 + slow_waves(time, mix(seed, 101)));
  return {outdoor, 850 * height * (1 - clouds)};
}

unsigned occupants_at(EventTime time, std::size_t zone, unsigned peak, std::uint64_t seed) {
  constexpr Duration kCount = 5 * schema::kMinute;
  const EventTime counted = time - ((time % kCount) + kCount) % kCount;
  const std::uint64_t moment = mix(static_cast<std::uint64_t>(counted / kCount), zone);
  const double scatter = 0.9 + 0.1 * fraction(mix(seed, moment));
  return static_cast<unsigned>(std::lround(peak * presence(hour_of_day(counted)) * scatter));
}

}  // namespace pollux::examples::chilled_water
