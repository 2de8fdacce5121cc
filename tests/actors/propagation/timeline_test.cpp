#include "actors/propagation/timeline.h"

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

/// 0, then 10 from 10 on, 20 from 20 on, and so on.
void fill(Timeline& timeline, int until) {
  for (int t = 10; t <= until; t += 10) timeline.append(t, Value::number(t));
}

TEST(Timeline, SplicingAnOpenIntervalReplacesTheRestAndGivesBackWhatStoodThere) {
  Timeline timeline(Value::number(0));
  fill(timeline, 50);
  std::vector<Version> removed;
  timeline.splice(timeline.first_from(30), schema::kNever, std::vector<Version>{{35, Value::number(1)}},
                  removed);
  ASSERT_EQ(removed.size(), 3u);
  EXPECT_EQ(removed.front(), (Version{30, Value::number(30)}));
  EXPECT_EQ(timeline.last(), (Version{35, Value::number(1)}));
  EXPECT_EQ(timeline.at(34), Value::number(20));
  timeline.check_invariants();
}

TEST(Timeline, SplicingInThePastLeavesTheFunctionAfterItAsItWas) {
  for (int from = 1; from <= 55; ++from) {
    for (int to = from + 1; to <= 60; ++to) {
      for (const double value : {20.0, 30.0, 99.0}) {
        Timeline timeline(Value::number(0));
        fill(timeline, 50);
        Timeline before(Value::number(0));
        fill(before, 50);
        std::vector<Version> fresh;
        if (timeline.at(from - 1) != Value::number(value)) fresh.push_back({from, Value::number(value)});
        std::vector<Version> removed;
        timeline.splice(timeline.first_from(from), to, fresh, removed);
        timeline.check_invariants();
        for (int t = 0; t <= 70; ++t) {
          const Value expected = t >= from && t < to ? Value::number(value) : before.at(t);
          ASSERT_EQ(timeline.at(t), expected) << "[" << from << ", " << to << ") at " << t;
        }
      }
    }
  }
}

TEST(Timeline, MakesRoomByForgettingWhatLiesBehindTheHorizon) {
  Timeline timeline(Value::number(0));
  for (int t = 1; t <= 10'000; ++t) timeline.append(t, Value::number(t), t - 10);
  EXPECT_LE(timeline.versions().size(), 32u);
  timeline.check_invariants();
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
