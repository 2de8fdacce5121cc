#include "actors/propagation/observations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace pollux::actors {
namespace {

using schema::Duration;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Quality;
using schema::Reason;
using schema::Value;

Observation at(EventTime time, double value, std::uint32_t source = 0, std::uint64_t sequence = 0,
               std::uint64_t id_hash = 0) {
  return {time, sequence, id_hash, source, Value::number(value)};
}

std::vector<Version> replay(const Observations& observations, EventTime clock, Duration expect_every = 0) {
  std::vector<Version> versions;
  observations.replay(kBeginning, kNever, clock, expect_every, Value{}, versions);
  return versions;
}

TEST(Observations, TheLastInTheTotalOrderCountsAtATimeWhateverArrivedFirst) {
  std::vector<Observation> ties = {at(5, 1, 0, 9, 9), at(5, 2, 1, 1, 7), at(5, 3, 1, 2, 1),
                                   at(5, 4, 1, 2, 2)};
  do {
    Observations observations;
    for (const Observation& observation : ties) observations.insert(observation, kBeginning);
    observations.check_invariants();
    EXPECT_EQ(replay(observations, 5), (std::vector<Version>{{5, Value::number(4)}}));
  } while (std::ranges::next_permutation(ties, [](const auto& a, const auto& b) {
             return a.value.as_number() < b.value.as_number();
           }).found);
}

TEST(Observations, AValueReportedAgainMakesNoVersion) {
  Observations observations;
  for (const EventTime time : {1, 2, 3}) observations.insert(at(time, 7), kBeginning);
  EXPECT_EQ(replay(observations, 3), (std::vector<Version>{{1, Value::number(7)}}));
  EXPECT_EQ(observations.newest_time(), 3);
}

TEST(Observations, SilenceMakesAValueStaleUntilTheNextReport) {
  Observations observations;
  observations.insert(at(10, 1), kBeginning);
  observations.insert(at(40, 1), kBeginning);
  const Value stale = Value::number(1, Quality::stale, Reason::no_recent_event);
  EXPECT_EQ(replay(observations, 44, 5),
            (std::vector<Version>{{10, Value::number(1)}, {15, stale}, {40, Value::number(1)}}));
  EXPECT_EQ(replay(observations, 45, 5).back(), (Version{45, stale}));
}

TEST(Observations, WhatIsHeardWithoutBeingKeptPutsSilenceOff) {
  Observations observations;
  const Value stale = Value::number(1, Quality::stale, Reason::no_recent_event);
  observations.insert(at(10, 1), kBeginning);
  observations.hear(14, 20, kBeginning);
  EXPECT_EQ(replay(observations, 100, 5).back(), (Version{25, stale}));
  EXPECT_EQ(observations.stale_after(24, 5), 25);
  observations.hear(25, 27, kBeginning);
  EXPECT_EQ(observations.stale_after(24, 5), 32);
  observations.hear(19, 26, kBeginning);
  observations.check_invariants();
  EXPECT_EQ(observations.heard().size(), 1u);
  EXPECT_EQ(observations.stale_after(24, 5), 32);
  observations.hear(33, 40, kBeginning);
  EXPECT_EQ(observations.stale_after(24, 5), 32) << "it was silent by then";
}

TEST(Observations, WhatIsWorthLessThanStaleDoesNotBecomeStale) {
  Observations observations;
  observations.insert({10, 0, 0, 0, Value::bad(schema::ValueType::number, Reason::reported_by_source)},
                      kBeginning);
  EXPECT_EQ(replay(observations, 100, 5).size(), 1u);
  EXPECT_EQ(observations.stale_after(10, 5), kNever);
}

TEST(Observations, TellWhenTheNewestBecomesStale) {
  Observations observations;
  EXPECT_EQ(observations.stale_after(0, 5), kNever);
  observations.insert(at(10, 1), kBeginning);
  EXPECT_EQ(observations.stale_after(10, 0), kNever);
  EXPECT_EQ(observations.stale_after(14, 5), 15);
  EXPECT_EQ(observations.stale_after(15, 5), kNever) << "it is stale already";
}

TEST(Observations, TellTheNeighboursOfATime) {
  Observations observations;
  EXPECT_EQ(observations.newest_time(), kBeginning);
  EXPECT_EQ(observations.next_after(0), kNever);
  for (const EventTime time : {10, 20}) observations.insert(at(time, 1), kBeginning);
  EXPECT_EQ(observations.next_after(9), 10);
  EXPECT_EQ(observations.next_after(10), 20);
  EXPECT_EQ(observations.next_after(20), kNever);
}

/// Random observations within [0, 60), in the order they arrive, and what follows from them, found naively.
struct RandomCase {
  explicit RandomCase(std::mt19937_64& random) {
    const std::size_t count = 1 + random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      Observation one = at(static_cast<EventTime>(random() % 60), static_cast<double>(random() % 4),
                           random() % 2, random() % 3, i);
      if (random() % 8 == 0) one.value = Value::bad(schema::ValueType::number, Reason::reported_by_source);
      arrived.push_back(one);
      clock = std::max(clock, one.time);
    }
    clock += static_cast<EventTime>(random() % 20);
    expect_every = static_cast<Duration>(random() % 3 == 0 ? 0 : 1 + random() % 12);
  }

