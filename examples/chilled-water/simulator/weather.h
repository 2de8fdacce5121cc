// What acts on the plant from outside: weather and people, as pure functions of time and a seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "schema/time.h"

namespace pollux::examples::chilled_water {

/// Outdoor conditions at one moment.
struct Weather {
  double outdoor_degc = 0;
  double irradiance_w_m2 = 0;  ///< Sun on a horizontal surface.
};

/// A summer day at `time` (UTC taken as local time): 21 to 33 degC with the peak at 15:00, sun from 6:00 to
/// 20:00, both disturbed by slow waves that differ by `seed`.
Weather weather_at(schema::EventTime time, std::uint64_t seed);

/// People in `zone` at `time`: an office day of up to `peak` with a dip at noon; whole numbers that change at
/// most every five minutes.
unsigned occupants_at(schema::EventTime time, std::size_t zone, unsigned peak, std::uint64_t seed);

/// A well-mixed 64-bit value of two (splitmix64's finalizer); the root of all seeded choices here.
std::uint64_t mix(std::uint64_t seed, std::uint64_t index);

}  // namespace pollux::examples::chilled_water
