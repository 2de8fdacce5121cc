#include "actors/plant/carried_course.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace pollux::actors {
namespace {

using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Value;
using testing::ElementsAre;

Version at(EventTime time, double value) {
  return {time, Value::number(value)};
}

const Value kBefore = Value::number(7);

TEST(CarriedCourse, TellsWhereAnIntervalBeginsAndWhatHoldsBehindItTheLatestFirst) {
  CarriedCourse course(kBefore);
  course.assign(10, kNever, Value::number(1));
  EXPECT_THAT(course.take_untold(), ElementsAre(at(10, 1)));
  course.assign(20, 30, Value::number(2));
  EXPECT_THAT(course.take_untold(), ElementsAre(at(30, 1), at(20, 2)));
  EXPECT_TRUE(course.take_untold().empty());
}

TEST(CarriedCourse, ObservationsWithinAnIntervalAreReplaced) {
  CarriedCourse course(kBefore);
  course.assign(10, kNever, Value::number(1));
  course.assign(20, kNever, Value::number(2));
  course.assign(30, kNever, Value::number(3));
  course.take_untold();
  course.assign(15, 30, Value::number(9));
  EXPECT_THAT(course.take_untold(), ElementsAre(at(20, 9), at(15, 9)));
}

TEST(CarriedCourse, WhatComesBackToWhatHeldBeforeAllIsToldAsThat) {
  CarriedCourse course(kBefore);
  course.assign(10, kNever, Value::number(1));
  course.take_untold();
  course.assign(10, kNever, kBefore);
  EXPECT_THAT(course.take_untold(), ElementsAre(Version{10, kBefore}));
}

TEST(CarriedCourse, WhatHoldsAlreadyIsNotTold) {
  CarriedCourse course(kBefore);
  course.restore(10, Value::number(1));
  course.assign(10, kNever, Value::number(1));
  course.assign(20, 40, Value::number(1));
  course.assign(kBeginning, 10, kBefore);
  EXPECT_TRUE(course.take_untold().empty());
}

TEST(CarriedCourse, NothingIsToldOfTimesBeforeWhatIsKnownToHaveBeenTold) {
  CarriedCourse course(kBefore);
  course.leave_before(20);
  course.restore(20, Value::number(1));
  course.assign(5, 15, Value::number(9));
  course.assign(12, 20, Value::number(9));
  EXPECT_TRUE(course.take_untold().empty());
  course.assign(10, 30, Value::number(9));
  EXPECT_THAT(course.take_untold(), ElementsAre(at(30, 1), at(20, 9)));
}

/// The last observation at or before a time, by position; what a far end holds.
double told_at(const std::map<EventTime, Value>& told, EventTime time) {
  const auto after = told.upper_bound(time);
  return (after == told.begin() ? kBefore : std::prev(after)->second).as_number();
}

TEST(CarriedCourse, WhoeverIsToldHoldsTheFunctionThatIsFollowed) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    CarriedCourse course(kBefore);
    std::map<EventTime, Value> told;
    std::vector<double> truth(60, 7);
    for (int i = 0; i < 40; ++i) {
      const auto from = static_cast<EventTime>(random() % 50);
      const EventTime to = random() % 3 == 0 ? kNever : from + 1 + static_cast<EventTime>(random() % 10);
      const auto value = static_cast<double>(random() % 4);
      course.assign(from, to, Value::number(value));
      for (EventTime t = from; t < std::min<EventTime>(to, 60); ++t)
        truth[static_cast<std::size_t>(t)] = value;
      for (const Version& version : course.take_untold()) told[version.from] = version.value;
      course.check_invariants();
      for (EventTime t = 0; t < 60; ++t) ASSERT_EQ(told_at(told, t), truth[static_cast<std::size_t>(t)]);
    }
  }
}

TEST(CarriedCourse, ForgetsWhatIsFinalButNotWhatStillHolds) {
  CarriedCourse course(kBefore);
  for (int i = 1; i <= 1'000; ++i) course.assign(i, kNever, Value::number(i));
  course.take_untold();
  course.forget_before(990);
  EXPECT_LE(course.size(), 12u);
  EXPECT_EQ(course.at(990), Value::number(990));
  EXPECT_EQ(course.at(989), Value::number(989));
  course.assign(995, 996, Value::number(0));
  EXPECT_THAT(course.take_untold(), ElementsAre(at(995, 0)));
}

}  // namespace
}  // namespace pollux::actors
