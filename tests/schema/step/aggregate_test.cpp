#include "schema/step/aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace pollux::schema {
namespace {

const Value kStaleTrue = Value::boolean(true, Quality::stale, Reason::no_recent_event);
const Value kStaleFalse = Value::boolean(false, Quality::stale, Reason::no_recent_event);
const Value kBadTruth = Value::bad(ValueType::boolean, Reason::overflow);
const Value kUnknownTruth = Value::unknown(ValueType::boolean, Reason::not_yet_observed);

Value of(AggregateFunction function, const std::vector<Value>& members) {
  Aggregate aggregate(function, members.size());
  for (std::size_t i = 0; i < members.size(); ++i) aggregate.set(i, members[i]);
  return aggregate.result();
}

std::vector<Value> numbers(const std::vector<double>& xs) {
  std::vector<Value> result;
  for (const double x : xs) result.push_back(Value::number(x));
  return result;
}

TEST(Aggregate, EachFunctionGivesItsFigure) {
  for (std::size_t size : {1, 2, 3, 5, 7, 8, 9, 31}) {
    std::vector<double> xs(size);
    std::iota(xs.begin(), xs.end(), 3);
    const double sum = std::accumulate(xs.begin(), xs.end(), 0.0);
    EXPECT_EQ(of(AggregateFunction::sum, numbers(xs)), Value::number(sum));
    EXPECT_EQ(of(AggregateFunction::mean, numbers(xs)), Value::number(sum / static_cast<double>(size)));
    EXPECT_EQ(of(AggregateFunction::min, numbers(xs)), Value::number(3));
    EXPECT_EQ(of(AggregateFunction::max, numbers(xs)), Value::number(xs.back()));
    EXPECT_EQ(of(AggregateFunction::count, numbers(xs)), Value::number(static_cast<double>(size)));
  }
}

TEST(Aggregate, OfNoMembersTheDocumentedValuesResult) {
  const Value empty = Value::unknown(ValueType::number, Reason::empty_input);
  EXPECT_EQ(of(AggregateFunction::sum, {}), Value::number(0));
  EXPECT_EQ(of(AggregateFunction::count, {}), Value::number(0));
  EXPECT_EQ(of(AggregateFunction::any, {}), Value::boolean(false));
  EXPECT_EQ(of(AggregateFunction::all, {}), Value::boolean(true));
  EXPECT_EQ(of(AggregateFunction::mean, {}), empty);
  EXPECT_EQ(of(AggregateFunction::min, {}), empty);
  EXPECT_EQ(of(AggregateFunction::max, {}), empty);
}

TEST(Aggregate, TheResultDoesNotDependOnTheUpdatesThatLedThere) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> real(-1e6, 1e6);
  for (const auto function : {AggregateFunction::sum, AggregateFunction::mean, AggregateFunction::max}) {
    for (std::size_t size : {1, 2, 3, 6, 13, 100}) {
      std::vector<double> last(size);
      for (double& x : last) x = real(random) * 1e-7 + real(random);
      Aggregate wandering(function, size);
      for (int i = 0; i < 1000; ++i) wandering.set(random() % size, Value::number(real(random)));
      std::vector<std::size_t> order(size);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t i : order) wandering.set(i, Value::number(last[i]));
      ASSERT_EQ(wandering.result(), of(function, numbers(last)));
    }
  }
}

TEST(Aggregate, SettingManyAtOnceComesToTheSameAsOneByOne) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> real(-1e6, 1e6);
  for (const auto function : {AggregateFunction::sum, AggregateFunction::min, AggregateFunction::count}) {
    for (std::size_t size : {1, 2, 3, 6, 13, 64, 100}) {
      Aggregate one_by_one(function, size);
      Aggregate at_once(function, size);
      for (int round = 0; round < 100; ++round) {
        for (std::size_t left = random() % (2 * size); left > 0; --left) {
          const std::size_t member = random() % size;
          const Value value = random() % 5 == 0 ? Value::bad(ValueType::number, Reason::overflow)
                                                : Value::number(std::round(real(random)) * 1e-3);
          one_by_one.set(member, value);
          at_once.place(member, value);
        }
        at_once.settle();
        ASSERT_EQ(at_once.result(), one_by_one.result());
      }
    }
  }
}

