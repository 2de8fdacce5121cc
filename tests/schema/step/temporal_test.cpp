#include "schema/step/temporal.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace pollux::schema {
namespace {

constexpr EventTime at_second(double second) {
  return static_cast<EventTime>(second * static_cast<double>(kSecond));
}

Version version(double second, double x) {
  return {at_second(second), Value::number(x)};
}
Version version(double second, bool x) {
  return {at_second(second), Value::boolean(x)};
}
Version nothing(ValueType type = ValueType::number) {
  return {kBeginning, Value::unknown(type, Reason::not_yet_observed)};
}

/// Moves one operator along a course, at every moment it asks for.
class Course {
 public:
  Course(Temporal temporal, std::vector<Version> argument)
      : temporal_(temporal), argument_(std::move(argument)) {
    evaluate(temporal_, past(), kBeginning, state_.data());
  }

  /// The result at `second`.
  Value at(double second) {
    const EventTime to = at_second(second);
    while (true) {
      EventTime next = next_moment(temporal_, argument_, at_, state_.data());
      for (const Version& each : argument_) {
        if (each.from > at_) next = std::min(next, each.from);
      }
      if (next > to) return state_[0];
      EXPECT_GT(next, at_);
      at_ = next;
      ++moments_;
      evaluate(temporal_, past(), at_, state_.data());
    }
  }
  double number_at(double second) { return at(second).as_number(); }
  int moments() const { return moments_; }

 private:
  /// What it may look at: nothing of the future.
  History past() const {
    return std::span(argument_).first(first_at_least(argument_, at_ + 1, &Version::from));
  }

