#include "actors/propagation/entity_actor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <semaphore>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using samples::RunningTwin;
using schema::EntityIndex;
using schema::EventBatch;
using schema::kHour;
using schema::kSecond;
using testing::Contains;
using testing::HasSubstr;

constexpr std::string_view kChain = R"yaml(
twin: chain
types:
  Pump:
    kind: asset
    observed: { speed: { expect_every: 10 s } }
    derived: { flow: { is: "2 * speed" } }
  Total:
    kind: process
    inputs: { flow: { many: true } }
    derived: { sum: { is: sum(flow) } }
  Limit:
    kind: constraint
    inputs: { sum: {} }
    requires: sum <= 60
    for: 5 s
entities:
  pump-1: { type: Pump }
  pump-2: { type: Pump }
  total: { type: Total, inputs: { flow: [pump-1.flow, pump-2.flow] } }
  limit: { type: Limit, inputs: { sum: total.sum } }
sources: { bms: { allowed_lateness: 1 h } }
)yaml";

class EntityActorTest : public testing::Test {
 protected:
  /// Two pumps a second, out of order, so that the past is revised too.
  EventBatch events(int round) const {
    EventBatch batch;
    for (int i = 0; i < 20; ++i) {
      const schema::EventTime time = 1'000 * kHour + (round * 10 + i * 7 % 20) * kSecond;
      const std::string id = std::to_string(round) + "-" + std::to_string(i);
      samples::report(batch, *model_, id, time, i % 2 ? "pump-1.speed" : "pump-2.speed",
                      (i * 13 + round) % 40);
    }
    return batch;
  }

  const std::shared_ptr<const schema::Model> model_ = samples::load(kChain);
};

TEST_F(EntityActorTest, EntitiesWhoseActorsDieGoOnAsIfNothingHadHappened) {
  constexpr int kRounds = 30;
  std::counting_semaphore<> restarts(0);
  std::mutex mutex;
  std::vector<std::string> warnings;
  TwinOptions options = samples::clocked_by_events();
  options.portion_entities = 1;
  options.warn = [&](const std::string& what) {
    {
      const std::lock_guard lock(mutex);
      warnings.push_back(what);
    }
    restarts.release();
  };
  RunningTwin undisturbed(model_, make_memory_journal(*model_));
  RunningTwin twin(model_, make_memory_journal(*model_), options);
  for (int round = 0; round < kRounds; ++round) {
    auto pending = twin.hand_over(events(round));
    for (EntityIndex e = 0; e < model_->entity_count(); ++e) twin->end_actor(e);
    ASSERT_TRUE(samples::wait_for(std::move(pending)).ok());
    for (EntityIndex e = 0; e < model_->entity_count(); ++e) {
      ASSERT_TRUE(restarts.try_acquire_for(samples::kPatience));
    }
    ASSERT_TRUE(undisturbed.submit(events(round)).ok());
    ASSERT_EQ(twin.digest().hex, undisturbed.digest().hex);
  }
  EXPECT_EQ(twin.episodes(), undisturbed.episodes());
  EXPECT_EQ(twin->probe().actors_restarted.value(), kRounds * model_->entity_count());
  EXPECT_EQ(undisturbed->probe().actors_restarted.value(), 0u);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(warnings, Contains(HasSubstr("the actor of entity limit died and was restarted")));
}

TEST_F(EntityActorTest, StoppingWhileActorsDieLeavesNothingBehind) {
  for (int round = 0; round < 20; ++round) {
    RunningTwin twin(model_, make_memory_journal(*model_));
    auto pending = twin.hand_over(events(round));
    for (EntityIndex e = 0; e < model_->entity_count(); ++e) twin->end_actor(e);
    twin.stop();
    EXPECT_TRUE(samples::wait_for(std::move(pending)).ok());
  }
}

}  // namespace
}  // namespace pollux::actors
