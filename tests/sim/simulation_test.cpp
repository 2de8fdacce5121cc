// Random twins under seeded scheduling and faults; see simulation.h for what is held against what.
// POLLUX_SIMULATION_CASES sets how many, POLLUX_SIMULATION_SEED where they start.
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "schema/model_file.h"

namespace pollux::sim {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Case {
  std::string model_text;
  std::shared_ptr<const schema::Model> model;
  RandomCase random;
};

Case make_case(std::uint64_t seed) {
  Random random(seed);
  Case one;
  one.model_text = random_model(random);
  auto loaded = schema::load_model(one.model_text, "random.yaml");
  if (!std::holds_alternative<schema::Model>(loaded)) std::abort();
  one.model = std::make_shared<const schema::Model>(std::move(std::get<schema::Model>(loaded)));
  random_events(random, *one.model, one.random);
  return one;
}

constexpr std::uint64_t kOtherSchedules = 4;

TEST(Simulation, TheSameSeedGivesTheSameRunAndAnotherSeedAnotherRunToTheSameState) {
  constexpr std::uint64_t kCases = 50;
  std::size_t different = 0;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    const Case one = make_case(seed);
    Conditions conditions = random_conditions(seed, one.random.deliveries);
    const SimulationOutcome first = simulate(one.model, one.random.deliveries, conditions);
    const SimulationOutcome again = simulate(one.model, one.random.deliveries, conditions);
    EXPECT_EQ(first.trace, again.trace);
    EXPECT_EQ(first.steps, again.steps);
    EXPECT_EQ(first.changes, again.changes);
    EXPECT_EQ(first.digest, again.digest);

    conditions.wall_clock_s = 0;
    std::set<std::uint64_t> traces;
    std::set<std::string> digests;
    for (std::uint64_t other = 0; other < kOtherSchedules; ++other) {
      conditions.seed = seed + other * 1'000'000;
      const SimulationOutcome outcome = simulate(one.model, one.random.deliveries, conditions);
      traces.insert(outcome.trace);
      digests.insert(outcome.digest);
    }
    different += traces.size();
    EXPECT_EQ(digests.size(), 1u);
  }
  // A small case may come to the same choices twice.
  EXPECT_GT(different, 3 * kCases);
}

TEST(Simulation, KeepsEveryPromiseThroughCrashesFailuresDeathsAndLostOrRepeatedDeliveries) {
  const std::uint64_t first = from_environment("POLLUX_SIMULATION_SEED", 1);
  const std::uint64_t cases = from_environment("POLLUX_SIMULATION_CASES", 2'000);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const Case one = make_case(seed);
    const SimulationOutcome outcome =
        simulate(one.model, one.random.deliveries, random_conditions(seed, one.random.deliveries));
    tally += outcome.tally;
    ASSERT_EQ(outcome.wrong, "") << "seed " << seed << ", model:\n" << one.model_text;
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
