#include "examples/chilled-water/simulator/plant.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pollux::examples::chilled_water {
namespace {

constexpr double kStepSeconds = static_cast<double>(Plant::kStep) / static_cast<double>(schema::kSecond);
constexpr schema::Duration kSettling = 3 * schema::kHour;

/// How bad a fully developed fault is, as a share of what is lost.
constexpr double kPumpFlowLost = 0.95;
constexpr double kChillerCapacityLost = 0.6;
constexpr double kChillerEfficiencyLost = 0.5;
constexpr double kCoilTransferLost = 0.5;

/// One step of a first-order lag towards `target`.
double towards(double value, double target, double time_constant_s) {
  return value + (target - value) * (1 - std::exp(-kStepSeconds / time_constant_s));
}

/// Effectiveness of a counterflow heat exchanger (NTU method; Incropera, Fundamentals of Heat and Mass
/// Transfer, eq. 11.29).
double counterflow_effectiveness(double ntu, double capacity_ratio) {
  if (capacity_ratio > 0.999) return ntu / (1 + ntu);
  const double decay = std::exp(-ntu * (1 - capacity_ratio));
  return (1 - decay) / (1 - capacity_ratio * decay);
}

}  // namespace

PlantParameters PlantParameters::office() {
  PlantParameters parameters;
  parameters.zones[0].equipment_kw = 46;
  parameters.zones[1].equipment_kw = 43;
  parameters.zones[2].equipment_kw = 52;
  parameters.zones[2].solar_aperture_m2 = 24;
  parameters.zones[3].people_peak = 80;
  return parameters;
}

Plant::Plant(const PlantParameters& parameters, schema::EventTime start, std::uint64_t seed,
             std::vector<Fault> faults)
    : parameters_(parameters), start_(start), seed_(seed), faults_(std::move(faults)) {
  state_.time = start - kSettling;
  while (state_.time < start) step();
}

double Plant::wear(Fault::Kind kind) const {
  return development(faults_, kind, state_.time - start_);
}

void Plant::step() {
  state_.time += kStep;
  state_.weather = weather_at(state_.time, seed_);
  move_water();
  cool_air();
  chill_water();
  warm_zones();
}

// Both duty pumps run at one speed, which holds the supply air at its setpoint. The controller sees no flow
// meter: it takes for granted that speed is flow, so a worn pump goes unnoticed until it runs flat out.
void Plant::move_water() {
  constexpr double kProportional = 0.04;  // per K
  constexpr double kIntegral = 0.0004;    // per K and s
  constexpr double kSpeedMin = 0.3;
  const double too_warm = state_.supply_air_degc - parameters_.supply_air_setpoint_degc;
  state_.pump_integral =
      std::clamp(state_.pump_integral + kIntegral * too_warm * kStepSeconds, kSpeedMin, 1.0);
  const double speed = std::clamp(state_.pump_integral + kProportional * too_warm, kSpeedMin, 1.0);

  const std::array<double, 2> worn = {wear(Fault::Kind::pump_1_wear), wear(Fault::Kind::pump_2_wear)};
  state_.flow_l_s = 0;
  state_.required_flow_l_s = 0;
  for (std::size_t i = 0; i < worn.size(); ++i) {
    PumpState& pump = state_.pumps[i];
    pump.speed = towards(pump.speed, speed, 10);
    const double asked = parameters_.pump_rated_l_s * pump.speed;
    pump.flow_l_s = asked * (1 - kPumpFlowLost * worn[i]);
    // Affinity law: power goes with the cube of speed; a slipping impeller is unloaded to about half.
    pump.power_kw = parameters_.pump_rated_kw * std::pow(pump.speed, 3) * (1 - 0.5 * worn[i]);
    state_.flow_l_s += pump.flow_l_s;
    state_.required_flow_l_s += asked;
  }
}

