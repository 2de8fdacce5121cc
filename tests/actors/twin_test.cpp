#include "actors/twin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "actors/scheduling/deterministic_scheduler.h"
#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using samples::Gate;
using samples::RunningTwin;
using samples::SharedJournal;
using samples::wait_for;
using schema::Error;
using schema::ErrorCode;
using schema::EventBatch;
using schema::EventTime;
using schema::kDay;
using schema::kHour;
using schema::kNever;
using schema::kSecond;
using schema::Result;
using schema::Value;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    observed: { speed: {} }
    derived: { flow: { is: "2 * speed" } }
  Steady:
    kind: constraint
    inputs: { flow: {} }
    requires: flow <= 20
    for: 5 s
entities:
  pump-1: { type: Pump }
  pump-2: { type: Pump }
  pump-3: { type: Pump }
  pump-4: { type: Pump }
  steady: { type: Steady, inputs: { flow: pump-1.flow } }
sources: { bms: { allowed_lateness: 1 h, clock_tolerance: 5 s } }
)yaml";
constexpr EventTime kNoon = 1'000 * kHour;

class TwinTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> memory() const { return make_memory_journal(*model_); }
  std::unique_ptr<Journal> shared(const std::shared_ptr<Journal>& journal,
                                  SharedJournal::Hook before_append = {}) const {
    return std::make_unique<SharedJournal>(journal, std::move(before_append));
  }

  /// `count` events of one second each from `start` on, the first called `prefix`0.
  EventBatch events(const std::string& prefix, int count, EventTime start = kNoon,
                    std::string_view name = "pump-1.speed") const {
    EventBatch batch;
    for (int i = 0; i < count; ++i)
      samples::report(batch, *model_, prefix + std::to_string(i), start + i * kSecond, name, i % 17);
    return batch;
  }

  static std::size_t count_events(const Journal& journal) {
    std::size_t count = 0;
    EXPECT_TRUE(journal
                    .read(1,
                          [&](schema::EpochRecord& record) {
                            count += record.events.events.size();
                            return true;
                          })
                    .ok());
    return count;
  }

  const std::shared_ptr<const schema::Model> model_ = samples::load(kPlant);
};

TEST_F(TwinTest, WhatIsAcknowledgedIsSettledAndJournaled) {
  RunningTwin twin(model_, memory());
  const auto receipt = twin.report("a", kNoon, "pump-1.speed", 21);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->position, 1u);
  EXPECT_THAT(receipt->outcomes, ElementsAre(EventOutcome::accepted));
  EXPECT_EQ(twin->settled_position(), 1u);
  EXPECT_EQ(twin->journal().last_position(), 1u);
  EXPECT_EQ(twin->clock(), kNoon);
  EXPECT_EQ(twin.value("pump-1.flow"), Value::number(42));
}

TEST_F(TwinTest, DuplicatesAreAcknowledgedAndChangeNothing) {
  RunningTwin twin(model_, memory());
  EventBatch batch = events("e", 3);
  samples::report(batch, *model_, "e1", kNoon + kSecond, "pump-1.speed", 99);
  const auto first = twin.submit(batch);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(first->outcomes, ElementsAre(EventOutcome::accepted, EventOutcome::accepted,
                                           EventOutcome::accepted, EventOutcome::duplicate));
  const Digest before = twin.digest();

  const auto again = twin.submit(batch);
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(again->outcomes, Each(EventOutcome::duplicate));
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(twin.digest().hex, before.hex);
  EXPECT_EQ(twin->journal().last_position(), 1u);
  EXPECT_EQ(twin->probe().events_duplicate.value(), 5u);
}

