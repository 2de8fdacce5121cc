// Each bug of actors/propagation/planted_bugs.h is planted, and simulation must find it. Needs the engine
// built with POLLUX_PLANTED_BUGS. POLLUX_SHOW_SHRUNK=1 prints what each finding shrinks to.
#include "actors/propagation/planted_bugs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "schema/model/model_file.h"
#include "tests/sim/isolated.h"
#include "tests/sim/random_case.h"
#include "tests/sim/shrink.h"

namespace pollux::sim {
namespace {

using actors::PlantedBug;

constexpr std::uint64_t kSeedsMax = 10'000;

struct Planted {
  PlantedBug bug;
  const char* name;
  const char* what;
};

constexpr Planted kPlanted[] = {
#define POLLUX_ENTRY(name, what) {PlantedBug::name, #name, what},
    POLLUX_PLANTED_BUG_LIST(POLLUX_ENTRY)
#undef POLLUX_ENTRY
};

class PlantedBugs : public ::testing::TestWithParam<Planted> {
 protected:
  void TearDown() override { actors::planted_bug = PlantedBug::none; }
};

TEST_P(PlantedBugs, AreFoundBySimulationWithinTenThousandSeeds) {
  actors::planted_bug = GetParam().bug;
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const auto one = random_case(seed);
    const std::string found =
        run_isolated([&] { return simulate(one.model, one.deliveries, one.conditions).wrong; });
    if (found.empty()) continue;
    std::cout << GetParam().name << " (" << GetParam().what << ") found by seed " << seed << ": "
              << found.substr(0, found.find('\n')) << "\n";
    RecordProperty("seeds", static_cast<int>(seed));
    if (std::getenv("POLLUX_SHOW_SHRUNK") != nullptr) std::cout << explain_failure(one.file()) << "\n";
    return;
  }
  FAIL() << GetParam().what << ": not found in " << kSeedsMax << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugs, ::testing::ValuesIn(kPlanted),
                         [](const auto& planted) { return planted.param.name; });

/// A regression test of a bug that was planted names it.
TEST(PlantedBugs, FailTheRegressionTestsThatCameOfThem) {
  constexpr std::uint64_t kSchedules = 20;
  for (const std::string& name : regression_names()) {
    CaseFile file = read_regression(name);
    for (const Planted& planted : kPlanted) {
      if (!file.note.ends_with("(planted: " + std::string(planted.name) + ")")) continue;
      actors::planted_bug = planted.bug;
      bool failed = false;
      for (std::uint64_t schedule = 0; !failed && schedule < kSchedules; ++schedule, ++file.conditions.seed) {
        failed = !fails_in_simulation(file).empty();
      }
      EXPECT_TRUE(failed) << name << " does not fail with " << planted.name;
    }
  }
  actors::planted_bug = PlantedBug::none;
}

TEST(PlantedBugs, AreTenAtLeastAndWithoutOneNothingIsFound) {
  EXPECT_GE(std::size(kPlanted), 10u);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto one = random_case(seed);
    EXPECT_EQ(simulate(one.model, one.deliveries, one.conditions).wrong, "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace pollux::sim
