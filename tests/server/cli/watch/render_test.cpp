#include "server/cli/watch/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pollux::server::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

ShownEntity pump(const std::string& id, double flow) {
  return {id,
          "Pump",
          "asset",
          {{"rated_flow", "parameter", {10.0, "", "L/s", "good", ""}},
           {"flow", "observed", {flow, "", "L/s", "good", ""}},
           {"cop", "derived", {std::nullopt, "", "", "bad", "division_by_zero"}}}};
}

ShownCause flow_of(const std::string& pump) {
  return {pump, "flow", "observed", {0.5, "", "L/s", "good", ""}, {}};
}

Picture violated_plant() {
  Picture picture;
  picture.clock = "2026-07-15T13:31:05Z";
  picture.position = "42";
  picture.entities = {pump("pump-1", 0.5), pump("pump-2", 9.75)};
  picture.constraints = {
      {"pump-1-delivery", "violated", "2026-07-15T13:20:10Z", "critical", "flow >= 0.85 * expected", "3 min"},
      {"pump-2-delivery", "satisfied", "", "critical", "flow >= 0.85 * expected", "3 min"}};
  picture.explanations = {{"pump-1-delivery", "status", "derived", {}, {flow_of("pump-1")}}};
  return picture;
}

TEST(Render, ShowsATableOfEachTypeWithoutParameters) {
  const std::string text = render(violated_plant(), {});
  EXPECT_THAT(text, HasSubstr("Pump    flow L/s  cop\n"
                              "pump-1      0.50    -\n"
                              "pump-2      9.75    -\n"));
  EXPECT_THAT(text, Not(HasSubstr("rated_flow")));
}

TEST(Render, ShowsWhatIsViolatedSinceWhenByWhichRuleAndWhy) {
  const std::string text = render(violated_plant(), {});
  EXPECT_THAT(
      text,
      HasSubstr("violated  pump-1-delivery  critical since 13:20:10  flow >= 0.85 * expected  for 3 min\n"
                "satisfied pump-2-delivery\n"));
  EXPECT_THAT(text, HasSubstr("why pump-1-delivery\n  pump-1.flow  0.50 L/s\n"));
}

TEST(Render, UsesColoursOnlyWhereTheScreenHasThem) {
  EXPECT_THAT(render(violated_plant(), {.colour = false}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render(violated_plant(), {.colour = true}), HasSubstr("\x1b[1;31m"));
}

TEST(Render, CutsLinesToTheWidthOfTheScreen) {
  const std::string text = render(violated_plant(), {.colour = false, .columns = 40});
  std::size_t start = text.find('\n') + 1;  // the line with the counts is never cut
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 40u) << text.substr(start, end - start);
    start = end + 1;
  }
}

TEST(Render, CutsToTheHeightOfTheScreenAndSaysSo) {
  const std::string text = render(violated_plant(), {.colour = false, .columns = 100, .rows = 4});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_THAT(text, HasSubstr("violated  pump-1-delivery"));
  EXPECT_THAT(text, testing::EndsWith("... 7 more lines on a higher screen\n"));
}

TEST(Render, AViolationThatAnotherOnesCausesTellOfIsNotExplainedAgain) {
  Picture picture = violated_plant();
  picture.explanations.push_back(
      {"loop-flow", "status", "derived", {}, {{"loop", "flow", "derived", {}, {flow_of("pump-1")}}}});
  const std::string text = render(picture, {});
  EXPECT_THAT(text, HasSubstr("chain: loop-flow <- loop.flow <- pump-1.flow"));
  EXPECT_THAT(text, HasSubstr("<< pump-1-delivery is violated too"));
  EXPECT_THAT(text, Not(HasSubstr("why pump-1-delivery")));
}

TEST(Render, NewsTellsAChangeOfStatusOnceWithItsCauses) {
  const Picture now = violated_plant();
  Picture before = now;
  before.constraints[0].status = "satisfied";
  const std::string news = render_news(before, now, {});
  EXPECT_THAT(news, HasSubstr("13:31:05  position 42  1 satisfied, 1 violated, 0 unknown\n"));
  EXPECT_THAT(news, HasSubstr("violated  pump-1-delivery"));
  EXPECT_THAT(news, HasSubstr("why pump-1-delivery"));
  EXPECT_THAT(render_news(now, now, {}), Not(HasSubstr("pump-1-delivery")));
  EXPECT_THAT(render_news(Picture{}, now, {}), Not(HasSubstr("pump-2-delivery")));
}

TEST(Render, AValueThatIsNotGoodIsFollowedByWhy) {
  EXPECT_EQ(text_of({21.5, "", "degC", "good", ""}), "21.50 degC");
  EXPECT_EQ(text_of({21.5, "", "degC", "stale", "no_recent_event"}), "21.50 degC (stale: no_recent_event)");
  EXPECT_EQ(text_of({std::nullopt, "", "kW", "unknown", "not_yet_observed"}),
            "- (unknown: not_yet_observed)");
}

}  // namespace
}  // namespace pollux::server::cli
