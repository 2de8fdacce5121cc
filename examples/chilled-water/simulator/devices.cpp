#include "examples/chilled-water/simulator/devices.h"

namespace pollux::examples::chilled_water {
namespace {

constexpr schema::Duration kFast = 5 * schema::kSecond;
constexpr schema::Duration kNormal = 15 * schema::kSecond;
constexpr schema::Duration kSlow = schema::kMinute;

std::vector<Channel> pump_channels() {
  return {
      {"speed", "%", [](const PlantState& s, std::size_t i) { return 100 * s.pumps[i].speed; }, 0.1, 0, 0.1,
       0, 100},
      {"flow", "L/s", [](const PlantState& s, std::size_t i) { return s.pumps[i].flow_l_s; }, 0.06, 0.05,
       0.01, 0, 20},
      {"power", "kW", [](const PlantState& s, std::size_t i) { return s.pumps[i].power_kw; }, 0.05, 0, 0.01,
       0, 30},
  };
}

std::vector<Channel> chiller_channels() {
  return {
      {"supply_temp", "degC", [](const PlantState& s, std::size_t i) { return s.chillers[i].supply_degc; },
       0.04, 0.06, 0.01, -10, 40},
      {"return_temp", "degC", [](const PlantState& s, std::size_t) { return s.return_degc; }, 0.04, 0.06,
       0.01, -10, 40},
      {"flow", "L/s", [](const PlantState& s, std::size_t) { return s.flow_l_s / kChillers; }, 0.05, 0.05,
       0.01, 0, 40},
      {"power", "kW", [](const PlantState& s, std::size_t i) { return s.chillers[i].power_kw; }, 0.4, 0, 0.1,
       0, 300},
  };
}

std::vector<Channel> loop_channels() {
  return {
      {"required_flow", "L/s", [](const PlantState& s, std::size_t) { return s.required_flow_l_s; }, 0, 0,
       0.1, 0, 60},
  };
}

std::vector<Channel> air_handler_channels() {
  return {
      {"supply_air_temp", "degC", [](const PlantState& s, std::size_t) { return s.supply_air_degc; }, 0.08,
       0.1, 0.01, -20, 60},
      {"return_air_temp", "degC", [](const PlantState& s, std::size_t) { return s.return_air_degc; }, 0.08,
       0.1, 0.01, -20, 60},
      {"mixed_air_temp", "degC", [](const PlantState& s, std::size_t) { return s.mixed_air_degc; }, 0.08, 0.1,
       0.01, -20, 60},
      {"air_flow", "m^3/s", [](const PlantState& s, std::size_t) { return s.air_flow_m3_s; }, 0.15, 0.1, 0.01,
       0, 60},
      {"fan_power", "kW", [](const PlantState& s, std::size_t) { return s.fan_power_kw; }, 0.05, 0, 0.01, 0,
       50},
  };
}

std::vector<Channel> zone_channels() {
  return {
      {"temp", "degC", [](const PlantState& s, std::size_t i) { return s.zones[i].temp_degc; }, 0.04, 0.1,
       0.01, -10, 60},
      {"air_flow", "m^3/s", [](const PlantState& s, std::size_t i) { return s.zones[i].air_flow_m3_s; }, 0.05,
       0.05, 0.01, 0, 20},
      {"occupants", "", [](const PlantState& s, std::size_t i) { return double{1} * s.zones[i].occupants; },
       0, 0, 1, 0, 500},
  };
}

std::vector<Channel> weather_channels() {
  return {
      {"outdoor_temp", "degC", [](const PlantState& s, std::size_t) { return s.weather.outdoor_degc; }, 0.05,
       0.1, 0.1, -50, 60},
      {"irradiance", "W/m^2", [](const PlantState& s, std::size_t) { return s.weather.irradiance_w_m2; }, 4,
       0, 1, 0, 1500},
  };
}

}  // namespace

std::vector<Device> plant_devices() {
  std::vector<Device> devices;
  const auto add = [&](const char* source, const std::string& subject, std::size_t index,
                       schema::Duration period, std::vector<Channel> channels) {
    devices.push_back({source, subject, index, period, std::move(channels)});
  };
  for (std::size_t i = 0; i < kPumps; ++i) {
    add("bms", "pump-" + std::to_string(i + 1), i, kFast, pump_channels());
  }
  for (std::size_t i = 0; i < kChillers; ++i) {
    add("bms", "ch-" + std::to_string(i + 1), i, kNormal, chiller_channels());
  }
  add("bms", "loop-1", 0, kNormal, loop_channels());
  add("bms", "ahu-1", 0, kNormal, air_handler_channels());
  for (std::size_t i = 0; i < kZones; ++i) {
    add("zone-controllers", "zone-" + std::to_string(i + 1), i, kNormal, zone_channels());
  }
  add("weather-station", "site", 0, kSlow, weather_channels());
  return devices;
}

}  // namespace pollux::examples::chilled_water
