// What it costs that nothing is lost: ingest, one event, and recovery, each beside what the disk or the store
// alone would take for the same bytes in the same run.
#include <fcntl.h>
#include <rocksdb/db.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "actors/twin.h"
#include "schema/assert.h"
#include "schema/record/epoch_codec.h"
#include "tests/bench/engine_models.h"
#include "tests/bench/plant_events.h"
#include "tests/bench/report.h"

namespace pollux::bench {
namespace {

namespace fs = std::filesystem;
namespace format = actors::journal_format;
using Clock = std::chrono::steady_clock;

constexpr int kBatches = 1'600;
constexpr std::size_t kInFlight = 8;
constexpr int kRounds = 5;
constexpr int kSingleEvents = 3'000;
constexpr int kWarmUp = 200;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((fs::temp_directory_path() / "pollux-bench-XXXXXX").string()) {
    POLLUX_ASSERT(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Without a history: what that costs has a row of its own.
std::unique_ptr<actors::Twin> start(const std::shared_ptr<const schema::Model>& model,
                                    const std::string& directory) {
  actors::TwinOptions options;
  options.clock = actors::ClockMode::events;
  options.keep_history = false;
  return actors::Twin::start(model, actors::open_rocksdb_journal(directory, *model).value(), options).value();
}

std::future<void> submit(actors::Twin& twin, schema::EventBatch events) {
  auto done = std::make_shared<std::promise<void>>();
  twin.submit(std::move(events), [done](schema::Result<actors::Receipt> receipt) {
    POLLUX_ASSERT(receipt.ok(), "the benchmark's events are accepted");
    done->set_value();
  });
  return done->get_future();
}

double ingest_seconds(const std::shared_ptr<const schema::Model>& model, const std::string& directory) {
  std::vector<schema::EventBatch> batches;
  for (int i = 0; i < kBatches; ++i) batches.push_back(batch(*model, i));
  const auto twin = start(model, directory);
  std::vector<std::future<void>> pending;
  const auto begun = Clock::now();
  for (schema::EventBatch& events : batches) {
    if (pending.size() >= kInFlight) pending[pending.size() - kInFlight].get();
    pending.push_back(submit(*twin, std::move(events)));
  }
  for (std::future<void>& each : pending) {
    if (each.valid()) each.get();
  }
  return seconds_since(begun);
}

double replay_seconds(const std::shared_ptr<const schema::Model>& model, const std::string& directory) {
  const auto begun = Clock::now();
  const auto twin = start(model, directory);
  return seconds_since(begun);
}

/// What the journal in `directory` wrote, append by append.
std::vector<rocksdb::WriteBatch> batches_written(const schema::Model& model, const std::string& directory,
                                                 actors::RocksdbStore& into) {
  const auto from = actors::RocksdbStore::open_read_only(directory).value();
  schema::RecordDecoder decoder(model);
  schema::EpochRecord record;
  std::vector<rocksdb::WriteBatch> batches;
  const std::unique_ptr<rocksdb::Iterator> at(from->database().NewIterator({}, from->records()));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto stored = format::read_stored({at->value().data(), at->value().size()});
    POLLUX_ASSERT(stored && decoder.decode(stored->bytes, record).ok());
    rocksdb::WriteBatch& batch = batches.emplace_back();
    batch.Put(into.records(), at->key(), at->value());
    const auto head = format::write_head({record.position, stored->header.hash});
    batch.Put(into.meta(), format::kHeadKey, {head.data(), head.size()});
    record.events.identify(model);
    std::ranges::sort(record.events.keys);
    for (const schema::EventKey& key : record.events.keys) {
      const auto identity = format::identity_key(key);
      batch.Put(into.identities(), {identity.data(), identity.size()}, {});
    }
  }
  return batches;
}

/// The peer: the same write batches into the same store, synced one by one.
double raw_seconds(const schema::Model& model, const std::string& written) {
  const TemporaryDirectory directory;
  const auto store = actors::RocksdbStore::open(directory.path()).value();
  auto batches = batches_written(model, written, *store);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto begun = Clock::now();
  for (rocksdb::WriteBatch& batch : batches) POLLUX_ASSERT(store->database().Write(synced, &batch).ok());
  return seconds_since(begun);
}

void ingest(Report& report) {
  const auto model = plant();
  constexpr double kEvents = static_cast<double>(kBatches) * kBatchEvents;
  std::vector<double> ingested;
  std::vector<double> raw;
  std::vector<double> replayed;
  for (int round = 0; round < kRounds; ++round) {
    const TemporaryDirectory directory;
    ingested.push_back(kEvents / ingest_seconds(model, directory.path()) / 1e6);
    raw.push_back(kEvents / raw_seconds(*model, directory.path()) / 1e6);
    replayed.push_back(kEvents / replay_seconds(model, directory.path()) / 1e6);
  }
  report.add({"durable ingest, propagation included", median(ingested), "M events/s",
              "RocksDB, the same batches synced", median(raw), 0.5});
  report.add({"replay", median(replayed), "M events/s", "ingest of the same events", median(ingested), 3});
}

/// One event after another into an idle twin, and in between as many bytes appended to a file and synced.
void one_event(Report& report) {
  const Bench bench = chain(3);
  const TemporaryDirectory directory;
  const auto twin = start(bench.model, directory.path() + "/data");
  const int file = ::open((directory.path() + "/peer").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  POLLUX_ASSERT(file >= 0);
  std::vector<double> events;
  std::vector<double> syncs;
  for (int i = 0; i < kSingleEvents + kWarmUp; ++i) {
    const auto number = static_cast<std::size_t>(i);
    auto events_of_round = bench.round(number, 0, 1, static_cast<schema::EventTime>(i + 1) * schema::kSecond);
    const std::uint64_t before = twin->journal().bytes_appended();
    auto begun = Clock::now();
    submit(*twin, std::move(events_of_round)).get();
    const double settled = 1e6 * seconds_since(begun);
    const std::string bytes(twin->journal().bytes_appended() - before, 'x');
    begun = Clock::now();
    const bool written = ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    POLLUX_ASSERT(written && ::fdatasync(file) == 0);
    if (i < kWarmUp) continue;
    syncs.push_back(1e6 * seconds_since(begun));
    events.push_back(settled);
  }
  ::close(file);
  const auto p99 = [](std::vector<double> samples) {
    std::ranges::sort(samples);
    return samples[samples.size() * 99 / 100];
  };
  report.add({"one event to settled, synced, p50", median(events), "us", "one fdatasync of the same bytes",
              median(syncs), -2});
  report.add({"one event to settled, synced, p99", p99(events), "us", "one fdatasync of the same bytes, p99",
              p99(syncs), -2});
}

}  // namespace
}  // namespace pollux::bench

/// `--ingest DIRECTORY`, `--replay DIRECTORY`: that alone, once, for a profiler.
int main(int argc, char** argv) {
  if (argc > 2) {
    const std::string mode = argv[1];
    POLLUX_ASSERT(mode == "--ingest" || mode == "--replay", "a mode that there is");
    const auto run = mode == "--ingest" ? pollux::bench::ingest_seconds : pollux::bench::replay_seconds;
    std::printf("%.3f s\n", run(pollux::bench::plant(), argv[2]));
    return 0;
  }
  pollux::bench::Report report;
  pollux::bench::ingest(report);
  pollux::bench::one_event(report);
  report.write();
  return 0;
}
