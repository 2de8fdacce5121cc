// What can break in the simulated plant, and when.
#pragma once

#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"

namespace pollux::examples::chilled_water {

/// One thing that gets worse from `onset` on (after the start of the run), fully developed after
/// `kDevelopment`.
struct Fault {
  enum class Kind {
    pump_1_wear,     ///< The impeller moves ever less water at the same speed.
    pump_2_wear,     ///< The same for the other duty pump.
    ch_1_fouling,    ///< The condenser fouls: less capacity, more power.
    ch_2_fouling,    ///< The same for the other chiller.
    coil_1_fouling,  ///< The coil hands on less heat at the same flow.
  };
  static constexpr schema::Duration kDevelopment = 10 * schema::kMinute;

  Kind kind = Kind::pump_1_wear;
  schema::Duration onset = 0;
};

/// Parses `pump-1-wear@10min`. Errors: invalid, with the names there are.
schema::Result<Fault> parse_fault(std::string_view text);

/// How far faults of `kind` have developed at `elapsed` since the start of the run: 0 none, 1 fully.
double development(const std::vector<Fault>& faults, Fault::Kind kind, schema::Duration elapsed);

}  // namespace pollux::examples::chilled_water
