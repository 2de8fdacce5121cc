// A twin that goes on from a snapshot is the twin that never stopped, bit for bit, whatever comes later: late
// events, corrections, retractions, timers. POLLUX_SNAPSHOT_CASES sets how many, POLLUX_SIM_SEED where they
// start.
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/twin.h"
#include "tests/sim/random_case.h"

namespace pollux::sim {
namespace {

using actors::SettledState;
using actors::Twin;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Model;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string text_of(const schema::Value& value) {
  return std::to_string(value.bits) + "t" + std::to_string(static_cast<int>(value.type)) + "q" +
         std::to_string(static_cast<int>(value.quality)) + "r" +
         std::to_string(static_cast<int>(value.reason));
}

std::string text_of(const std::vector<actors::Observation>& observations) {
  std::string text;
  for (const actors::Observation& each : observations) {
    text += " " + std::to_string(each.time) + "/" + std::to_string(each.sequence) + "/" +
            std::to_string(each.id_hash) + "/" + std::to_string(each.source) + "=" + text_of(each.value);
  }
  return text;
}

/// Everything an entity is, hidden parts included.
std::string text_of(const SettledState& state, const Model& model, EntityIndex entity) {
  const actors::EntityImage image = state.image(entity);
  std::string text = "\n" + model.id(entity) + " to " + std::to_string(image.evaluated_to) + " timers " +
                     std::to_string(image.timers_to) + " wake " + std::to_string(image.wake);
  for (AttributeSlot a = 0; a < model.type_of(entity).attributes.size(); ++a) {
    text += "\n  " + model.type_of(entity).attributes[a].name + ":";
    for (const actors::Version& version : image.timeline(a).versions())
      text += " " + std::to_string(version.from) + "=" + text_of(version.value);
  }
  for (const auto& observed : image.observed)
    text += "\n  standing" + text_of(observed.standing) + " withdrawn" + text_of(observed.withdrawn);
  return text;
}

std::string text_of(const actors::Receipt& receipt) {
  std::string text = "at " + std::to_string(receipt.position) + ":";
  for (const actors::EventOutcome outcome : receipt.outcomes) text += std::string(" ") + name_of(outcome);
  return text;
}

/// A twin without threads whose journal and snapshots outlive it.
class Life {
 public:
  Life(const std::shared_ptr<const Model>& model, std::uint64_t seed,
       std::unique_ptr<actors::Journal> journal, std::shared_ptr<actors::SnapshotStore> snapshots)
      : model_(*model), scheduler_(seed) {
    actors::TwinOptions options;
    options.scheduler = &scheduler_;
    options.clock = actors::ClockMode::events;
    options.check_invariants = true;
    options.portion_entities = 1 + seed % 3;
    options.epoch_events_max = 1;  // so that a replay has the epochs that there were
    options.snapshots.store = std::move(snapshots);
    options.warn = [](const std::string& what) { ADD_FAILURE() << what; };
    auto started = Twin::start(model, std::move(journal), options);
    EXPECT_TRUE(started.ok()) << started.error().text();
    twin_ = std::move(*started);
  }
  Twin& twin() { return *twin_; }
  actors::DeterministicScheduler& scheduler() { return scheduler_; }

  std::string submit(const schema::EventBatch& batch) {
    std::string answer = "none";
    twin_->submit(batch, [&](const schema::Result<actors::Receipt>& receipt) {
      answer = receipt.ok() ? text_of(*receipt) : receipt.error().text();
    });
    scheduler_.run();
    return answer;
  }

