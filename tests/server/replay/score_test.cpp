#include "server/replay/score.h"

#include <gmock/gmock.h>

#include "server/replay/score_report.h"

namespace pollux::server {
namespace {

using ::testing::HasSubstr;

TEST(Agreement, GivesTheUsualFigures) {
  Agreement agreement;
  for (int i = 0; i < 6; ++i) agreement.add(true, true);
  for (int i = 0; i < 2; ++i) agreement.add(false, true);
  for (int i = 0; i < 4; ++i) agreement.add(true, false);
  for (int i = 0; i < 18; ++i) agreement.add(false, false);
  EXPECT_DOUBLE_EQ(*agreement.precision(), 0.75);
  EXPECT_DOUBLE_EQ(*agreement.recall(), 0.6);
  EXPECT_DOUBLE_EQ(*agreement.f1(), 2 * 0.75 * 0.6 / (0.75 + 0.6));
  EXPECT_DOUBLE_EQ(*agreement.false_alarm_rate(), 0.1);
}

TEST(Agreement, HasNoFigureWhereThereIsNothingToDivideBy) {
  const Agreement none;
  EXPECT_FALSE(none.precision() || none.recall() || none.f1() || none.false_alarm_rate());
}

TEST(Score, RefusesAMappingThatFeedsTheLabelsToTheTwin) {
  const auto mapping = std::get<Mapping>(parse_mapping(
      "source: rig\ntime: { column: t, format: unix_s }\ncolumns: { anomaly: { to: loop.x } }\n",
      "map.yaml"));
  const auto scores = score_runs({}, mapping, {{"a.csv"}, "anomaly", 0, {}});
  ASSERT_FALSE(scores.ok());
  EXPECT_THAT(scores.error().text(), HasSubstr("map.yaml:3"));
  EXPECT_THAT(scores.error().text(), HasSubstr("label"));
}

TEST(Score, AddsRunsUpRowByRow) {
  RunScore a;
  a.rows = 10;
  a.agreement = {4, 1, 2, 3};
  a.intervals = {{0, 10, schema::kSecond}};
  a.constraints = {{"c", {4, 1, 2, 3}, 1}};
  RunScore b = a;
  b.intervals = {{0, 10, std::nullopt}};
  const RunScore total = total_of({a, b});
  EXPECT_EQ(total.rows, 20u);
  EXPECT_EQ(total.agreement.true_positive, 8u);
  EXPECT_EQ(total.intervals.size(), 2u);
  EXPECT_EQ(total.constraints[0].unknown_rows, 2u);
}

TEST(ScoreReport, ShowsMissedIntervalsAndFiguresThatDoNotExist) {
  RunScore score;
  score.run = "valve1/0.csv";
  score.rows = 10;
  score.agreement = {0, 0, 4, 6};
  score.intervals = {{0, 10, std::nullopt}};
  const std::string table = score_table({score}, false);
  EXPECT_THAT(table, HasSubstr("missed"));
  EXPECT_THAT(table, HasSubstr("0/1 found"));
  EXPECT_THAT(score_json({score}), HasSubstr("\"precision\":null"));
}

}  // namespace
}  // namespace pollux::server
