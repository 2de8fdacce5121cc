#include "server/replay/score.h"

#include <gmock/gmock.h>

#include "server/replay/score_report.h"
#include "tests/server/replay/temporary_file.h"

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
  EXPECT_FALSE(score_runs({}, mapping, {{"a.csv"}, "t", 0, {}}).ok());
}

// A tank that must not be fuller than 10, for 2 s; the level is off at rows 4 to 8, which makes the
// constraint violated from row 6 (2 s after row 4) to row 8. The labels are rows 5 to 9, and row 12.
TEST(Score, ComparesEachRowWithItsLabelAndMeasuresTheDelay) {
  const ModelText model{"m.yaml",
                        R"(twin: t
types:
  Tank: { kind: asset, observed: { level: {} } }
  NotFull: { kind: constraint, inputs: { level: {} }, requires: level <= 10, for: 2 s }
entities:
  tank: { type: Tank }
  not-full: { type: NotFull, inputs: { level: tank.level } }
sources:
  rig: {}
)",
                        {}};
  const auto mapping = std::get<Mapping>(parse_mapping(
      "source: rig\ntime: { column: t, format: unix_s }\ncolumns: { level: { to: tank.level } }\n",
      "map.yaml"));
  std::string rows = "t,level,fault\n";
  for (int row = 1; row <= 14; ++row) {
    const bool off = row >= 4 && row <= 8;
    const bool labelled = (row >= 5 && row <= 9) || row == 12;
    rows += std::to_string(100 + row) + (off ? ",11," : ",5,") + (labelled ? "1.0\n" : "0.0\n");
  }
  TemporaryFolder folder;
  const auto scores = score_runs(model, mapping, {{folder.write("a.csv", rows)}, "fault", 0, {}});
  ASSERT_TRUE(scores.ok()) << scores.error().text();
  const RunScore& score = scores->at(0);
  EXPECT_EQ(score.rows, 14u);
  EXPECT_EQ(score.agreement.true_positive, 3u);   // rows 6 to 8
  EXPECT_EQ(score.agreement.false_negative, 3u);  // rows 5, 9 and 12
  EXPECT_EQ(score.agreement.false_positive, 0u);
  EXPECT_EQ(score.agreement.true_negative, 8u);
  ASSERT_EQ(score.intervals.size(), 2u);
  EXPECT_EQ(score.intervals[0].delay, schema::kSecond);
  EXPECT_EQ(score.intervals[1].delay, std::nullopt);
  ASSERT_EQ(score.episodes.size(), 1u);
  EXPECT_EQ(score.episodes[0].constraint, "not-full");
  EXPECT_EQ(score.episodes[0].from, 106 * schema::kSecond);
  EXPECT_EQ(score.episodes[0].to, 109 * schema::kSecond);
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
