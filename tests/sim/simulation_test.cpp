// Random twins under seeded scheduling and faults; see simulation.h for what is held against what.
// POLLUX_SIMULATION_CASES sets how many, POLLUX_SIMULATION_SEED where they start.
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/sim/random_case.h"
#include "tests/sim/shrink.h"

namespace pollux::sim {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::uint64_t kOtherSchedules = 4;

TEST(Simulation, TheSameSeedGivesTheSameRunAndAnotherSeedAnotherRunToTheSameState) {
  constexpr std::uint64_t kCases = 50;
  std::size_t different = 0;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    const SimulationCase one = random_case(seed);
    Conditions conditions = one.conditions;
    const SimulationOutcome first = simulate(one.model, one.deliveries, conditions);
    const SimulationOutcome again = simulate(one.model, one.deliveries, conditions);
    EXPECT_EQ(first.trace, again.trace);
    EXPECT_EQ(first.steps, again.steps);
    EXPECT_EQ(first.changes, again.changes);
    EXPECT_EQ(first.digest, again.digest);

    conditions.wall_clock_s = 0;
    std::set<std::uint64_t> traces;
    std::set<std::string> digests;
    for (std::uint64_t other = 0; other < kOtherSchedules; ++other) {
      conditions.seed = seed + other * 1'000'000;
      const SimulationOutcome outcome = simulate(one.model, one.deliveries, conditions);
      traces.insert(outcome.trace);
      digests.insert(outcome.digest);
    }
    different += traces.size();
    // Another schedule makes other epochs, on which the state depends where the model samples.
    EXPECT_TRUE(digests.size() == 1 || one.model->samples());
  }
  // A small case may come to the same choices twice.
  EXPECT_GT(different, 3 * kCases);
}

TEST(Simulation, KeepsEveryPromiseThroughCrashesFailuresDeathsAndLostOrRepeatedDeliveries) {
  const std::uint64_t first = from_environment("POLLUX_SIMULATION_SEED", 1);
  const std::uint64_t cases = from_environment("POLLUX_SIMULATION_CASES", 2'000);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const SimulationCase one = random_case(seed);
    const SimulationOutcome outcome = simulate(one.model, one.deliveries, one.conditions);
    tally += outcome.tally;
    ASSERT_EQ(outcome.wrong, "") << "seed " << seed << "; " << explain_failure(one.file());
  }
  for (const auto& [name, count] : kTallies) {
    RecordProperty(name, static_cast<int>(tally.*count));
    if (cases >= 1'000) {
      EXPECT_GT(tally.*count, 0u) << name << ": this never happens";
    }
  }
}

}  // namespace
}  // namespace pollux::sim
