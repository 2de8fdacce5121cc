#include "schema/step/resource.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pollux::schema {
namespace {

/// A resource and its claims, moved along by hand.
class Queue {
 public:
  explicit Queue(std::size_t claimants, double capacity = 1)
      : capacity_(Value::number(capacity)),
        claims_(claimants, Value::boolean(false)),
        own_(kResourceCounts + claimants) {
    step(kBeginning);
  }

  /// `w` wants, `-` does not, `?` cannot be known, one a claimant. Returns their places: `H` holds, `w`
  /// waits, `-` neither.
  std::string at(EventTime time, const std::string& claims) {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      claims_[i] = claims[i] == '?' ? Value::unknown(ValueType::boolean, Reason::not_yet_observed)
                                    : Value::boolean(claims[i] == 'w');
    }
    return step(time);
  }
  std::string with_capacity(EventTime time, Value capacity) {
    capacity_ = capacity;
    return step(time);
  }

  const Value& in_use() const { return own_[0]; }
  const Value& waiting() const { return own_[1]; }
  const Value& place(std::size_t claimant) const { return own_[kResourceCounts + claimant]; }

 private:
  std::string step(EventTime time) {
    allocate(time, capacity_, claims_, own_.data());
    std::string places;
    for (std::size_t i = 0; i < claims_.size(); ++i)
      places += place::holds(place(i)) ? 'H' : place::waits(place(i)) ? 'w' : '-';
    return places;
  }

  Value capacity_;
  std::vector<Value> claims_;
  std::vector<Value> own_;
};

TEST(Resource, IsGivenToWhoComesFirstAndThenToWhoHasWaitedLongest) {
  Queue queue(3);
  EXPECT_EQ(queue.at(10, "--w"), "--H");
  EXPECT_EQ(queue.at(20, "-ww"), "-wH");
  EXPECT_EQ(queue.at(30, "www"), "wwH");
  EXPECT_EQ(queue.in_use(), Value::number(1));
  EXPECT_EQ(queue.waiting(), Value::number(2));
  EXPECT_EQ(queue.at(40, "ww-"), "wH-");
  EXPECT_EQ(queue.at(50, "w--"), "H--");
  EXPECT_EQ(queue.place(0), place::holding(20)) << "it waited from 30 to 50";
}

TEST(Resource, GoesByTheOrderOfTheModelAmongThoseWhoComeAtTheSameTime) {
  Queue queue(4, 2);
  EXPECT_EQ(queue.at(10, "wwww"), "HHww");
  EXPECT_EQ(queue.at(20, "w-ww"), "H-Hw");
}

TEST(Resource, PutsWhoGivesUpAndComesAgainAtTheEnd) {
  Queue queue(3);
  queue.at(10, "www");
  queue.at(20, "w-w");
  EXPECT_EQ(queue.at(30, "www"), "Hww");
  EXPECT_EQ(queue.at(40, "-ww"), "-wH");
}

TEST(Resource, LeavesWhatIsHeldWithItsHoldersWhenCapacityShrinks) {
  Queue queue(4, 3);
  EXPECT_EQ(queue.at(10, "wwww"), "HHHw");
  EXPECT_EQ(queue.with_capacity(20, Value::number(1)), "HHHw");
  EXPECT_EQ(queue.at(30, "-www"), "-HHw") << "nothing is given while more is in use than there is";
  EXPECT_EQ(queue.at(40, "--ww"), "--Hw");
  EXPECT_EQ(queue.at(50, "---w"), "---H");
}

TEST(Resource, CountsWholeUnitsAndGivesNoneWhileItsCapacityIsUnknown) {
  Queue queue(2, 1.9);
  EXPECT_EQ(queue.at(10, "ww"), "Hw");
  EXPECT_EQ(queue.with_capacity(20, Value::bad(ValueType::number, Reason::division_by_zero)), "Hw");
  EXPECT_EQ(queue.in_use(), Value::number(1, Quality::uncertain, Reason::input_not_good));
  EXPECT_EQ(queue.at(30, "-w"), "-w");
  EXPECT_EQ(queue.with_capacity(40, Value::number(-3)), "-w");
  EXPECT_EQ(queue.with_capacity(50, Value::number(1e300)), "-H");
}

TEST(Resource, TakesAClaimOfWhichNothingIsKnownForUnchanged) {
  Queue queue(3);
  EXPECT_EQ(queue.at(10, "ww-"), "Hw-");
  EXPECT_EQ(queue.at(20, "???"), "Hw-");
  EXPECT_EQ(queue.waiting().quality, Quality::uncertain);
  EXPECT_EQ(queue.at(30, "-ww"), "-Hw");
  EXPECT_EQ(queue.place(1), place::holding(20)) << "it has been waiting since 10";
}

TEST(Resource, GivesNothingAtTheBeginningOfTimeAndKnowsNoWaitSinceThen) {
  const Value wants = Value::boolean(true);
  std::vector<Value> own(kResourceCounts + 1);
  allocate(kBeginning, Value::number(1), {&wants, 1}, own.data());
  EXPECT_TRUE(place::waits(own[kResourceCounts]));
  allocate(10, Value::number(1), {&wants, 1}, own.data());
  EXPECT_EQ(own[kResourceCounts], place::holding(place::kWaitedForEver));
}

TEST(ClaimAnswer, TellsHowLongTheLastWaitWasAlsoAfterwards) {
  Value own[3];
  answer_claim(kBeginning, place::none(), own);
  EXPECT_EQ(own[2].quality, Quality::unknown);
  answer_claim(10, place::waiting(7), own);
  EXPECT_EQ(own[1], Value::boolean(true));
  answer_claim(20, place::holding(13 * kSecond), own);
  EXPECT_EQ(own[0], Value::boolean(true));
  answer_claim(30, place::none(), own);
  EXPECT_EQ(own[0], Value::boolean(false));
  EXPECT_EQ(own[2], Value::number(13));
}

}  // namespace
}  // namespace pollux::schema