void Plant::cool_air() {
  double return_heat = 0;
  state_.air_flow_m3_s = 0;
  for (const ZoneState& zone : state_.zones) {
    state_.air_flow_m3_s += zone.air_flow_m3_s;
    return_heat += zone.air_flow_m3_s * zone.temp_degc;
  }
  state_.return_air_degc = return_heat / state_.air_flow_m3_s;
  const double outdoor = parameters_.outdoor_air_share;
  state_.mixed_air_degc = outdoor * state_.weather.outdoor_degc + (1 - outdoor) * state_.return_air_degc;

  const double air_kw_k = kAirKjPerM3K * state_.air_flow_m3_s;
  const double water_kw_k = kWaterKjPerLitreK * state_.flow_l_s;
  const double lesser = std::min(air_kw_k, water_kw_k);
  const double rated_flow = 2 * parameters_.pump_rated_l_s;
  const double transfer = parameters_.coil_kw_k * std::pow(state_.flow_l_s / rated_flow, 0.6) *
                          (1 - kCoilTransferLost * wear(Fault::Kind::coil_1_fouling));
  const double effectiveness =
      counterflow_effectiveness(transfer / lesser, lesser / std::max(air_kw_k, water_kw_k));
  state_.coil_cooling_kw =
      std::max(0.0, effectiveness * lesser * (state_.mixed_air_degc - state_.supply_degc));
  state_.supply_air_degc = state_.mixed_air_degc - state_.coil_cooling_kw / air_kw_k;
  state_.fan_power_kw = 0.002 * std::pow(state_.air_flow_m3_s, 2.5) / 2;
}

// The return line and the chillers' water smooth what the coil does; each chiller takes half of the flow.
void Plant::chill_water() {
  constexpr double kLineSeconds = 45;
  constexpr double kChillerSeconds = 60;
  const double water_kw_k = kWaterKjPerLitreK * state_.flow_l_s;
  const double leaving_coil = state_.supply_degc + state_.coil_cooling_kw / water_kw_k;
  state_.return_degc = towards(state_.return_degc, leaving_coil, kLineSeconds);

  const std::array<double, kChillers> fouled = {wear(Fault::Kind::ch_1_fouling),
                                                wear(Fault::Kind::ch_2_fouling)};
  const double each_kw_k = water_kw_k / kChillers;
  state_.supply_degc = 0;
  for (std::size_t i = 0; i < kChillers; ++i) {
    ChillerState& chiller = state_.chillers[i];
    const double capacity = parameters_.chiller_capacity_kw * (1 - kChillerCapacityLost * fouled[i]);
    const double coldest = state_.return_degc - capacity / each_kw_k;
    chiller.supply_degc =
        towards(chiller.supply_degc, std::max(parameters_.chiller_setpoint_degc, coldest), kChillerSeconds);
    chiller.cooling_kw = std::max(0.0, each_kw_k * (state_.return_degc - chiller.supply_degc));
    const double efficiency =
        (5.5 - 0.06 * (state_.weather.outdoor_degc - 25)) * (1 - kChillerEfficiencyLost * fouled[i]);
    chiller.power_kw = 2 + chiller.cooling_kw / efficiency;
    state_.supply_degc += chiller.supply_degc / kChillers;
  }
}

// Each zone's damper holds its temperature with a proportional-integral controller.
void Plant::warm_zones() {
  constexpr double kProportional = 3;  // m3/s per K
  constexpr double kIntegral = 0.004;  // m3/s per K and s
  constexpr double kAirFlowMin = 1.5;
  for (std::size_t i = 0; i < kZones; ++i) {
    const ZoneParameters& is = parameters_.zones[i];
    ZoneState& zone = state_.zones[i];
    zone.occupants = occupants_at(state_.time, i, is.people_peak, seed_);
    zone.gain_kw = is.heat_loss_kw_k * (state_.weather.outdoor_degc - zone.temp_degc) +
                   kKwPerPerson * zone.occupants + is.equipment_kw +
                   is.solar_aperture_m2 * state_.weather.irradiance_w_m2 / 1000;
    zone.cooling_kw = kAirKjPerM3K * zone.air_flow_m3_s * (zone.temp_degc - state_.supply_air_degc);
    zone.temp_degc += (zone.gain_kw - zone.cooling_kw) / is.capacity_kj_k * kStepSeconds;

    const double too_warm = zone.temp_degc - is.setpoint_degc;
    zone.damper_integral = std::clamp(zone.damper_integral + kIntegral * too_warm * kStepSeconds, kAirFlowMin,
                                      is.air_flow_max_m3_s);
    const double wanted =
        std::clamp(zone.damper_integral + kProportional * too_warm, kAirFlowMin, is.air_flow_max_m3_s);
    zone.air_flow_m3_s = towards(zone.air_flow_m3_s, wanted, 20);
  }
}

}  // namespace pollux::examples::chilled_water
