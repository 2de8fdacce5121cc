// A history that keeps no more than it must, under a twin that holds next to nothing of its past in memory: a
// restart replays late events, and what they reach back to must still be there.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/snapshot/snapshot_store.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/sim/short_memory.h"

namespace pollux::sim {
namespace {

using actors::Twin;
using actors::TwinOptions;
using schema::EventTime;
using schema::kMinute;
using schema::kSecond;
using schema::Model;

namespace fs = std::filesystem;

constexpr std::string_view kSensors = R"yaml(
twin: sensors
types:
  Sensor: { kind: asset, observed: { level: {} }, derived: { volume: { unit: s, is: "integral(level, 10 s)" } } }
  Total: { kind: process, inputs: { all: { many: true, unit: s } }, derived: { sum: { unit: s, is: sum(all) } } }
entities:
  a: { type: Sensor }
  b: { type: Sensor }
  total: { type: Total, inputs: { all: [a.volume, b.volume] } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

constexpr EventTime kStep = 10 * kSecond;
constexpr int kEpochs = 1'504;
constexpr int kSnapshotAfter = 700;
constexpr int kSecondSnapshotAfter = 1'300;

std::string id_of(schema::EntityIndex sensor, EventTime time, int number) {
  return std::to_string(sensor) + "-" + std::to_string(time) + "-" + std::to_string(number);
}

/// One event of each sensor, and now and then one that is 55 min late, or a correction of one 50 min ago.
schema::EventBatch epoch(int number) {
  schema::EventBatch batch;
  const auto report = [&](schema::EntityIndex sensor, EventTime time, double value) -> schema::Event& {
    schema::Event& event = batch.add(id_of(sensor, time, number), time, 0, sensor, "", "");
    event.values_count = 1;
    batch.values.push_back({0, schema::Value::number(value)});
    return event;
  };
  report(0, number * kStep, number % 17);
  report(1, number * kStep, number % 13);
  if (number > 400 && number % 8 == 0) report(0, number * kStep - 55 * kMinute + kSecond, 20 + number % 7);
  if (number > 400 && number % 8 == 4) {
    const int corrected = number - 300;
    const EventTime time = corrected * kStep;
    schema::Event& event =
        batch.add("again-" + std::to_string(number), time, 0, 1, "", id_of(1, time, corrected));
    event.kind = schema::EventKind::correct;
    event.values_count = 1;
    batch.values.push_back({0, schema::Value::number(30 + number % 5)});
  }
  return batch;
}

class ShortHistory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-retention-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::unique_ptr<Twin> start(bool with_snapshots) {
    TwinOptions options;
    options.threads = 1;
    options.clock = actors::ClockMode::events;
    options.memory = kMinute;
    options.history.age = kSecond;
    options.forget_at_once = true;
    options.epoch_events_max = replayed_at_once_;
    options.warn = [this](const std::string& what) { warnings_.push_back(what); };
    options.snapshots.journal_age = kSecond;
    if (with_snapshots) options.snapshots.store = std::make_shared<actors::SnapshotStore>(directory_);
    auto twin = Twin::start(model_, actors::open_rocksdb_journal(directory_, *model_).value(), options);
    EXPECT_TRUE(twin.ok()) << twin.error().text();
    return twin.ok() ? std::move(*twin) : nullptr;
  }

  /// Of a twin that forgets nothing.
  std::string expected_digest() const {
    TwinOptions options;
    options.threads = 1;
    options.clock = actors::ClockMode::events;
    options.keep_history = false;
    const auto twin = Twin::start(model_, actors::make_memory_journal(*model_), options).value();
    for (int i = 0; i < kEpochs; ++i) deliver(*twin, epoch(i));
    return digest_of(*twin);
  }

  void run(bool with_snapshots) {
    const auto twin = start(with_snapshots);
    for (int i = 0; i < kEpochs; ++i) {
      if (with_snapshots && (i == kSnapshotAfter || i == kSecondSnapshotAfter)) take_snapshot(*twin);
      deliver(*twin, epoch(i));
    }
    ASSERT_TRUE(twin->wait_for_history(std::chrono::seconds(60)).ok());
    EXPECT_GT(twin->history()->bounds().dropped, 0u) << "nothing was dropped, so this proves nothing";
    EXPECT_EQ(digest_of(*twin), expected_digest());
    EXPECT_EQ(warnings_, std::vector<std::string>());
  }

  void restart(bool with_snapshots, schema::Position from) {
    const auto twin = start(with_snapshots);
    ASSERT_NE(twin, nullptr);
    EXPECT_EQ(twin->loaded().position, from);
    EXPECT_EQ(twin->probe().misfit_events.value(), 0u);
    EXPECT_EQ(digest_of(*twin), expected_digest());
    deliver(*twin, epoch(kEpochs));  // a late one among them
    EXPECT_EQ(twin->failure(), "");
    EXPECT_GT(twin->probe().epochs_recalled.value(), 0u);
  }

  static void take_snapshot(Twin& twin) {
    std::promise<void> taken;
    twin.snapshot([&](const auto& result) {
      EXPECT_TRUE(result.ok()) << result.error().text();
      taken.set_value();
    });
    taken.get_future().get();
  }

  const std::shared_ptr<const Model> model_ = std::make_shared<const Model>(
      std::get<Model>(schema::load_model(std::string(kSensors), "sensors.yaml")));
  std::string directory_;
  std::size_t replayed_at_once_ = 10'000;
  std::vector<std::string> warnings_;
};

TEST_F(ShortHistory, HoldsWhatAReplayFromTheNewestSnapshotNeeds) {
  run(true);
  restart(true, kSecondSnapshotAfter);
  EXPECT_EQ(warnings_, std::vector<std::string>());
}

TEST_F(ShortHistory, HoldsWhatAReplayFromTheOldestSnapshotNeeds) {
  run(true);
  const auto newest = actors::SnapshotStore(directory_).list().value().front();
  fs::resize_file(newest.path, newest.bytes / 2);
  restart(true, kSnapshotAfter);
  EXPECT_EQ(warnings_.size(), 1u) << "that the newest one is damaged";
}

TEST_F(ShortHistory, IsNotAskedWhileTheWholeJournalIsReplayed) {
  replayed_at_once_ = 100;  // the history is asked from epoch to epoch, if at all
  run(false);
  restart(false, 0);
  EXPECT_EQ(warnings_, std::vector<std::string>());
}

}  // namespace
}  // namespace pollux::sim