TEST_F(TwinTest, WhatIsTooLateIsQuarantinedOnceAndChangesNothing) {
  RunningTwin twin(model_, memory());
  ASSERT_TRUE(twin.report("new", kNoon, "pump-1.speed", 1).ok());
  const Digest before = twin.digest();
  for (const EventOutcome expected : {EventOutcome::too_late, EventOutcome::duplicate}) {
    const auto receipt = twin.report("late", kNoon - kHour - 1, "pump-1.speed", 7);
    ASSERT_TRUE(receipt.ok());
    EXPECT_THAT(receipt->outcomes, ElementsAre(expected));
    EXPECT_EQ(receipt->position, 1u);
  }
  const auto set_aside = twin.quarantine();
  ASSERT_EQ(set_aside.size(), 1u);
  EXPECT_EQ(set_aside[0].reason, schema::QuarantineReason::too_late);
  EXPECT_EQ(set_aside[0].clock, kNoon);
  EXPECT_EQ(set_aside[0].event.id(set_aside[0].event.events[0]), "late");
  EXPECT_EQ(twin.digest().hex, before.hex);
}

TEST_F(TwinTest, WhatIsTooLateTwiceInOneBatchIsQuarantinedOnce) {
  RunningTwin twin(model_, memory());
  ASSERT_TRUE(twin.report("new", kNoon, "pump-1.speed", 1).ok());
  EventBatch batch = events("late", 1, kNoon - kDay);
  samples::report(batch, *model_, "late0", kNoon - kDay, "pump-1.speed", 0);
  const auto receipt = twin.submit(batch);
  ASSERT_TRUE(receipt.ok());
  EXPECT_THAT(receipt->outcomes, ElementsAre(EventOutcome::too_late, EventOutcome::duplicate));
  EXPECT_EQ(twin.quarantine().size(), 1u);
}

TEST_F(TwinTest, WhatIsFromTheFutureIsQuarantinedOnceAndDoesNotMoveTheClock) {
  TwinOptions options = samples::clocked_by_events();
  options.clock = ClockMode::wall;
  options.now = [] { return kNoon; };
  RunningTwin twin(model_, memory(), options);
  ASSERT_TRUE(twin.report("now", kNoon + 5 * kSecond, "pump-1.speed", 1).ok());
  for (const EventOutcome expected : {EventOutcome::from_the_future, EventOutcome::duplicate}) {
    const auto receipt = twin.report("early", kNoon + kDay, "pump-1.speed", 7);
    ASSERT_TRUE(receipt.ok());
    EXPECT_THAT(receipt->outcomes, ElementsAre(expected));
  }
  const auto set_aside = twin.quarantine();
  ASSERT_EQ(set_aside.size(), 1u);
  EXPECT_EQ(set_aside[0].reason, schema::QuarantineReason::from_the_future);
  EXPECT_EQ(twin->clock(), kNoon + 5 * kSecond);
  EXPECT_EQ(twin.value("pump-1.speed"), Value::number(1));
}

