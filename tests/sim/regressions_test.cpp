// What simulation once found, kept: each file of tests/sim/regressions is simulated as it stands, and under
// other schedules.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/sim/case_file.h"

namespace pollux::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSchedules = 20;

std::vector<std::string> regressions() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(POLLUX_SOURCE_DIR "/tests/sim/regressions")) {
    if (file.path().extension() == ".yaml") names.push_back(file.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class Regressions : public ::testing::TestWithParam<std::string> {
 protected:
  static CaseFile read() {
    std::ifstream in(POLLUX_SOURCE_DIR "/tests/sim/regressions/" + GetParam() + ".yaml");
    std::stringstream text;
    text << in.rdbuf();
    return read_case_file(text.str());
  }
};

TEST_P(Regressions, StayFixed) {
  CaseFile file = read();
  std::string why;
  const auto one = load(file, why);
  ASSERT_TRUE(one) << why;
  for (std::uint64_t schedule = 0; schedule < kSchedules; ++schedule, ++file.conditions.seed) {
    EXPECT_EQ(simulate(one->model, one->deliveries, file.conditions).wrong, "") << to_text(file);
  }
}

TEST_P(Regressions, AreWrittenAsTheyAreRead) {
  const CaseFile file = read();
  EXPECT_EQ(to_text(read_case_file(to_text(file))), to_text(file));
}

INSTANTIATE_TEST_SUITE_P(All, Regressions, ::testing::ValuesIn(regressions()), [](const auto& name) {
  std::string identifier = name.param;
  std::ranges::replace(identifier, '-', '_');
  return identifier;
});

}  // namespace
}  // namespace pollux::sim
