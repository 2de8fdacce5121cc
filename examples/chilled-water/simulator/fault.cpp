#include "examples/chilled-water/simulator/fault.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace pollux::examples::chilled_water {
namespace {

constexpr std::array<std::pair<std::string_view, Fault::Kind>, 5> kNames = {{
    {"pump-1-wear", Fault::Kind::pump_1_wear},
    {"pump-2-wear", Fault::Kind::pump_2_wear},
    {"ch-1-fouling", Fault::Kind::ch_1_fouling},
    {"ch-2-fouling", Fault::Kind::ch_2_fouling},
    {"coil-1-fouling", Fault::Kind::coil_1_fouling},
}};

schema::Error unknown_fault(std::string_view text) {
  std::string known;
  for (const auto& [name, kind] : kNames) known.append(known.empty() ? "" : ", ").append(name);
  return {schema::ErrorCode::invalid, "there is no fault '" + std::string(text) + "'", "--fault",
          "write NAME@TIME, for example pump-1-wear@10min; the names are " + known};
}

}  // namespace

schema::Result<Fault> parse_fault(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  const auto* const known =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& entry) { return entry.first == name; });
  if (known == kNames.end() || at == std::string_view::npos) return unknown_fault(text);
  schema::Result<schema::Duration> onset = schema::parse_duration(text.substr(at + 1));
  if (!onset) return onset.error();
  return Fault{known->second, *onset};
}

double development(const std::vector<Fault>& faults, Fault::Kind kind, schema::Duration elapsed) {
  double worst = 0;
  for (const Fault& fault : faults) {
    if (fault.kind != kind) continue;
    const double share =
        static_cast<double>(elapsed - fault.onset) / static_cast<double>(Fault::kDevelopment);
    worst = std::max(worst, std::clamp(share, 0.0, 1.0));
  }
  return worst;
}

}  // namespace pollux::examples::chilled_water