  Value value_at(EventTime time) const {
    const Observation* last = nullptr;
    for (const Observation& one : arrived) {
      if (one.time <= time && (last == nullptr || last->precedes(one))) last = &one;
    }
    if (last == nullptr) return {};
    Value value = last->value;
    const bool silent = expect_every > 0 && std::min(time, clock) - last->time >= expect_every;
    if (silent && value.usable()) {
      value.quality = Quality::stale;
      value.reason = Reason::no_recent_event;
    }
    return value;
  }

  std::vector<Observation> arrived;
  EventTime clock = 0;
  Duration expect_every = 0;
};

Value value_at(const std::vector<Version>& versions, EventTime time) {
  Value value;
  for (const Version& version : versions) {
    if (version.from <= time) value = version.value;
  }
  return value;
}

TEST(Observations, InsertedInAnyOrderTheyTellWhatANaiveSearchTells) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    const RandomCase one(random);
    Observations observations;
    for (const Observation& observation : one.arrived) observations.insert(observation, kBeginning);
    observations.check_invariants();
    const auto versions = replay(observations, one.clock, one.expect_every);
    for (std::size_t i = 1; i < versions.size(); ++i) {
      ASSERT_LT(versions[i - 1].from, versions[i].from);
      ASSERT_NE(versions[i - 1].value, versions[i].value);
    }
    for (EventTime time = -1; time < 90; ++time) {
      ASSERT_EQ(value_at(versions, time), one.value_at(time)) << "round " << round << " at " << time;
    }
  }
}

TEST(Observations, TheReplayOfAnIntervalIsTheWholeReplayCutToIt) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 2'000; ++round) {
    const RandomCase one(random);
    Observations observations;
    for (const Observation& observation : one.arrived) observations.insert(observation, kBeginning);
    const auto whole = replay(observations, one.clock, one.expect_every);
    const auto from = static_cast<EventTime>(random() % 80);
    const EventTime to = random() % 4 == 0 ? kNever : from + 1 + static_cast<EventTime>(random() % 40);
    std::vector<Version> expected;
    std::ranges::copy_if(whole, std::back_inserter(expected),
                         [&](const Version& v) { return v.from >= from && v.from < to; });
    std::vector<Version> part;
    observations.replay(from, to, one.clock, one.expect_every, value_at(whole, from - 1), part);
    ASSERT_EQ(part, expected) << "round " << round << ", [" << from << ", " << to << ")";
  }
}

TEST(Observations, WhatIsDroppedBehindTheHorizonIsNotMissedFromThereOn) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 200; ++round) {
    Observations kept;
    Observations all;
    EventTime clock = 0;
    EventTime horizon = kBeginning;
    for (std::uint64_t i = 0; i < 400; ++i) {
      const EventTime late = static_cast<EventTime>(random() % 15);
      const Observation one = at(std::max(horizon, clock - late), static_cast<double>(random() % 4), 0, 0, i);
      kept.insert(one, horizon);
      all.insert(one, kBeginning);
      clock = std::max(clock, one.time) + static_cast<EventTime>(random() % 3);
      horizon = std::max(horizon, clock - 20);
      const auto whole = replay(all, clock, 4);
      if (i % 20 != 0) continue;
      std::vector<Version> got;
      kept.replay(horizon, kNever, clock, 4, value_at(whole, horizon - 1), got);
      std::vector<Version> expected;
      all.replay(horizon, kNever, clock, 4, value_at(whole, horizon - 1), expected);
      ASSERT_EQ(got, expected);
    }
    kept.check_invariants();
  }
}

}  // namespace
}  // namespace pollux::actors