TEST_F(TwinTest, AnOldDuplicateBeyondTheLatenessWindowIsRecognised) {
  TwinOptions options = samples::clocked_by_events();
  options.check_invariants = false;
  RunningTwin twin(model_, memory(), options);
  ASSERT_TRUE(twin.report("old", kNoon, "pump-1.speed", 1).ok());
  // So many and so much later that memory has forgotten the first; only the journal knows it.
  ASSERT_TRUE(twin.submit(events("x", 70'000, kNoon + kDay)).ok());
  ASSERT_TRUE(twin.submit(events("y", 70'000, kNoon + 10 * kDay)).ok());
  const auto receipt = twin.report("old", kNoon, "pump-1.speed", 1);
  ASSERT_TRUE(receipt.ok());
  EXPECT_THAT(receipt->outcomes, ElementsAre(EventOutcome::duplicate));
  EXPECT_THAT(twin.report("old and new", kNoon, "pump-1.speed", 1)->outcomes,
              ElementsAre(EventOutcome::too_late));
  EXPECT_EQ(twin.quarantine().size(), 1u);
}

TEST_F(TwinTest, AFullQueueIsRefusedAsOverloadedAndNothingOfItIsTaken) {
  Gate disk;
  TwinOptions options = samples::clocked_by_events();
  options.queue_events_max = 10;
  const std::shared_ptr<Journal> journal = memory();
  RunningTwin twin(model_,
                   shared(journal,
                          [&] {
                            disk.pass();
                            return Result<void>();
                          }),
                   options);
  auto first = twin.hand_over(events("a", 4));
  disk.wait_until_someone_is_held();
  auto second = twin.hand_over(events("b", 6));
  auto third = twin.hand_over(events("c", 1));
  EXPECT_EQ(third.wait_for(std::chrono::seconds(0)), std::future_status::ready) << "refused at once";
  disk.open();
  const auto refused = wait_for(std::move(third));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_THAT(refused.error().message, HasSubstr("10 of at most 10"));
  EXPECT_EQ(twin->probe().submissions_refused_queue_full.value(), 1u);

  EXPECT_TRUE(wait_for(std::move(first)).ok());
  EXPECT_TRUE(wait_for(std::move(second)).ok());
  EXPECT_EQ(twin->probe().queue_events.value(), 0);
  EXPECT_EQ(count_events(*journal), 10u);
  EXPECT_THAT(twin.submit(events("c", 1))->outcomes, ElementsAre(EventOutcome::accepted));

  const auto too_big = twin.submit(events("d", 11));
  ASSERT_FALSE(too_big.ok());
  EXPECT_EQ(too_big.error().advice, "send smaller batches");
}

/// Waits for publications of a change feed.
class Publications {
 public:
  explicit Publications(ChangeFeed& feed)
      : feed_(feed), subscription_(feed.subscribe([this] {
          const std::lock_guard lock(mutex_);
          ++count_;
          changed_.notify_all();
        })) {}
  ~Publications() { feed_.unsubscribe(subscription_); }

  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, samples::kPatience, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  ChangeFeed& feed_;
  const std::uint64_t subscription_;
};

TEST_F(TwinTest, WithTheWallClockAForTimerFiresThoughNoEventComes) {
  std::atomic<EventTime> now = kNoon;
  TwinOptions options = samples::clocked_by_events();
  options.clock = ClockMode::wall;
  options.now = [&] { return now.load(); };
  options.tick = schema::kMillisecond;
  RunningTwin twin(model_, memory(), options);
  Publications publications(twin->changes());
  ASSERT_TRUE(twin.report("a", kNoon, "pump-1.speed", 50).ok());
  ASSERT_TRUE(publications.wait_for(1));
  EXPECT_TRUE(twin.episodes().empty());

  now = kNoon + 7 * kSecond;
  ASSERT_TRUE(publications.wait_for(2));
  const schema::EntityIndex steady = model_->find_entity("steady");
  EXPECT_THAT(twin.episodes(), ElementsAre(Episode{steady, kNoon + 5 * kSecond, kNever}));
  EXPECT_EQ(twin->clock(), kNoon + 7 * kSecond);
  EXPECT_EQ(twin->journal().last_position(), 2u) << "the advance of the clock is journaled, and only once";
}

class DurableTwinTest : public TwinTest {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-twin-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::unique_ptr<Journal> open() const {
    return open_rocksdb_journal((directory_ / "data").string(), *model_).value();
  }

  fs::path directory_;
};

TEST_F(DurableTwinTest, ARestartOnTheSameJournalGoesOnWhereItWas) {
  std::optional<Digest> digest;
  std::vector<Episode> episodes;
  for (int restart = 0; restart < 4; ++restart) {
    RunningTwin twin(model_, open());
    if (digest) {
      EXPECT_EQ(twin.digest().hex, digest->hex);
      EXPECT_EQ(twin.digest().position, digest->position);
      EXPECT_EQ(twin->settled_position(), digest->position);
      EXPECT_EQ(twin.digest().clock, digest->clock);
      EXPECT_EQ(twin.episodes(), episodes);
      EXPECT_THAT(twin.submit(events("run0-", 40))->outcomes, Each(EventOutcome::duplicate));
      EXPECT_EQ(twin->changes().after(0, 10).oldest, digest->position);
    }
    const EventTime start = kNoon + restart * 20 * kSecond;  // overlaps what came before: revises it
    for (int part = 0; part < 3; ++part) {
      const std::string prefix = "run" + std::to_string(restart) + "-" + (part ? std::to_string(part) : "");
      ASSERT_TRUE(twin.submit(events(prefix, 40, start + part * 10 * kSecond)).ok());
    }
    EXPECT_FALSE(twin.report("late" + std::to_string(restart), kNoon - kDay, "pump-1.speed", 1)->position ==
                 0);
    digest = twin.digest();
    episodes = twin.episodes();
    EXPECT_FALSE(episodes.empty());
    EXPECT_EQ(twin.quarantine().size(), static_cast<std::size_t>(restart) + 1);
  }
}

TEST_F(DurableTwinTest, AClockThatOnlyTimeMovedIsWhereItWasAfterARestart) {
  std::atomic<EventTime> now = kNoon;
  TwinOptions options = samples::clocked_by_events();
  options.clock = ClockMode::wall;
  options.now = [&] { return now.load(); };
  options.tick = schema::kMillisecond;
  std::string digest;
  {
    RunningTwin twin(model_, open(), options);
    Publications publications(twin->changes());
    ASSERT_TRUE(twin.report("a", kNoon, "pump-1.speed", 50).ok());
    now = kNoon + 7 * kSecond;
    ASSERT_TRUE(publications.wait_for(2));
    digest = twin.digest().hex;
  }
  RunningTwin twin(model_, open());
  EXPECT_EQ(twin.digest().hex, digest);
  EXPECT_EQ(twin->clock(), kNoon + 7 * kSecond);
}

TEST_F(TwinTest, AJournalThatFailsIsToldToProducersWhileReadsGoOn) {
  std::atomic<bool> full = false;
  Gate disk;
  const std::shared_ptr<Journal> journal = memory();
  RunningTwin twin(model_, shared(journal, [&]() -> Result<void> {
                     if (!full) return {};
                     disk.pass();
                     return Error{ErrorCode::io, "no space left on device", "000042.log", "free some"};
                   }));
  ASSERT_TRUE(twin.submit(events("a", 5)).ok());
  EXPECT_EQ(twin->failure(), "");
  const Digest before = twin.digest();

  full = true;
  auto in_flight = twin.hand_over(events("b", 5));
  disk.wait_until_someone_is_held();
  auto queued = twin.hand_over(events("c", 5));
  disk.open();
  for (auto* each : {&in_flight, &queued}) {
    const auto outcome = wait_for(std::move(*each));
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, ErrorCode::io);
    EXPECT_THAT(outcome.error().text(), HasSubstr("no space left on device"));
  }
  EXPECT_THAT(twin->failure(), HasSubstr("no space left on device"));
  EXPECT_EQ(twin->probe().queue_events.value(), 0);

  const auto refused = twin.submit(events("d", 5));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::io);
  EXPECT_THAT(refused.error().message, HasSubstr("no space left on device"));

  EXPECT_EQ(twin.digest().hex, before.hex);
  EXPECT_EQ(twin.digest().position, 1u);
  EXPECT_EQ(twin->settled_position(), 1u);
  EXPECT_EQ(journal->last_position(), 1u);
}

TEST_F(TwinTest, StoppingSettlesOrRefusesEachSubmissionInFlightExactlyOnce) {
  constexpr int kThreads = 3;
  constexpr int kEach = 40;
  const std::shared_ptr<Journal> journal = memory();
  Gate disk;
  RunningTwin twin(model_, shared(journal, [&] {
                     disk.pass();
                     return Result<void>();
                   }));
  std::vector<std::atomic<int>> answers(kThreads * kEach);
  std::atomic<std::size_t> accepted = 0;
  std::atomic<int> unavailable = 0;
  std::vector<std::jthread> producers;
  for (int t = 0; t < kThreads; ++t) {
    producers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const int number = t * kEach + i;
        twin->submit(events("s" + std::to_string(number) + "-", 3), [&, number](Result<Receipt> outcome) {
          if (outcome.ok()) {
            accepted += outcome->outcomes.size();
          } else {
            unavailable += outcome.error().code == ErrorCode::unavailable;
          }
          ++answers[number];
        });
      }
    });
  }
  disk.wait_until_someone_is_held();
  std::jthread stopping([&] { twin->stop(); });
  disk.open();
  stopping.join();
  producers.clear();
  for (const auto& each : answers) EXPECT_EQ(each, 1);
  EXPECT_EQ(count_events(*journal), accepted);
  EXPECT_EQ(accepted / 3 + unavailable, kThreads * kEach);

  const auto late = twin.submit(events("late", 1));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  twin->stop();
}

TEST_F(TwinTest, StoppingWhileTimersComeDueLeavesNothingRunning) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<EventTime> now = kNoon;
    TwinOptions options = samples::clocked_by_events();
    options.clock = ClockMode::wall;
    options.now = [&] { return now.load(); };
    options.tick = 1;
    const std::shared_ptr<Journal> journal = memory();
    RunningTwin twin(model_, shared(journal), options);
    ASSERT_TRUE(twin.report("a", kNoon, "pump-1.speed", 50).ok());
    now = kNoon + 7 * kSecond;
    twin->stop();
    EXPECT_EQ(journal->last_position(), twin->settled_position());
  }
}