TEST(Aggregate, QualityIsTheWorstOfTheMembers) {
  std::vector<Value> members = numbers({1, 2, 3});
  members[1] = Value::number(2, Quality::stale, Reason::no_recent_event);
  EXPECT_EQ(of(AggregateFunction::sum, members), Value::number(6, Quality::stale, Reason::input_not_good));
  members[2] = Value::bad(ValueType::number, Reason::division_by_zero);
  EXPECT_EQ(of(AggregateFunction::sum, members), Value::bad(ValueType::number, Reason::input_not_good));
  EXPECT_EQ(of(AggregateFunction::count, members), Value::number(2));
  members[0] = Value::unknown(ValueType::number, Reason::not_yet_observed);
  EXPECT_EQ(of(AggregateFunction::max, members), Value::unknown(ValueType::number, Reason::input_not_good));
  members = numbers({1, 2, 3});
  EXPECT_EQ(of(AggregateFunction::max, members), Value::number(3));
}

TEST(Aggregate, MembersAreUnknownUntilSet) {
  Aggregate aggregate(AggregateFunction::sum, 2);
  EXPECT_EQ(aggregate.result(), Value::unknown(ValueType::number, Reason::input_not_good));
  EXPECT_EQ(aggregate.member(0), Value::unknown(ValueType::number, Reason::not_yet_observed));
  EXPECT_EQ(Aggregate(AggregateFunction::count, 2).result(), Value::number(0));
}

TEST(Aggregate, AnyIsThreeValued) {
  const Value t = Value::boolean(true);
  const Value f = Value::boolean(false);
  EXPECT_EQ(of(AggregateFunction::any, {f, t, f}), t);
  EXPECT_EQ(of(AggregateFunction::any, {f, f, f}), f);
  EXPECT_EQ(of(AggregateFunction::any, {kUnknownTruth, t, kBadTruth}), t);
  EXPECT_EQ(of(AggregateFunction::any, {kStaleTrue, kUnknownTruth, t}), t);
  EXPECT_EQ(of(AggregateFunction::any, {kStaleTrue, f}),
            Value::boolean(true, Quality::stale, Reason::input_not_good));
  EXPECT_EQ(of(AggregateFunction::any, {f, kUnknownTruth, kBadTruth}),
            Value::unknown(ValueType::boolean, Reason::input_not_good));
  EXPECT_EQ(of(AggregateFunction::any, {f, kBadTruth}),
            Value::bad(ValueType::boolean, Reason::input_not_good));
  EXPECT_EQ(of(AggregateFunction::any, {f, kStaleFalse}),
            Value::boolean(false, Quality::stale, Reason::input_not_good));
}

TEST(Aggregate, AllIsThreeValued) {
  const Value t = Value::boolean(true);
  const Value f = Value::boolean(false);
  EXPECT_EQ(of(AggregateFunction::all, {t, t, t}), t);
  EXPECT_EQ(of(AggregateFunction::all, {t, f, kUnknownTruth}), f);
  EXPECT_EQ(of(AggregateFunction::all, {kStaleFalse, f, t}), f);
  EXPECT_EQ(of(AggregateFunction::all, {t, kUnknownTruth}),
            Value::unknown(ValueType::boolean, Reason::input_not_good));
  EXPECT_EQ(of(AggregateFunction::all, {t, kStaleTrue}),
            Value::boolean(true, Quality::stale, Reason::input_not_good));
}

TEST(Aggregate, AnOverflowIsBadAndGoesAwayWithItsCause) {
  Aggregate aggregate(AggregateFunction::sum, 4);
  for (std::size_t i = 0; i < 4; ++i) aggregate.set(i, Value::number(1.7e308));
  EXPECT_EQ(aggregate.result(), Value::bad(ValueType::number, Reason::overflow));
  for (std::size_t i = 0; i < 4; ++i) aggregate.set(i, Value::number(1));
  EXPECT_EQ(aggregate.result(), Value::number(4));
}

TEST(Aggregate, NamesAndFunctionsMapToEachOther) {
  for (const char* name : {"sum", "mean", "min", "max", "count", "any", "all"}) {
    ASSERT_TRUE(aggregate_function(name).has_value()) << name;
    EXPECT_STREQ(name_of(*aggregate_function(name)), name);
  }
  EXPECT_FALSE(aggregate_function("median").has_value());
}

}  // namespace
}  // namespace pollux::schema
