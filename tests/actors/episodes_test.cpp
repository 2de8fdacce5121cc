#include "actors/episodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace pollux::actors {
namespace {

using schema::EntityIndex;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::kNone;
using schema::Model;
using schema::Value;

constexpr Value kSatisfied = Value::symbol(Model::kSatisfied);
constexpr Value kViolated = Value::symbol(Model::kViolated);

Change change(EntityIndex constraint, EventTime from, EventTime to, const Value& was, const Value& is) {
  return {constraint, 0, false, from, to, was, is};
}
std::vector<Episode> all(const Episodes& episodes, EntityIndex constraint = kNone) {
  return episodes.find(constraint, kBeginning, kNever, 1'000'000);
}

TEST(Episodes, AViolationOpensOneAndItsEndClosesIt) {
  Episodes episodes;
  episodes.initialise(3, Model::kUnknown);
  EXPECT_TRUE(all(episodes).empty());
  episodes.apply(change(3, 10, kNever, kSatisfied, kViolated));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{3, 10, kNever}}));
  EXPECT_EQ(episodes.open(), 1u);
  episodes.apply(change(3, 20, kNever, kViolated, kSatisfied));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{3, 10, 20}}));
  EXPECT_EQ(episodes.open(), 0u);
}

TEST(Episodes, ARevisionWithdrawsSplitsOrJoinsThem) {
  Episodes episodes;
  episodes.apply(change(1, 10, 40, kSatisfied, kViolated));
  episodes.apply(change(1, 20, 30, kViolated, kSatisfied));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{1, 10, 20}, {1, 30, 40}}));
  episodes.apply(change(1, 20, 30, kSatisfied, kViolated));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{1, 10, 40}}));
  episodes.apply(change(1, 10, 40, kViolated, kSatisfied));
  EXPECT_TRUE(all(episodes).empty());
}

TEST(Episodes, UnknownIsNotViolated) {
  Episodes episodes;
  const Value unknown = Value::symbol(Model::kUnknown, schema::Quality::uncertain);
  episodes.apply(change(1, 10, kNever, kSatisfied, unknown));
  EXPECT_TRUE(all(episodes).empty());
  episodes.apply(change(1, 20, kNever, unknown, kViolated));
  episodes.apply(change(1, 30, kNever, kViolated, unknown));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{1, 20, 30}}));
}

TEST(Episodes, AnotherQualityOfTheSameStatusMakesNoNewEpisode) {
  Episodes episodes;
  const Value uncertain = Value::symbol(Model::kViolated, schema::Quality::uncertain);
  episodes.apply(change(1, 10, kNever, kSatisfied, kViolated));
  episodes.apply(change(1, 20, kNever, kViolated, uncertain));
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{1, 10, kNever}}));
}

TEST(Episodes, OneThatWasViolatedBeforeAnyEventIsOpenFromTheBeginning) {
  Episodes episodes;
  episodes.initialise(2, Model::kViolated);
  EXPECT_EQ(all(episodes), (std::vector<Episode>{{2, kBeginning, kNever}}));
  EXPECT_EQ(episodes.open(), 1u);
  episodes.check_invariants();
}

TEST(Episodes, FindGivesTheNewestOfThoseThatOverlapOldestFirst) {
  Episodes episodes;
  episodes.apply(change(1, 10, 20, kSatisfied, kViolated));
  episodes.apply(change(2, 15, 25, kSatisfied, kViolated));
  episodes.apply(change(1, 30, kNever, kSatisfied, kViolated));
  EXPECT_EQ(episodes.find(kNone, kBeginning, kNever, 2),
            (std::vector<Episode>{{2, 15, 25}, {1, 30, kNever}}));
  EXPECT_EQ(episodes.find(1, 20, 30, 9), std::vector<Episode>{}) << "both ends are exclusive";
  EXPECT_EQ(episodes.find(kNone, 19, 20, 9), (std::vector<Episode>{{1, 10, 20}, {2, 15, 25}}));
  EXPECT_EQ(episodes.find(2, kBeginning, kNever, 9), (std::vector<Episode>{{2, 15, 25}}));
}

TEST(Episodes, KeepABoundedNumberOfTheNewestForEachConstraint) {
  Episodes episodes;
  constexpr auto kMax = static_cast<EventTime>(Episodes::kPerConstraintMax);
  for (EventTime i = 0; i < kMax + 10; ++i) {
    episodes.apply(change(1, i * 10, i * 10 + 5, kSatisfied, kViolated));
    episodes.check_invariants();
  }
  const auto kept = all(episodes);
  ASSERT_EQ(kept.size(), Episodes::kPerConstraintMax);
  EXPECT_EQ(kept.front().from, 100);
  EXPECT_EQ(kept.back().from, (kMax + 9) * 10);
}

/// A constraint's status over kMoments moments, as naively as can be.
class NaiveStatus {
 public:
  static constexpr std::size_t kMoments = 24;

  /// The first moment stands for the beginning of time; the end of the last one for never.
  static EventTime time_of(std::size_t moment) {
    return moment == 0 ? kBeginning : moment == kMoments ? kNever : static_cast<EventTime>(moment) * 10;
  }

  /// Sets [from, to), and tells the differences as the engine would, latest first or earliest first.
  std::vector<Change> set(EntityIndex constraint, std::size_t from, std::size_t to, bool violated) {
    std::vector<Change> changes;
    for (std::size_t i = from; i < to; ++i) {
      if (violated_[i] == violated) continue;
      std::size_t end = i;
      while (end < to && violated_[end] != violated) violated_[end++] = violated;
      changes.push_back(change(constraint, time_of(i), time_of(end), violated ? kSatisfied : kViolated,
                               violated ? kViolated : kSatisfied));
    }
    return changes;
  }

  void episodes(EntityIndex constraint, std::vector<Episode>& into) const {
    for (std::size_t i = 0; i < kMoments; ++i) {
      if (!violated_[i] || (i > 0 && violated_[i - 1])) continue;
      std::size_t end = i;
      while (end < kMoments && violated_[end]) ++end;
      into.push_back({constraint, time_of(i), time_of(end)});
    }
  }
  bool open() const { return violated_.back(); }

 private:
  std::array<bool, kMoments> violated_{};
};

TEST(Episodes, AgreeWithANaiveRecordAfterAnyChanges) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    Episodes episodes;
    std::array<NaiveStatus, 2> naive;
    for (int step = 0; step < 60; ++step) {
      const auto constraint = static_cast<EntityIndex>(random() % 2);
      const std::size_t from = random() % NaiveStatus::kMoments;
      const std::size_t to = from + 1 + random() % (NaiveStatus::kMoments - from);
      auto changes = naive[constraint].set(constraint, from, to, random() % 2 == 0);
      std::shuffle(changes.begin(), changes.end(), random);
      for (const Change& each : changes) episodes.apply(each);
      episodes.check_invariants();
      std::size_t open = 0;
      for (EntityIndex c = 0; c < 2; ++c) {
        std::vector<Episode> expected;
        naive[c].episodes(c, expected);
        ASSERT_EQ(all(episodes, c), expected) << "round " << round << " step " << step;
        open += naive[c].open();
      }
      ASSERT_EQ(episodes.open(), open);
    }
  }
}

}  // namespace
}  // namespace pollux::actors
