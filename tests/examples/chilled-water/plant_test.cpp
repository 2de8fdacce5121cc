#include "examples/chilled-water/simulator/plant.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pollux::examples::chilled_water {
namespace {

using schema::kMinute;
using schema::kSecond;

/// 2026-07-15T13:00:00Z, a hot afternoon.
constexpr schema::EventTime kAfternoon = 1'784'120'400 * kSecond;

Plant plant_with(std::vector<Fault> faults, std::uint64_t seed = 1) {
  return {PlantParameters::office(), kAfternoon, seed, std::move(faults)};
}

void run(Plant& plant, schema::Duration length) {
  for (schema::Duration elapsed = 0; elapsed < length; elapsed += Plant::kStep) plant.step();
}

double hottest(const PlantState& state) {
  double temp = state.zones[0].temp_degc;
  for (const ZoneState& zone : state.zones) temp = std::max(temp, zone.temp_degc);
  return temp;
}

TEST(Plant, AHealthyAfternoonKeepsEveryZoneWithinAFifthOfAKelvinOfItsSetpoint) {
  Plant plant = plant_with({});
  for (int minute = 0; minute < 120; ++minute) {
    run(plant, kMinute);
    for (const ZoneState& zone : plant.state().zones) EXPECT_NEAR(zone.temp_degc, 23, 0.2);
  }
}

TEST(Plant, AZoneWarmsByExactlyTheHeatItGainsAndIsNotRelievedOf) {
  Plant plant = plant_with({{Fault::Kind::pump_1_wear, 0}});
  const PlantParameters parameters = PlantParameters::office();
  const PlantState before = plant.state();
  std::array<double, kZones> heat_kj{};
  for (int second = 0; second < 1800; ++second) {
    plant.step();
    for (std::size_t i = 0; i < kZones; ++i) {
      heat_kj[i] += plant.state().zones[i].gain_kw - plant.state().zones[i].cooling_kw;
    }
  }
  for (std::size_t i = 0; i < kZones; ++i) {
    const double stored =
        parameters.zones[i].capacity_kj_k * (plant.state().zones[i].temp_degc - before.zones[i].temp_degc);
    EXPECT_NEAR(stored, heat_kj[i], 1e-6 * parameters.zones[i].capacity_kj_k);
    EXPECT_GT(std::abs(stored), 1000) << "the zone must have warmed for the balance to mean anything";
  }
}

TEST(Plant, TheCoilTakesFromTheAirWhatTheZonesAndTheOutdoorAirBringIn) {
  Plant plant = plant_with({});
  run(plant, 30 * kMinute);
  const PlantState& s = plant.state();
  const double from_air = kAirKjPerM3K * s.air_flow_m3_s * (s.mixed_air_degc - s.supply_air_degc);
  EXPECT_NEAR(s.coil_cooling_kw, from_air, 1e-9);
  double zones = 0;
  for (const ZoneState& zone : s.zones) zones += zone.cooling_kw;
  const double ventilation =
      kAirKjPerM3K * s.air_flow_m3_s * 0.2 * (s.weather.outdoor_degc - s.return_air_degc);
  EXPECT_NEAR(s.coil_cooling_kw, zones + ventilation, 0.01 * s.coil_cooling_kw);
}

TEST(Plant, InASteadyPlantTheChillersRemoveWhatTheCoilTakesUp) {
  Plant plant = plant_with({});
  run(plant, 30 * kMinute);
  const PlantState& s = plant.state();
  EXPECT_NEAR(s.chillers[0].cooling_kw + s.chillers[1].cooling_kw, s.coil_cooling_kw,
              0.01 * s.coil_cooling_kw);
}

TEST(Plant, TheSameStartSeedAndFaultsGiveTheSameStatesBitForBit) {
  Plant one = plant_with({{Fault::Kind::pump_1_wear, 5 * kMinute}}, 7);
  Plant other = plant_with({{Fault::Kind::pump_1_wear, 5 * kMinute}}, 7);
  run(one, 20 * kMinute);
  run(other, 20 * kMinute);
  EXPECT_EQ(one.state().zones[2].temp_degc, other.state().zones[2].temp_degc);
  EXPECT_EQ(one.state().return_degc, other.state().return_degc);
}

TEST(Plant, AnotherSeedGivesAnotherDay) {
  Plant one = plant_with({}, 1);
  Plant other = plant_with({}, 2);
  EXPECT_NE(one.state().weather.outdoor_degc, other.state().weather.outdoor_degc);
}

TEST(Plant, AWornPumpMovesLessWaterAtFullSpeedAndTheHottestZoneLeavesItsComfortBand) {
  Plant plant = plant_with({{Fault::Kind::pump_1_wear, 10 * kMinute}});
  run(plant, 10 * kMinute);
  EXPECT_NEAR(plant.state().flow_l_s, plant.state().required_flow_l_s, 1e-9);
  run(plant, 30 * kMinute);
  const PlantState& s = plant.state();
  EXPECT_GT(s.pumps[0].speed, 0.99);
  EXPECT_LT(s.pumps[0].flow_l_s, 0.1 * s.pumps[1].flow_l_s);
  EXPECT_GT(hottest(s), 23 + 1.5);
  EXPECT_EQ(hottest(s), s.zones[2].temp_degc);
}

TEST(Plant, AFouledChillerTakesMorePowerForItsCoolingAndItsWaterIsWarmer) {
  Plant healthy = plant_with({});
  Plant fouled = plant_with({{Fault::Kind::ch_1_fouling, 0}});
  run(healthy, 30 * kMinute);
  run(fouled, 30 * kMinute);
  const auto efficiency = [](const Plant& plant) {
    return plant.state().chillers[0].cooling_kw / plant.state().chillers[0].power_kw;
  };
  EXPECT_LT(efficiency(fouled), 0.6 * efficiency(healthy));
  EXPECT_GT(fouled.state().chillers[0].supply_degc, healthy.state().chillers[0].supply_degc + 3);
}

TEST(Plant, AFouledCoilHandsOnLessHeatThoughThePumpsRunFlatOut) {
  Plant plant = plant_with({{Fault::Kind::coil_1_fouling, 0}});
  run(plant, 40 * kMinute);
  EXPECT_GT(plant.state().pumps[1].speed, 0.99);
  EXPECT_GT(hottest(plant.state()), 23 + 1.5);
}

}  // namespace
}  // namespace pollux::examples::chilled_water
