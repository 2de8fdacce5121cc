#include "examples/chilled-water/simulator/weather.h"

#include <gtest/gtest.h>

namespace pollux::examples::chilled_water {
namespace {

using schema::kHour;
using schema::kMinute;

/// 2026-07-15T00:00:00Z.
constexpr schema::EventTime kMidnight = 1'784'073'600 * schema::kSecond;

TEST(Weather, AfternoonsAreHotNightsAreDarkAndSeedsDiffer) {
  EXPECT_GT(weather_at(kMidnight + 15 * kHour, 1).outdoor_degc, 31);
  EXPECT_LT(weather_at(kMidnight + 3 * kHour, 1).outdoor_degc, 23);
  EXPECT_EQ(weather_at(kMidnight + 2 * kHour, 1).irradiance_w_m2, 0);
  EXPECT_GT(weather_at(kMidnight + 13 * kHour, 1).irradiance_w_m2, 600);
  EXPECT_NE(weather_at(kMidnight, 1).outdoor_degc, weather_at(kMidnight, 2).outdoor_degc);
}

TEST(Weather, TimeBeforeTheEpochIsAnOrdinaryDay) {
  const Weather weather = weather_at(-3 * schema::kDay + 15 * kHour, 1);
  EXPECT_GT(weather.outdoor_degc, 25);
  EXPECT_LT(weather.outdoor_degc, 36);
}

TEST(Occupants, AnOfficeIsEmptyAtNightAndNeverOverfull) {
  EXPECT_EQ(occupants_at(kMidnight + 3 * kHour, 0, 100, 1), 0u);
  for (int minute = 0; minute < 24 * 60; ++minute) {
    EXPECT_LE(occupants_at(kMidnight + minute * kMinute, 0, 100, 1), 100u);
  }
  EXPECT_GT(occupants_at(kMidnight + 14 * kHour, 0, 100, 1), 80u);
}

TEST(Occupants, AreCountedEveryFiveMinutes) {
  const schema::EventTime count = kMidnight + 10 * kHour;
  EXPECT_EQ(occupants_at(count, 2, 100, 1), occupants_at(count + 5 * kMinute - 1, 2, 100, 1));
}

}  // namespace
}  // namespace pollux::examples::chilled_water
