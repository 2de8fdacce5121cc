#include "actors/scheduling/deterministic_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using schema::EventTime;
using schema::kHour;
using schema::kNever;
using schema::kSecond;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    observed: { speed: {} }
  Steady:
    kind: constraint
    inputs: { speed: {} }
    requires: speed <= 20
    for: 5 s
entities:
  pump: { type: Pump }
  steady: { type: Steady, inputs: { speed: pump.speed } }
sources: { bms: { allowed_lateness: 1 h, clock_tolerance: 5 s } }
)yaml";
constexpr EventTime kNoon = 1'000 * kHour;

class DeterministicSchedulerTest : public testing::Test {
 protected:
  std::unique_ptr<Twin> start(DeterministicScheduler& scheduler) {
    TwinOptions options;
    options.scheduler = &scheduler;
    options.check_invariants = true;
    options.now = [&scheduler] { return kNoon + scheduler.now().count(); };
    return std::move(Twin::start(model_, make_memory_journal(*model_), options).value());
  }

  void report(Twin& twin, double speed) {
    schema::EventBatch batch;
    samples::report(batch, *model_, "e" + std::to_string(speed), kNoon, "pump.speed", speed);
    twin.submit(batch, [this](schema::Result<Receipt> receipt) {
      EXPECT_TRUE(receipt.ok());
      ++answers_;
    });
  }

  std::vector<Episode> episodes(Twin& twin, DeterministicScheduler& scheduler) {
    std::vector<Episode> found;
    twin.episodes(schema::kNone, schema::kBeginning, kNever, 10, [&](auto all) { found = std::move(all); });
    scheduler.run();
    return found;
  }

  const std::shared_ptr<const schema::Model> model_ = samples::load(kPlant);
  int answers_ = 0;
};

TEST_F(DeterministicSchedulerTest, NothingHappensButInItsSteps) {
  DeterministicScheduler scheduler(1);
  const auto twin = start(scheduler);
  report(*twin, 7);
  EXPECT_EQ(twin->journal().last_position(), 0u);
  EXPECT_EQ(answers_, 0);
  while (scheduler.step()) {
  }
  EXPECT_EQ(answers_, 1);
  EXPECT_EQ(twin->journal().last_position(), 1u);
}

TEST_F(DeterministicSchedulerTest, TimeStandsStillUntilItIsMovedAndThenTimersFire) {
  DeterministicScheduler scheduler(1);
  const auto twin = start(scheduler);
  report(*twin, 50);
  scheduler.run();
  EXPECT_THAT(episodes(*twin, scheduler), IsEmpty());
  scheduler.advance(std::chrono::seconds(4));
  scheduler.run();
  EXPECT_THAT(episodes(*twin, scheduler), IsEmpty());
  scheduler.advance(std::chrono::seconds(2));
  scheduler.run();
  EXPECT_THAT(episodes(*twin, scheduler), ElementsAre(Episode{1, kNoon + 5 * kSecond, kNever}));
  EXPECT_EQ(twin->clock(), kNoon + 6 * kSecond);
}

TEST_F(DeterministicSchedulerTest, ASlowDiskHoldsUpWhatIsSubmittedAndNotWhatIsAsked) {
  DeterministicScheduler scheduler(3);
  const auto twin = start(scheduler);
  scheduler.set_journal_steps_max(1'000'000);
  report(*twin, 50);
  int asked = 0;
  for (int i = 0; i < 10; ++i) {
    twin->digest([&](const Digest& digest) { asked += digest.position == 0; });
    scheduler.step();
  }
  EXPECT_GT(asked, 5);
  EXPECT_EQ(answers_, 0);
  scheduler.run();
  EXPECT_EQ(answers_, 1);
  EXPECT_GT(scheduler.steps(), 100u);
}

TEST_F(DeterministicSchedulerTest, OneServesTwinAfterTwin) {
  DeterministicScheduler scheduler(1);
  for (int life = 1; life <= 3; ++life) {
    const auto twin = start(scheduler);
    report(*twin, life);
    scheduler.run();
    EXPECT_EQ(answers_, life);
    scheduler.advance(std::chrono::seconds(1));
  }
  EXPECT_FALSE(scheduler.step());
}

}  // namespace
}  // namespace pollux::actors
