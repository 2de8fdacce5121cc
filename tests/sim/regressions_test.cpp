// What simulation once found, kept: each file of tests/sim/regressions is simulated as it stands, and under
// other schedules.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/case_file.h"

namespace pollux::sim {
namespace {

constexpr std::uint64_t kSchedules = 20;

class Regressions : public ::testing::TestWithParam<std::string> {};

TEST_P(Regressions, StayFixed) {
  CaseFile file = read_regression(GetParam());
  std::string why;
  const auto one = load(file, why);
  ASSERT_TRUE(one) << why;
  for (std::uint64_t schedule = 0; schedule < kSchedules; ++schedule, ++file.conditions.seed) {
    EXPECT_EQ(simulate(one->model, one->deliveries, file.conditions).wrong, "") << to_text(file);
  }
}

TEST_P(Regressions, AreWrittenAsTheyAreRead) {
  const CaseFile file = read_regression(GetParam());
  EXPECT_EQ(to_text(read_case_file(to_text(file))), to_text(file));
}

INSTANTIATE_TEST_SUITE_P(All, Regressions, ::testing::ValuesIn(regression_names()), [](const auto& name) {
  std::string identifier = name.param;
  std::ranges::replace(identifier, '-', '_');
  return identifier;
});

}  // namespace
}  // namespace pollux::sim
