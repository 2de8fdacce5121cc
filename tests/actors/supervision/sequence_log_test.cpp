#include "actors/supervision/sequence_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pollux::actors {
namespace {

using schema::EventTime;
using testing::ElementsAre;
using testing::IsEmpty;
using Range = SequenceLog::Range;

class SequenceLogTest : public testing::Test {
 protected:
  void TearDown() override { log_.check_invariants(); }
  /// An event of each number at the time of the same number.
  void add(const std::vector<std::uint64_t>& numbers) {
    for (const std::uint64_t number : numbers) {
      log_.add(number, static_cast<EventTime>(number));
      log_.check_invariants();
    }
  }
  SequenceLog log_;
};

TEST_F(SequenceLogTest, NumbersInTurnLeaveNothingMissingWhereverTheyBegin) {
  add({7, 8, 9, 10});
  EXPECT_EQ(log_.highest(), 10u);
  EXPECT_EQ(log_.missing(), 0u);
  EXPECT_EQ(log_.gaps(), 0u);
}

TEST_F(SequenceLogTest, WhatIsSkippedIsMissingUntilItArrives) {
  add({1, 2, 6});
  EXPECT_THAT(log_.ranges(), ElementsAre(Range{3, 5}));
  EXPECT_EQ(log_.missing(), 3u);
  add({4});
  EXPECT_THAT(log_.ranges(), ElementsAre(Range{3, 3}, Range{5, 5}));
  add({3, 5});
  EXPECT_THAT(log_.ranges(), IsEmpty());
  EXPECT_EQ(log_.missing(), 0u);
  EXPECT_EQ(log_.gaps(), 1u) << "that there was a gap stays known";
  EXPECT_EQ(log_.restarts(), 0u);
}

TEST_F(SequenceLogTest, WhatIsMissingDoesNotDependOnTheOrderOfArrival) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 100; n < 160; ++n) {
      if (random() % 4 != 0) numbers.push_back(n);
    }
    SequenceLog in_order;
    for (const std::uint64_t n : numbers) in_order.add(n, static_cast<EventTime>(n));
    std::ranges::shuffle(numbers, random);
    SequenceLog shuffled;
    for (const std::uint64_t n : numbers) {
      shuffled.add(n, static_cast<EventTime>(n));
      shuffled.check_invariants();
    }
    EXPECT_EQ(shuffled.ranges(), in_order.ranges());
    EXPECT_EQ(shuffled.missing(), in_order.missing());
  }
}

TEST_F(SequenceLogTest, ASourceThatBeginsAnewLosesWhatWasMissingAndNothingElse) {
  add({1, 2, 5});
  log_.add(1, 100);
  log_.add(2, 101);
  EXPECT_EQ(log_.restarts(), 1u);
  EXPECT_EQ(log_.lost(), 2u);
  EXPECT_EQ(log_.missing(), 0u);
  EXPECT_EQ(log_.highest(), 2u);
  log_.add(4, 4);
  EXPECT_EQ(log_.highest(), 2u) << "an event of the former run is not held against the new one";
  log_.add(6, 110);
  EXPECT_THAT(log_.ranges(), ElementsAre(Range{3, 5}));
}

TEST_F(SequenceLogTest, ANumberThatRepeatsWithoutBeingLaterMeansNothing) {
  add({1, 2, 3});
  log_.add(2, 2);
  log_.add(3, 50);
  EXPECT_EQ(log_.restarts(), 0u);
  EXPECT_EQ(log_.highest(), 3u);
  EXPECT_EQ(log_.missing(), 0u);
}

TEST_F(SequenceLogTest, BeyondItsBoundTheLowestGapIsGivenUpAsLost) {
  for (std::uint64_t n = 1; n <= 2 * SequenceLog::kRangesMax + 21; n += 2)
    log_.add(n, static_cast<EventTime>(n));
  EXPECT_EQ(log_.ranges().size(), SequenceLog::kRangesMax);
  EXPECT_EQ(log_.lost(), 10u);
  EXPECT_EQ(log_.missing(), SequenceLog::kRangesMax);
  log_.add(2, 2);
  EXPECT_EQ(log_.lost(), 10u) << "what was given up is not looked for any more";
}

}  // namespace
}  // namespace pollux::actors
