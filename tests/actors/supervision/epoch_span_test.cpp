#include "actors/supervision/epoch_span.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using samples::RunningTwin;
using schema::EventTime;
using schema::kDay;
using schema::kHour;
using schema::kMillisecond;
using schema::kMinute;
using schema::kNever;
using schema::kSecond;
using schema::Value;

constexpr EventTime kNoon = 1'000 * kHour;

constexpr const char* kMeter = R"yaml(
twin: plant
types:
  Meter: { kind: asset, observed: { power: {} }, derived: { energy: { unit: s, is: "integral(power, 100 ms)" } } }
entities: { meter-1: { type: Meter } }
sources: { bms: { allowed_lateness: 1 h } }
)yaml";

/// Counts up each millisecond while there is power.
constexpr const char* kLoop = R"yaml(
twin: plant
types:
  Counter:
    kind: process
    observed: { power: {} }
    inputs: { before: {} }
    derived: { count: { is: before + power } }
entities: { meter-1: { type: Counter, inputs: { before: back.value } } }
links: { back: { from: meter-1.count, delay: 1 ms, initial: 0 } }
sources: { bms: {} }
)yaml";

TEST(EpochSpan, IsWithoutEndWhereTimeAloneSetsOffNothingAgain) {
  const auto model = samples::load(R"yaml(
twin: plant
types: { Meter: { kind: asset, observed: { power: { expect_every: 1 s } }, derived: { twice: { is: 2 * power } } } }
entities: { meter-1: { type: Meter } }
sources: { bms: {} }
)yaml");
  EXPECT_EQ(epoch_span_max(*model), kNever);
}

TEST(EpochSpan, AllowsSoManyMomentsOfAllEntitiesTogether) {
  EXPECT_EQ(epoch_span_max(*samples::load(kMeter)), kSilentMomentsMax * 100 * kMillisecond);
  EXPECT_EQ(epoch_span_max(*samples::load(kLoop)), kSilentMomentsMax * kMillisecond);
  std::string two = kMeter;
  two.replace(two.find("entities: {"), 11, "entities: { meter-2: { type: Meter }, ");
  EXPECT_EQ(epoch_span_max(*samples::load(two)), kSilentMomentsMax * 50 * kMillisecond);
}

/// A twin in which a long silence is followed by an event; what became of it.
struct AfterSilence {
  std::uint64_t catching_up = 0;
  std::uint64_t moments = 0;  ///< Values that changed.
  Value value;
  schema::Position position = 0;
  EventTime clock = 0;
  std::string digest;
};

AfterSilence told_by(RunningTwin& twin, std::string_view name) {
  const DomainProbe& probe = twin->probe();
  return {probe.epochs_catching_up.value(), probe.changes.value(), twin.value(name),
          twin->settled_position(),         twin->clock(),         twin.digest().hex};
}

AfterSilence silent_for(schema::Duration silence, const char* yaml, std::string_view name) {
  const auto model = samples::load(yaml);
  const std::shared_ptr<Journal> journal = make_memory_journal(*model);
  AfterSilence live;
  {
    RunningTwin twin(model, std::make_unique<samples::SharedJournal>(journal));
    EXPECT_TRUE(twin.report("a", kNoon, "meter-1.power", 2).ok());
    EXPECT_TRUE(twin.report("b", kNoon + silence, "meter-1.power", 0).ok());
    live = told_by(twin, name);
  }
  RunningTwin replayed(model, std::make_unique<samples::SharedJournal>(journal));
  const AfterSilence again = told_by(replayed, name);
  EXPECT_EQ(again.digest, live.digest) << "replay comes to the same";
  EXPECT_EQ(again.clock, live.clock);
  return live;
}

TEST(EpochSpan, ALongSilenceIsGoneThroughInSeveralEpochs) {
  const AfterSilence told = silent_for(kDay, kMeter, "meter-1.energy");
  EXPECT_EQ(told.value, Value::number(2.0 * 86'400));
  EXPECT_EQ(told.clock, kNoon + kDay);
  EXPECT_EQ(told.catching_up, 4u) << "864,000 ticks";
  EXPECT_EQ(told.position, 6u) << "each is journaled";
  EXPECT_GT(told.moments, 864'000u) << "and none of them is left out";
}

TEST(EpochSpan, AShortSilenceIsGoneThroughInOne) {
  EXPECT_EQ(silent_for(kHour, kMeter, "meter-1.energy").catching_up, 0u);
}

TEST(EpochSpan, AQuickLoopIsCutLikewise) {
  const AfterSilence told = silent_for(7 * kMinute, kLoop, "meter-1.count");
  EXPECT_EQ(told.catching_up, 2u) << "420,000 rounds";
  EXPECT_EQ(told.value, Value::number(2 * 420'000));
}

/// Nothing that arrives is made late by the clock coming closer to what arrives with it.
TEST(EpochSpan, ASubmissionThatAlsoHoldsOldEventsIsTakenInAsAWhole) {
  const auto model = samples::load(kMeter);
  RunningTwin twin(model, make_memory_journal(*model));
  ASSERT_TRUE(twin.report("a", kNoon, "meter-1.power", 2).ok());
  schema::EventBatch batch;
  samples::report(batch, *model, "b", kNoon + kDay, "meter-1.power", 0);
  samples::report(batch, *model, "c", kNoon - kMinute, "meter-1.power", 1);
  const auto receipt = twin.submit(std::move(batch));
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->outcomes, std::vector<EventOutcome>(2, EventOutcome::accepted));
  EXPECT_EQ(twin->probe().epochs_catching_up.value(), 0u);
}

TEST(EpochSpan, AnIdleClockWithFarToGoGetsThereWithoutWaitingBetweenEpochs) {
  const auto model = samples::load(kMeter);
  std::atomic<EventTime> now = kNoon;
  TwinOptions options = samples::clocked_by_events();
  options.clock = ClockMode::wall;
  options.now = [&now] { return now.load(); };
  options.tick = kMillisecond;
  RunningTwin twin(model, make_memory_journal(*model), options);
  ASSERT_TRUE(twin.report("a", kNoon, "meter-1.power", 2).ok());
  now = kNoon + kDay;
  while (twin->clock() < now) std::this_thread::yield();
  EXPECT_EQ(twin->probe().epochs_catching_up.value(), 4u);
}

}  // namespace
}  // namespace pollux::actors
