#include "actors/propagation/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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
  EXPECT_EQ(timeline[timeline.first_from(10)].from, 10);
  EXPECT_EQ(timeline[timeline.first_from(11)].from, 20);
  EXPECT_EQ(timeline.first_from(101), timeline.versions().behind());
}

TEST(Timeline, FindsATimeHoweverUnevenlyItsVersionsLie) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 200; ++round) {
    Timeline timeline(Value::number(0));
    schema::EventTime time = 0;
    const unsigned gaps = 1 + static_cast<unsigned>(random() % 40);  // now and then a gap of 2^gaps
    for (int i = 1; i <= 300; ++i) {
      time += 1 + static_cast<schema::EventTime>(random() % (random() % 10 == 0 ? 1ULL << gaps : 3ULL));
      timeline.append(time, Value::number(i), time - 200);
      if (random() % 50 == 0) timeline.forget_before(time - 50);
      const std::vector<Version> all(timeline.versions().begin(), timeline.versions().end());
      const schema::EventTime oldest = std::max<schema::EventTime>(all.front().from, -1);
      const auto wanted =
          oldest + static_cast<schema::EventTime>(random() % static_cast<std::uint64_t>(time - oldest + 3));
      const auto expected = std::ranges::lower_bound(all, wanted, {}, &Version::from);
      const Timeline::Place first = timeline.first_from(wanted);
      ASSERT_EQ(first == timeline.versions().behind(), expected == all.end());
      if (expected != all.end()) {
        ASSERT_EQ(timeline[first], *expected);
      }
      ASSERT_EQ(timeline.versions().first_from(wanted), first);
      const auto after = std::ranges::upper_bound(all, wanted, {}, &Version::from);
      const Version& in_effect = after == all.begin() ? all.front() : *(after - 1);
      ASSERT_EQ(timeline[timeline.place_at(wanted)], in_effect);
      ASSERT_EQ(timeline.versions().at(wanted), in_effect);
    }
  }
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

/// The same in the plainest way: one list, rewritten whole.
class List {
 public:
  std::vector<Version> versions{{kBeginning, Value::number(0)}};

  const Value& at(schema::EventTime time) const {
    return (std::ranges::upper_bound(versions, time, {}, &Version::from) - 1)->value;
  }
  std::vector<Version> between(schema::EventTime from, schema::EventTime to) const {
    std::vector<Version> found;
    std::ranges::copy_if(versions, std::back_inserter(found),
                         [&](const Version& v) { return v.from >= from && v.from < to; });
    return found;
  }
  void assign(schema::EventTime from, schema::EventTime to, const std::vector<Version>& fresh) {
    std::vector<Version> all = between(kBeginning, from);
    all.insert(all.end(), fresh.begin(), fresh.end());
    if (to != schema::kNever) {
      all.push_back({to, at(to)});
      const auto later = between(to + 1, schema::kNever);
      all.insert(all.end(), later.begin(), later.end());
    }
    const auto same = [](const Version& a, const Version& b) { return a.value == b.value; };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    versions = std::move(all);
  }
  std::vector<Version> forget_before(schema::EventTime horizon) {
    std::size_t dropped = 0;
    while (dropped + 1 < versions.size() && versions[dropped + 1].from < horizon) ++dropped;
    const auto end = versions.begin() + static_cast<std::ptrdiff_t>(dropped);
    std::vector<Version> gone(versions.begin(), end);
    versions.erase(versions.begin(), end);
    return gone;
  }
};

class LongPast : public testing::TestWithParam<std::uint64_t> {
 protected:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  schema::EventTime some_time() {
    const schema::EventTime oldest = std::max<schema::EventTime>(list_.versions.front().from, 0);
    return oldest + 1 + static_cast<schema::EventTime>(below(static_cast<std::uint64_t>(now_ - oldest + 2)));
  }

  void append() {
    for (std::uint64_t i = below(4 * Timeline::kBlock + 10); i > 0; --i) {
      now_ += 1 + static_cast<schema::EventTime>(below(20));
      const Value value = Value::number(static_cast<double>(below(5)));
      if (timeline_.append(now_, value)) list_.versions.push_back({now_, value});
    }
  }
  void splice() {
    const schema::EventTime from = some_time();
    schema::EventTime to = below(20) == 0 ? schema::kNever : from + 1;
    if (to != schema::kNever)
      to += static_cast<schema::EventTime>(below(below(4) == 0 ? 30 * Timeline::kBlock : 30));
    std::vector<Version> fresh;
    Value before = list_.at(from - 1);
    for (schema::EventTime time = from; time < std::min(to, from + 600) && below(30) != 0;
         time += 1 + static_cast<schema::EventTime>(below(9))) {
      const Value value = Value::number(static_cast<double>(below(5)));
      if (value != before) fresh.push_back({time, value});
      before = value;
    }
    std::vector<Version> removed;
    timeline_.splice(timeline_.first_from(from), to, fresh, removed);
    ASSERT_EQ(removed, list_.between(from, to));
    list_.assign(from, to, fresh);
    now_ = std::max(now_, list_.versions.back().from);
  }
  void forget() {
    const schema::EventTime horizon = some_time();
    const auto gone = list_.forget_before(horizon);
    below(2) == 0 ? timeline_.forget_before(horizon) : timeline_.shrink_to(horizon);
    if (below(2) == 0) return;
    timeline_.bring_back(gone);
    list_.versions.insert(list_.versions.begin(), gone.begin(), gone.end());
  }

  std::mt19937_64 random_{GetParam()};
  Timeline timeline_{Value::number(0)};
  List list_;
  schema::EventTime now_ = 0;
  std::uint32_t most_blocks_ = 0;
};

TEST_P(LongPast, IsWhatAPlainListOfItsVersionsIs) {
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t what = below(40);
    what < 3 ? append() : what < 37 ? splice() : what < 38 ? forget() : timeline_.restore(list_.versions);
    timeline_.check_invariants();
    const schema::History held = timeline_.versions();
    ASSERT_TRUE(std::ranges::equal(held, list_.versions))
        << "after operation " << i << ", a kind of " << what;
    ASSERT_EQ(held.size(), list_.versions.size());
    most_blocks_ = std::max(most_blocks_, held.blocks());
    for (int look = 0; look < 20; ++look) {
      const schema::EventTime time = some_time();
      ASSERT_EQ(timeline_.at(time), list_.at(time));
      ASSERT_EQ(held.at(time).value, list_.at(time));
      ASSERT_EQ(held.first_from(time), timeline_.first_from(time));
    }
  }
  EXPECT_GT(most_blocks_, 5u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LongPast, testing::Range<std::uint64_t>(0, 40));

}  // namespace
}  // namespace pollux::actors