TEST_F(TwinTest, AnExceptionAmidItsWorkEndsTheProcessAndLeavesNobodyWaiting) {
  EXPECT_DEATH(
      {
        DeterministicScheduler scheduler(1);
        TwinOptions options;
        options.scheduler = &scheduler;
        const auto twin = std::move(Twin::start(model_, memory(), options)).value();
        twin->query([](const SettledState&) { throw std::runtime_error("a broken question"); });
        scheduler.run();
      },
      "a broken question");
}

TEST_F(TwinTest, FourThreadsSubmittingAtOnceLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 100;
  constexpr int kEvents = 5;
  const std::shared_ptr<Journal> journal = memory();
  RunningTwin twin(model_, shared(journal));
  const auto batch = [&](int thread, int i) {
    const std::string prefix = std::to_string(thread) + "-" + std::to_string(i) + "-";
    return events(prefix, kEvents, kNoon + i * kSecond, "pump-" + std::to_string(thread + 1) + ".speed");
  };
  {
    std::vector<std::jthread> producers;
    for (int t = 0; t < kThreads; ++t) {
      producers.emplace_back([&, t] {
        std::vector<std::future<Result<Receipt>>> answers;
        for (int i = 0; i < kBatches; ++i) answers.push_back(twin.hand_over(batch(t, i)));
        for (auto& each : answers) {
          const auto receipt = wait_for(std::move(each));
          EXPECT_TRUE(receipt.ok());
          EXPECT_THAT(receipt->outcomes, Each(EventOutcome::accepted));
        }
      });
    }
  }
  EXPECT_EQ(count_events(*journal), std::size_t{kThreads} * kBatches * kEvents);
  EXPECT_EQ(twin->probe().queue_events.value(), 0);

  EventBatch everything;
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kBatches; ++i) {
      const EventBatch part = batch(t, i);
      for (const schema::Event& event : part.events) everything.append(part, event);
    }
  }
  RunningTwin at_once(model_, memory());
  ASSERT_TRUE(at_once.submit(everything).ok());
  EXPECT_EQ(twin.digest().hex, at_once.digest().hex);
  EXPECT_EQ(twin.episodes(), at_once.episodes());
}

}  // namespace
}  // namespace pollux::actors
