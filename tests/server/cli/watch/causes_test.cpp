#include "server/cli/watch/causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pollux::server::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ShownCause cause(const std::string& entity, const std::string& attribute, std::vector<ShownCause> inputs = {},
                 const std::string& role = "observed") {
  return {entity, attribute, role, {1.0, "", "", "good", ""}, std::move(inputs)};
}

ShownCause pump_flow(const std::string& pump) {
  return cause(pump, "flow");
}

/// Comfort follows from the zone and, through coil and loop, from two pumps.
ShownCause comfort() {
  ShownCause loop = cause("loop", "flow", {pump_flow("pump-1"), pump_flow("pump-2")}, "derived");
  ShownCause coil = cause("coil", "cooling", {loop, cause("chiller", "temp")}, "derived");
  return cause("comfort", "status",
               {cause("zone", "temp"), cause("zone", "setpoint", {}, "parameter"),
                cause("zone", "cooling", {coil}, "derived")},
               "derived");
}

ShownCause delivery() {
  return cause("delivery", "status", {pump_flow("pump-1"), cause("pump-1", "expected")}, "derived");
}

std::vector<std::string> names(const CauseStory& story) {
  std::vector<std::string> names;
  for (const CauseLine& line : story.lines) names.push_back(line.name);
  return names;
}

TEST(Causes, TheChainLeadsToWhatAMoreSpecificViolatedConstraintWatches) {
  const CauseStory story = tell({comfort(), delivery()}, 0);
  EXPECT_THAT(story.chain,
              ElementsAre("comfort", "zone.cooling", "coil.cooling", "loop.flow", "pump-1.flow"));
}

TEST(Causes, OnlyTheWayToTheRootIsKeptBelowTheDirectInputs) {
  const CauseStory story = tell({comfort(), delivery()}, 0);
  EXPECT_THAT(names(story),
              ElementsAre("zone.temp", "zone.cooling", "coil.cooling", "loop.flow", "pump-1.flow"));
  EXPECT_THAT(story.lines.back().also_violated, ElementsAre("delivery"));
  EXPECT_EQ(story.lines.back().depth, 3u);
}

TEST(Causes, ABroaderViolatedConstraintIsNoCauseOfANarrowerOne) {
  const CauseStory story = tell({comfort(), delivery()}, 1);
  EXPECT_THAT(story.chain, ElementsAre("delivery"));
  for (const CauseLine& line : story.lines) EXPECT_THAT(line.also_violated, IsEmpty());
}

TEST(Causes, WithNothingMoreSpecificViolatedTwoLevelsAreShownAndWhatIsCutIsSaid) {
  const CauseStory story = tell({comfort()}, 0);
  EXPECT_THAT(names(story), ElementsAre("zone.temp", "zone.cooling", "coil.cooling"));
  EXPECT_TRUE(story.lines.back().more);
  EXPECT_THAT(story.chain, ElementsAre("comfort"));
}

TEST(Causes, ParametersAreNotCausesForTheyDidNotChange) {
  EXPECT_THAT(names(tell({comfort()}, 0)), testing::Not(testing::Contains("zone.setpoint")));
}

TEST(Causes, TheMostSpecificConstraintIsToldFirst) {
  const std::vector<CauseStory> stories = tell_all({comfort(), delivery()});
  ASSERT_EQ(stories.size(), 2u);
  EXPECT_EQ(stories[0].constraint, "delivery");
  EXPECT_EQ(stories[1].constraint, "comfort");
}

TEST(Causes, AStoryStaysShortHoweverWideTheExplanation) {
  std::vector<ShownCause> inputs;
  for (int i = 0; i < 500; ++i) inputs.push_back(pump_flow("pump-" + std::to_string(i)));
  EXPECT_LE(tell({cause("wide", "status", inputs)}, 0).lines.size(), 24u);
}

}  // namespace
}  // namespace pollux::server::cli
