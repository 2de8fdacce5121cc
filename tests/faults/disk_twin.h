// A twin with snapshots, through several lives, on a disk that a test has its hands on.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/journal/journal.h"
#include "actors/snapshot/snapshot_store.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {

inline constexpr const char* kTwinDirectory = "/data";

/// Meters, what is made of them, and limits on that.
inline std::shared_ptr<const schema::Model> meters() {
  constexpr int kMeters = 12;
  std::string text = R"(twin: meters
types:
  Meter:
    kind: asset
    observed: { level: {} }
    derived: { twice: { is: 2 * level }, before: { is: previous(level) } }
  Limit:
    kind: constraint
    inputs: { level: {} }
    requires: level <= 100
sources: { s: { allowed_lateness: 5 s } }
entities:
)";
  for (int i = 0; i < kMeters; ++i) {
    const std::string n = std::to_string(i);
    text += "  m" + n + ": { type: Meter }\n";
    text += "  l" + n + ": { type: Limit, inputs: { level: m" + n + ".twice } }\n";
  }
  return std::make_shared<const schema::Model>(
      std::get<schema::Model>(schema::load_model(text, "meters.yaml")));
}

/// Thread-safe only as its twin is.
class DiskTwin {
 public:
  /// `journal_bytes`: as of `SnapshotOptions`; 1 drops all that the oldest snapshot kept does not need.
  explicit DiskTwin(SimulatedDisk& disk, std::uint64_t journal_bytes = 0)
      : DiskTwin(disk.env(), kTwinDirectory, journal_bytes) {}
  DiskTwin(rocksdb::Env& env, const std::string& directory, std::uint64_t journal_bytes = 0)
      : env_(env), directory_(directory), store_(std::make_shared<actors::SnapshotStore>(directory, &env)) {
    options_.threads = 1;
    options_.clock = actors::ClockMode::events;
    options_.journal_retry = schema::kMillisecond;
    options_.snapshots.store = store_;
    options_.snapshots.journal_bytes = journal_bytes;
    options_.warn = options_.alarm = [this](const std::string& entry) {
      const std::scoped_lock lock(mutex_);
      log_ += entry + "\n";
    };
  }

  schema::Result<void> start() {
    actors::JournalOptions how;
    how.env = &env_;
    auto journal = open_rocksdb_journal(directory_, *model_, how);
    if (!journal.ok()) return journal.error();
    auto twin = actors::Twin::start(model_, std::move(*journal), options_);
    if (!twin.ok()) return twin.error();
    twin_ = std::move(*twin);
    return {};
  }
  void stop() { twin_.reset(); }
  /// The disk holds so many events of an earlier one already.
  void resume(int events) { next_ = events; }
  actors::Twin& operator*() { return *twin_; }
  actors::Twin* operator->() { return twin_.get(); }

  /// Submits the next `count` events; the same ones again after a failure.
  schema::Result<actors::Receipt> submit(int count) {
    schema::EventBatch batch;
    const auto meters = static_cast<int>(model_->entity_count() / 2);
    for (int i = next_; i < next_ + count; ++i) {
      const auto entity = static_cast<schema::EntityIndex>(2 * (i % meters));
      batch.add("e" + std::to_string(i), i * schema::kSecond, 0, entity).values_count = 1;
      batch.values.push_back({0, schema::Value::number(i * 37 % 90)});
    }
    std::promise<schema::Result<actors::Receipt>> answer;
    twin_->submit(std::move(batch),
                  [&](schema::Result<actors::Receipt> receipt) { answer.set_value(receipt); });
    auto receipt = answer.get_future().get();
    if (receipt.ok()) next_ += count;
    return receipt;
  }

  schema::Result<actors::SnapshotTaken> snapshot() {
    std::promise<schema::Result<actors::SnapshotTaken>> answer;
    twin_->snapshot([&](const schema::Result<actors::SnapshotTaken>& outcome) { answer.set_value(outcome); });
    return answer.get_future().get();
  }

  std::string digest() {
    std::promise<std::string> hex;
    twin_->digest([&](const actors::Digest& digest) { hex.set_value(digest.hex); });
    return hex.get_future().get();
  }

  /// Of a twin that never stopped and got every event acknowledged so far, and no other.
  std::string expected_digest() const {
    SimulatedDisk other;
    DiskTwin fresh(other);
    EXPECT_TRUE(fresh.start().ok());
    EXPECT_TRUE(next_ == 0 || fresh.submit(next_).ok());
    return fresh.digest();
  }

  std::string take_log() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(log_, "");
  }
  const actors::SnapshotStore& store() const { return *store_; }
  const schema::Model& model() const { return *model_; }

 private:
  rocksdb::Env& env_;
  const std::string directory_;
  const std::shared_ptr<const schema::Model> model_ = meters();
  const std::shared_ptr<actors::SnapshotStore> store_;
  actors::TwinOptions options_;
  int next_ = 0;
  std::mutex mutex_;
  std::string log_;  // of what needs a person, or was got over
  std::unique_ptr<actors::Twin> twin_;
};

}  // namespace pollux::faults
