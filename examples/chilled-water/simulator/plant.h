// The physics of a small chilled-water plant: two chillers, two duty pumps and a standby, a cooling coil in
// an air handler, four zones. First-order dynamics, feedback control, no randomness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "examples/chilled-water/simulator/fault.h"
#include "examples/chilled-water/simulator/weather.h"
#include "schema/time.h"

namespace pollux::examples::chilled_water {

inline constexpr std::size_t kZones = 4;
inline constexpr std::size_t kPumps = 3;  ///< The last one is the standby and never runs by itself.
inline constexpr std::size_t kChillers = 2;

/// Heat carried by a litre of water and by a cubic metre of air, per kelvin.
inline constexpr double kWaterKjPerLitreK = 4.186;
inline constexpr double kAirKjPerM3K = 1.207;
inline constexpr double kKwPerPerson = 0.12;

/// What a zone is: constants of the building. The twin's model has the same numbers as parameters.
struct ZoneParameters {
  double setpoint_degc = 23;
  double heat_loss_kw_k = 3;      ///< Through the envelope, per kelvin to the outside.
  double equipment_kw = 40;       ///< Lights and machines, always on.
  double solar_aperture_m2 = 15;  ///< Times irradiance is the sun's heat.
  double capacity_kj_k = 8'000;   ///< Heat to warm air and furniture by a kelvin.
  double air_flow_max_m3_s = 9.5;
  unsigned people_peak = 100;
};

/// What the building and machines are.
struct PlantParameters {
  std::array<ZoneParameters, kZones> zones;
  double pump_rated_l_s = 10;
  double pump_rated_kw = 11;
  double chiller_capacity_kw = 290;
  double chiller_setpoint_degc = 6.5;
  double coil_kw_k = 62;  ///< Heat transfer at the rated flow of both duty pumps.
  double supply_air_setpoint_degc = 13;
  double outdoor_air_share = 0.2;

  /// Four office floors; the third faces west and is the hottest in the afternoon.
  static PlantParameters office();
};

struct ZoneState {
  double temp_degc = 23;
  double air_flow_m3_s = 5;
  unsigned occupants = 0;
  double damper_integral = 0;
  double gain_kw = 0;     ///< Heat that entered during the last step, mean power.
  double cooling_kw = 0;  ///< Heat that the air took away during the last step, mean power.
};

struct PumpState {
  double speed = 0;  ///< 0 to 1.
  double flow_l_s = 0;
  double power_kw = 0;
};

struct ChillerState {
  double supply_degc = 6.5;
  double cooling_kw = 0;
  double power_kw = 0;
};

/// Everything that is true in the plant at one moment.
struct PlantState {
  schema::EventTime time = 0;
  Weather weather;
  std::array<ZoneState, kZones> zones;
  std::array<PumpState, kPumps> pumps;
  std::array<ChillerState, kChillers> chillers;
  double flow_l_s = 0;           ///< Through the coil; the pumps' together.
  double required_flow_l_s = 0;  ///< What the controller believes it asked the pumps for.
  double supply_degc = 6.5;      ///< Water to the coil.
  double return_degc = 12.5;     ///< Water back at the chillers.
  double coil_cooling_kw = 0;    ///< From the air to the water.
  double air_flow_m3_s = 0;      ///< Through the coil; the zones' together.
  double mixed_air_degc = 25;    ///< Before the coil.
  double return_air_degc = 23;   ///< From the zones, before outdoor air is mixed in.
  double supply_air_degc = 13;   ///< After the coil.
  double fan_power_kw = 0;
  double pump_integral = 0.8;
};

/// A plant that runs. A pure function of its parameters, start, seed and faults: the same steps give the same
/// states, bit for bit. Not thread-safe.
class Plant {
 public:
  static constexpr schema::Duration kStep = schema::kSecond;

  /// At `start` after a few hours of healthy running, so that temperatures and controllers have settled.
  Plant(const PlantParameters& parameters, schema::EventTime start, std::uint64_t seed,
        std::vector<Fault> faults);

  /// Goes on by `kStep`.
  void step();

  const PlantState& state() const { return state_; }

 private:
  double wear(Fault::Kind kind) const;
  void move_water();
  void cool_air();
  void chill_water();
  void warm_zones();

  PlantParameters parameters_;
  schema::EventTime start_;
  std::uint64_t seed_;
  std::vector<Fault> faults_;
  PlantState state_;
};

}  // namespace pollux::examples::chilled_water