  Temporal temporal_;
  std::vector<Version> argument_;
  EventTime at_ = kBeginning;
  std::array<Value, 3> state_;
  int moments_ = 0;
};

using F = TemporalFunction;

TEST(Temporal, PreviousIsWhatStoodBeforeThePresentValue) {
  Course course({F::previous, 0, 0}, {nothing(), version(1, 5.0), version(3, 8.0)});
  EXPECT_EQ(course.at(2).quality, Quality::unknown);
  EXPECT_EQ(course.number_at(3), 5);
  EXPECT_EQ(course.number_at(9), 5);
}

TEST(Temporal, DelayRepeatsItsArgumentLater) {
  Course course({F::delay, 10 * kSecond, 0}, {nothing(), version(1, 5.0), version(3, 8.0)});
  EXPECT_EQ(course.at(10.9).quality, Quality::unknown);
  EXPECT_EQ(course.number_at(11), 5);
  EXPECT_EQ(course.number_at(12.9), 5);
  EXPECT_EQ(course.number_at(13), 8);
}

TEST(Temporal, RateIsTheChangeOverTheSpanForEachSecond) {
  Course course({F::rate, 2 * kSecond, 0}, {version(0, 10.0), version(1, 20.0)});
  EXPECT_EQ(course.number_at(1), 5);
  EXPECT_EQ(course.number_at(2.9), 5);
  EXPECT_EQ(course.number_at(3), 0);
}

TEST(Temporal, AValueLeavesAMovingMinimumWhenItEndedASpanAgo) {
  Course course({F::moving_min, 5 * kSecond, 0}, {version(0, 1.0), version(2, 7.0), version(4, 6.0)});
  EXPECT_EQ(course.number_at(6.9), 1);
  EXPECT_EQ(course.number_at(7), 6);
  Course highest({F::moving_max, 5 * kSecond, 0}, {version(0, 1.0), version(2, 7.0), version(4, 6.0)});
  EXPECT_EQ(highest.number_at(8.9), 7);
  EXPECT_EQ(highest.number_at(9), 6);
}

TEST(Temporal, AMovingMeanWeighsByTimeAndIsToldAtMultiplesOfItsPeriod) {
  Course course({F::moving_mean, 10 * kSecond, 5 * kSecond}, {version(0, 0.0), version(6, 10.0)});
  EXPECT_EQ(course.number_at(9.9), 0);
  EXPECT_EQ(course.number_at(10), 4);
  EXPECT_EQ(course.number_at(15), 9);
  EXPECT_EQ(course.number_at(20), 10);
}

TEST(Temporal, WhatHasComeToRestAsksForNoMoreMoments) {
  Course course({F::moving_mean, 10 * kSecond, kSecond}, {version(0, 0.0), version(6, 10.0)});
  course.at(1'000'000);
  EXPECT_LE(course.moments(), 25);
  Course lag({F::lag, kSecond, kSecond}, {version(0, 0.0), version(6, 10.0)});
  EXPECT_EQ(lag.number_at(1'000'000), 10);
  EXPECT_LE(lag.moments(), 60);
}

TEST(Temporal, GapsInAWindowMakeItUncertainNotUseless) {
  Course course({F::moving_max, 10 * kSecond, 0}, {nothing(), version(1, 3.0)});
  EXPECT_EQ(course.at(1), Value::number(3, Quality::uncertain, Reason::input_not_good));
  EXPECT_EQ(course.at(11), Value::number(3));
}

TEST(Temporal, TheSpreadOfAConstantIsNothing) {
  Course course({F::moving_stddev, 10 * kSecond, kSecond}, {version(0, 3.0), version(5, 5.0)});
  EXPECT_EQ(course.number_at(4), 0);
  EXPECT_EQ(course.number_at(10), 1);
  EXPECT_EQ(course.number_at(15), 0);
}

TEST(Temporal, AnIntegralGrowsWhileItsArgumentHoldsAndPausesOverGaps) {
  Course course({F::integral, 0, 10 * kSecond},
                {nothing(),
                 version(5, 2.0),
                 {at_second(25), Value::bad(ValueType::number, Reason::overflow)},
                 version(40, 1.0)});
  EXPECT_EQ(course.number_at(9), 0);
  EXPECT_EQ(course.number_at(10), 10);
  EXPECT_EQ(course.number_at(25), 40);
  EXPECT_EQ(course.at(25).quality, Quality::uncertain);
  EXPECT_EQ(course.number_at(50), 50);
  EXPECT_EQ(course.at(50).quality, Quality::good);
}

TEST(Temporal, ALagApproachesItsArgument) {
  Course course({F::lag, 10 * kSecond, kSecond}, {version(0, 0.0), version(10, 100.0)});
  EXPECT_EQ(course.number_at(10), 0);
  EXPECT_NEAR(course.number_at(20), 100 * (1 - std::exp(-1.0)), 1e-9);
  EXPECT_NEAR(course.number_at(40), 100 * (1 - std::exp(-3.0)), 1e-9);
}

TEST(Temporal, HeldForIsTrueOnceTheConditionLastedLongEnough) {
  Course course({F::held_for, 5 * kSecond, 0},
                {version(0, false), version(1, true), version(4, false), version(6, true)});
  EXPECT_FALSE(course.at(10.9).as_boolean());
  EXPECT_TRUE(course.at(11).as_boolean());
}

TEST(Temporal, WhatHeldFromTheBeginningHasLastedForEver) {
  Course course({F::held_for, 5 * kSecond, 0}, {{kBeginning, Value::boolean(true)}});
  EXPECT_TRUE(course.at(0).as_boolean());
}

TEST(Temporal, HysteresisKeepsItsResultBetweenTheBounds) {
  Course course({F::hysteresis, 0, 0},
                {version(0, 0.5), version(1, 1.0), version(2, 0.5), version(3, 0.0), version(4, 0.5)});
  EXPECT_FALSE(course.at(0).as_boolean());
  EXPECT_TRUE(course.at(2).as_boolean());
  EXPECT_FALSE(course.at(4).as_boolean());
}

TEST(Temporal, EveryFunctionIsFoundByItsName) {
  for (int i = 0; i <= static_cast<int>(F::lag); ++i) {
    const auto function = static_cast<F>(i);
    EXPECT_EQ(temporal_function(name_of(function)), function);
  }
  EXPECT_EQ(temporal_function("sum"), std::nullopt);
}

}  // namespace
}  // namespace pollux::schema
