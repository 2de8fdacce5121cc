#include <gtest/gtest.h>

#include "server/replay/recorded_run.h"

namespace pollux::server {
namespace {

using schema::Value;

TEST(Timeline, HoldsEachValueUntilTheNext) {
  Timeline timeline;
  timeline.set(10, schema::kNever, Value::number(1));
  timeline.set(20, schema::kNever, Value::number(2));
  EXPECT_FALSE(timeline.at(9).usable());
  EXPECT_EQ(timeline.at(10), Value::number(1));
  EXPECT_EQ(timeline.at(19), Value::number(1));
  EXPECT_EQ(timeline.at(1'000), Value::number(2));
}

TEST(Timeline, TakesARevisionOfThePastAndKeepsWhatCameAfter) {
  Timeline timeline;
  timeline.set(10, schema::kNever, Value::number(1));
  timeline.set(20, schema::kNever, Value::number(2));
  timeline.set(30, schema::kNever, Value::number(3));
  timeline.set(15, 25, Value::number(9));
  EXPECT_EQ(timeline.at(14), Value::number(1));
  EXPECT_EQ(timeline.at(15), Value::number(9));
  EXPECT_EQ(timeline.at(20), Value::number(9));
  EXPECT_EQ(timeline.at(25), Value::number(2));
  EXPECT_EQ(timeline.at(30), Value::number(3));
}

TEST(Timeline, IgnoresAnEmptyInterval) {
  Timeline timeline;
  timeline.set(10, 10, Value::number(1));
  EXPECT_FALSE(timeline.at(10).usable());
}

}  // namespace
}  // namespace pollux::server