  /// All there is to be compared.
  std::string all() {
    std::string text;
    twin_->query([&](const SettledState& state) {
      const actors::Digest digest = state.digest();
      text = digest.hex + " at " + std::to_string(digest.position) + " clock " + std::to_string(digest.clock);
      for (EntityIndex e = 0; e < model_.entity_count(); ++e) text += text_of(state, model_, e);
      for (const auto& each :
           state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 1'000'000)) {
        text += "\nepisode " + model_.id(each.constraint) + " " + std::to_string(each.from) + " " +
                std::to_string(each.to);
      }
    });
    scheduler_.run();
    for (const actors::SourceProbe& source : twin_->probe().sources) {
      text += "\n" + source.name + " " + std::to_string(source.accepted.value()) + " newest " +
              std::to_string(source.newest_time_ns.value()) + " numbers " +
              std::to_string(source.sequence_highest.value()) + " " +
              std::to_string(source.sequence_missing.value()) + " " +
              std::to_string(source.sequence_gaps.value()) + " " +
              std::to_string(source.sequence_lost.value()) + " " +
              std::to_string(source.sequence_restarts.value());
    }
    const actors::DomainProbe& probe = twin_->probe();
    return text + "\nviolated " + std::to_string(probe.violated_constraints.value()) + " unknown " +
           std::to_string(probe.unknown_constraints.value());
  }

 private:
  const Model& model_;
  actors::DeterministicScheduler scheduler_;
  std::unique_ptr<Twin> twin_;
};

std::unique_ptr<actors::Journal> first_records(const actors::Journal& journal, const Model& model,
                                               schema::Position last) {
  auto copy = actors::make_memory_journal(model);
  const auto read = journal.read(1, [&](schema::EpochRecord& record) {
    return record.position <= last && copy->append(record, {}).ok();
  });
  EXPECT_TRUE(read.ok());
  return copy;
}

/// A snapshot at one moment, a restart at another, the rest: all at random.
void check_case(std::uint64_t seed) {
  const SimulationCase one = random_case(seed);
  Random random(seed);
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  ASSERT_TRUE(env->CreateDir("/data").ok());
  const auto snapshots = std::make_shared<actors::SnapshotStore>("/data", env.get());
  const std::size_t taken_after = 1 + random() % one.deliveries.size();
  const std::size_t stopped_after = taken_after + random() % (one.deliveries.size() - taken_after + 1);

  Life never_stopped(one.model, seed, actors::make_memory_journal(*one.model), snapshots);
  std::vector<std::string> answers;
  schema::Position stopped_at = 0;
  std::optional<schema::Result<actors::SnapshotTaken>> taken;
  for (std::size_t i = 0; i < one.deliveries.size(); ++i) {
    answers.push_back(never_stopped.submit(one.deliveries[i]));
    if (i + 1 == taken_after) {
      never_stopped.twin().snapshot([&](const auto& result) { taken = result; });
      // It is captured while epochs go on.
      for (std::uint64_t steps = random() % 10; steps > 0 && never_stopped.scheduler().step(); --steps) {
      }
    }
    if (i + 1 == stopped_after) stopped_at = never_stopped.twin().settled_position();
  }
  never_stopped.scheduler().run();
  ASSERT_TRUE(taken.has_value());
  if (stopped_at == 0) return;  // all of it was set aside
  ASSERT_TRUE(taken->ok()) << taken->error().text();
  // It may have been begun a delivery later than it was asked for.
  if ((*taken)->position > stopped_at) stopped_at = (*taken)->position;
  Life resumed(one.model, seed, first_records(never_stopped.twin().journal(), *one.model, stopped_at),
               snapshots);
  ASSERT_EQ(resumed.twin().loaded().position, (*taken)->position);
  ASSERT_EQ(resumed.twin().settled_position(), stopped_at);
  for (std::size_t i = stopped_after; i < one.deliveries.size(); ++i) {
    const std::string answer = resumed.submit(one.deliveries[i]);
    if (resumed.twin().settled_position() > stopped_at) {
      EXPECT_EQ(answer, answers[i]) << "delivery " << i;
    }
  }
  EXPECT_EQ(resumed.all(), never_stopped.all());
}

TEST(Snapshots, ATwinThatGoesOnFromOneIsTheTwinThatNeverStopped) {
  const std::uint64_t first = from_environment("POLLUX_SIM_SEED", 1);
  const std::uint64_t cases = from_environment("POLLUX_SNAPSHOT_CASES", 1'000);
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check_case(seed);
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace pollux::sim
