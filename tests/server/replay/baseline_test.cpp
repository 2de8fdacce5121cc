#include "server/replay/baseline.h"

#include <gmock/gmock.h>

#include "server/replay/text_file.h"
#include "tests/server/replay/temporary_file.h"

namespace pollux::server {
namespace {

using schema::BaselineRule;
using schema::Statistic;

double apply(Statistic statistic, double quantile, double margin, std::vector<double> samples) {
  BaselineRule rule;
  rule.statistic = statistic;
  rule.quantile = quantile;
  rule.margin = margin;
  return apply_rule(rule, samples);
}

TEST(BaselineRule, ComputesEachStatistic) {
  const std::vector<double> samples = {4, 1, 3, 2, 5};
  EXPECT_EQ(apply(Statistic::min, 0, 0, samples), 1);
  EXPECT_EQ(apply(Statistic::max, 0, 0, samples), 5);
  EXPECT_EQ(apply(Statistic::mean, 0, 0, samples), 3);
  EXPECT_DOUBLE_EQ(apply(Statistic::stddev, 0, 0, samples), 1.5811388300841898);
  EXPECT_EQ(apply(Statistic::stddev, 0, 0, {7}), 0);
}

TEST(BaselineRule, TakesQuantilesByNearestRank) {
  const std::vector<double> samples = {40, 10, 30, 20};
  EXPECT_EQ(apply(Statistic::quantile, 0.0, 0, samples), 10);
  EXPECT_EQ(apply(Statistic::quantile, 0.25, 0, samples), 10);
  EXPECT_EQ(apply(Statistic::quantile, 0.26, 0, samples), 20);
  EXPECT_EQ(apply(Statistic::quantile, 0.5, 0, samples), 20);
  EXPECT_EQ(apply(Statistic::quantile, 1.0, 0, samples), 40);
}

TEST(BaselineRule, MovesBoundsOutwardsWhateverTheirSign) {
  EXPECT_EQ(apply(Statistic::min, 0, 0.5, {10}), 5);
  EXPECT_EQ(apply(Statistic::min, 0, 0.5, {-10}), -15);
  EXPECT_EQ(apply(Statistic::max, 0, 0.5, {10}), 15);
  EXPECT_EQ(apply(Statistic::max, 0, 0.5, {-10}), -5);
  EXPECT_EQ(apply(Statistic::quantile, 0.1, 0.5, {10}), 5);
  EXPECT_EQ(apply(Statistic::quantile, 0.9, 0.5, {10}), 15);
}

constexpr const char* kModel = R"(twin: t
types:
  Pump:
    kind: asset
    parameters:
      nominal: { unit: L/min, default: 1 L/min, baseline: { of: flow, statistic: mean } }
      # Depends on the parameter above, so that one pass does not do.
      widest: { default: 0, baseline: { of: deviation, statistic: max, margin: 0.5 } }
    observed: { flow: { unit: L/min } }
    derived: { deviation: { is: abs(flow / nominal - 1) } }
entities:
  a: { type: Pump }
  b: { type: Pump }
sources:
  rig: {}
)";
constexpr const char* kMap = R"(source: rig
time: { column: t, format: unix_s }
columns: { x: { to: a.flow, unit: L/s }, y: { to: b.flow } }
)";

class LearnBaselineTest : public ::testing::Test {
 protected:
  schema::Result<Baseline> learn(RowRange rows, std::vector<std::string> only, const std::string& text) {
    const auto mapping = std::get<Mapping>(parse_mapping(kMap, "map.yaml"));
    return learn_baseline({"m.yaml", kModel, {}}, mapping,
                          {folder_.write("run.csv", text), rows, std::move(only)});
  }

  TemporaryFolder folder_;
};

TEST_F(LearnBaselineTest, LearnsParametersThatDependOnOthersFromTheRowsGiven) {
  const auto baseline = learn({2, 3}, {}, "t,x,y\n1,999,999\n2,1,10\n3,3,10\n4,999,999\n");
  ASSERT_TRUE(baseline.ok()) << baseline.error().text();
  ASSERT_EQ(baseline->parameters.size(), 4u);
  EXPECT_EQ(baseline->parameters[0].value, 120);  // mean of 60 and 180 L/min
  EXPECT_EQ(baseline->parameters[1].value, 0.75);
  EXPECT_EQ(baseline->parameters[2].value, 10);
  EXPECT_EQ(baseline->parameters[3].value, 0);
  EXPECT_EQ(baseline->rows, 2u);
  EXPECT_EQ(baseline->first_row, 2u);
  EXPECT_EQ(baseline->last_row, 3u);
}

TEST_F(LearnBaselineTest, WritesTheSameBytesForTheSameInputAndReadsThemBack) {
  const std::string run = "t,x,y\n1,1.1,10\n2,1.3,11\n3,1.7,12\n";
  const auto first = learn({}, {}, run);
  const auto second = learn({}, {}, run);
  ASSERT_TRUE(first.ok() && second.ok());
  const std::string text = parameter_file_text(*first, "m.yaml");
  EXPECT_EQ(text, parameter_file_text(*second, "m.yaml"));
  EXPECT_THAT(text, ::testing::HasSubstr(*hash_of_file(folder_.path("run.csv"))));
  const auto model = load({"m.yaml", kModel, {{"p.yaml", text}}});
  ASSERT_TRUE(model.ok()) << model.error().text();
  const schema::EntityIndex a = (*model)->find_entity("a");
  EXPECT_EQ((*model)->parameter(a, (*model)->type_of(a).find_attribute("widest")).as_number(),
            first->parameters[1].value);
}

TEST_F(LearnBaselineTest, LearnsOnlyWhatIsAskedFor) {
  const auto baseline = learn({}, {"*.nominal"}, "t,x,y\n1,1,10\n");
  ASSERT_TRUE(baseline.ok());
  EXPECT_EQ(baseline->parameters.size(), 2u);
  EXPECT_FALSE(learn({}, {"c.*"}, "t,x,y\n1,1,10\n").ok());
}

TEST_F(LearnBaselineTest, NamesWhatCannotBeLearned) {
  const auto baseline = learn({}, {}, "t,x,y\n1,1,\n2,1,\n");
  ASSERT_FALSE(baseline.ok());
  EXPECT_THAT(baseline.error().text(), ::testing::HasSubstr("b.nominal (of flow), b.widest (of deviation)"));
}

}  // namespace
}  // namespace pollux::server
