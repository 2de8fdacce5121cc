#include "actors/timeline.h"

#include <gtest/gtest.h>

namespace pollux::actors {
namespace {

using schema::kBeginning;
using schema::Value;

TEST(Timeline, HoldsItsInitialValueFromTheBeginning) {
  const Timeline timeline(Value::number(3));
  EXPECT_EQ(timeline.at(kBeginning), Value::number(3));
  EXPECT_EQ(timeline.at(100), Value::number(3));
  timeline.check_invariants();
}

TEST(Timeline, AnEqualValueMakesNoVersion) {
  Timeline timeline(Value::number(3));
  EXPECT_FALSE(timeline.append(5, Value::number(3)));
  EXPECT_TRUE(timeline.append(5, Value::number(4)));
  EXPECT_EQ(timeline.versions().size(), 2u);
}

TEST(Timeline, TellsTheValueInEffectAtATime) {
  Timeline timeline(Value::number(0));
  for (int t = 10; t <= 100; t += 10) timeline.append(t, Value::number(t));
  EXPECT_EQ(timeline.at(9), Value::number(0));
  EXPECT_EQ(timeline.at(10), Value::number(10));
  EXPECT_EQ(timeline.at(19), Value::number(10));
  EXPECT_EQ(timeline.at(1000), Value::number(100));
  EXPECT_EQ(timeline.first_from(10), 1u);
  EXPECT_EQ(timeline.first_from(11), 2u);
  EXPECT_EQ(timeline.first_from(101), 11u);
}

TEST(Timeline, CutGivesBackWhatItRemoves) {
  Timeline timeline(Value::number(0));
  for (int t = 10; t <= 50; t += 10) timeline.append(t, Value::number(t));
  std::vector<Version> removed;
  timeline.cut(30, removed);
  ASSERT_EQ(removed.size(), 3u);
  EXPECT_EQ(removed.front(), (Version{30, Value::number(30)}));
  EXPECT_EQ(timeline.last(), (Version{20, Value::number(20)}));
}

TEST(Timeline, ForgettingKeepsTheVersionInEffectJustBeforeTheHorizon) {
  Timeline timeline(Value::number(0));
  for (int t = 1; t <= 1000; ++t) {
    timeline.append(t, Value::number(t));
    timeline.forget_before(t - 10);
    timeline.check_invariants();
    ASSERT_LE(timeline.versions().size(), 12u);
    ASSERT_LT(timeline.versions().front().from, std::max(t - 10, 1));
  }
  EXPECT_EQ(timeline.at(995), Value::number(995));
}

}  // namespace
}  // namespace pollux::actors
