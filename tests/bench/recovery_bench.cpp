// A twin of a million entities comes back: from a snapshot, and from its journal beside the time it took to
// take the same events in; and what taking the snapshot costs the epochs meanwhile.
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/snapshot/snapshot_format.h"
#include "actors/snapshot/snapshot_store.h"
#include "actors/twin.h"
#include "schema/assert.h"
#include "tests/bench/engine_models.h"
#include "tests/bench/report.h"

namespace pollux::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kSources = 100'000;
constexpr std::size_t kNodes = 900'000;
constexpr std::size_t kRounds = 3;
constexpr std::size_t kBatchEvents = 20'000;
constexpr std::size_t kQuietEpochs = 3'000;
constexpr double kReadySecondsAllowed = 5;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A data directory that is gone at the end.
class Data {
 public:
  Data() : path_((fs::temp_directory_path() / "pollux-recovery-XXXXXX").string()) {
    POLLUX_ASSERT(mkdtemp(path_.data()) != nullptr);
  }
  ~Data() { fs::remove_all(path_); }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  std::shared_ptr<actors::SnapshotStore> snapshots() const {
    return std::make_shared<actors::SnapshotStore>(path_);
  }
  /// Without a history: what that costs has a row of its own.
  std::unique_ptr<actors::Twin> start(const std::shared_ptr<const schema::Model>& model,
                                      bool with_snapshots) const {
    actors::TwinOptions options;
    options.clock = actors::ClockMode::events;
    options.keep_history = false;
    if (with_snapshots) options.snapshots.store = snapshots();
    return actors::Twin::start(model, actors::open_rocksdb_journal(path_, *model).value(), options).value();
  }

 private:
  std::string path_;
};

std::future<void> submit(actors::Twin& twin, schema::EventBatch events) {
  auto done = std::make_shared<std::promise<void>>();
  twin.submit(std::move(events), [done](const schema::Result<actors::Receipt>& receipt) {
    POLLUX_ASSERT(receipt.ok(), "the benchmark's events are accepted");
    done->set_value();
  });
  return done->get_future();
}

std::string digest_of(actors::Twin& twin) {
  std::promise<std::string> hex;
  twin.digest([&](const actors::Digest& digest) { hex.set_value(digest.hex); });
  return hex.get_future().get();
}

/// Every source reports so often, a minute apart; seconds it took until all was settled.
double ingest(actors::Twin& twin, const Bench& bench) {
  std::vector<schema::EventBatch> batches;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t first = 0; first < kSources; first += kBatchEvents) {
      const auto time = static_cast<schema::EventTime>(round * 60 + first / kBatchEvents) * schema::kSecond;
      batches.push_back(bench.round(round, first, kBatchEvents, time));
    }
  }
  const auto begun = Clock::now();
  std::vector<std::future<void>> pending;
  for (schema::EventBatch& batch : batches) {
    if (pending.size() >= 2) pending[pending.size() - 2].get();
    pending.push_back(submit(twin, std::move(batch)));
  }
  for (auto& each : pending) {
    if (each.valid()) each.get();
  }
  return seconds_since(begun);
}

/// How long single events take to settle, one after another, in microseconds.
class Latencies {
 public:
  Latencies(actors::Twin& twin, const Bench& bench) : twin_(twin), bench_(bench) {}

  void add_one() {
    const std::size_t n = next_++;
    const auto time = (kRounds * 60 + 60) * schema::kSecond + static_cast<schema::EventTime>(n);
    auto event = bench_.round(kRounds + n, n * 7919 % kSources, 1, time);
    const auto begun = Clock::now();
    submit(twin_, std::move(event)).get();
    samples_.push_back(1e6 * seconds_since(begun));
  }
  /// The samples so far, sorted; it begins again.
  std::vector<double> take() {
    std::ranges::sort(samples_);
    return std::exchange(samples_, {});
  }

 private:
  actors::Twin& twin_;
  const Bench& bench_;
  std::size_t next_ = 0;
  std::vector<double> samples_;
};

double p99(const std::vector<double>& sorted) {
  return sorted[sorted.size() * 99 / 100];
}

void take_snapshot(Report& report, actors::Twin& twin, const Bench& bench) {
  Latencies latencies(twin, bench);
  for (std::size_t i = 0; i < kQuietEpochs; ++i) latencies.add_one();
  const auto without = latencies.take();
  std::atomic<bool> taken{false};
  const auto begun = Clock::now();
  twin.snapshot([&](const schema::Result<actors::SnapshotTaken>& outcome) {
    POLLUX_ASSERT(outcome.ok(), "the snapshot is taken");
    taken = true;
  });
  while (!taken) latencies.add_one();
  const double seconds = seconds_since(begun);
  const auto with = latencies.take();
  std::printf("a snapshot of %.0f MB in %.1f s, %zu epochs meanwhile\n",
              static_cast<double>(twin.probe().snapshot_bytes.value()) / 1e6, seconds, with.size());
  report.add({"epoch during a snapshot, p99", p99(with), "us", "the same without one", p99(without), -2});
  report.add({"epoch during a snapshot, longest", with.back() / 1e3, "ms", "a tenth of a second", 100, -1});
}

/// What loading consists of, by doing each part once more by itself.
void print_parts(const Data& data, const actors::Twin& twin) {
  const auto store = data.snapshots();
  const auto files = store->list().value();
  auto begun = Clock::now();
  const std::string bytes = store->read(files.front()).value();
  const double reading = seconds_since(begun);
  begun = Clock::now();
  POLLUX_ASSERT(actors::read_snapshot(bytes, "snapshot").ok());
  const double checking = seconds_since(begun);
  std::printf(
      "of the load of %.2f s: reading the file %.2f s, its checksums %.2f s; replay after it %.2f s\n",
      static_cast<double>(twin.probe().load_ns.value()) / 1e9, reading, checking,
      static_cast<double>(twin.probe().replay_ns.value()) / 1e9);
}

void recovery(Report& report) {
  auto begun = Clock::now();
  const Bench bench = random_graph(kSources, kNodes);
  std::printf("%zu entities; the model was built in %.1f s, which is not counted below\n",
              bench.model->entity_count(), seconds_since(begun));
  const Data data;
  double ingested = 0;
  std::string digest;
  {
    const auto twin = data.start(bench.model, true);
    ingested = ingest(*twin, bench);
    digest = digest_of(*twin);
  }
  constexpr double kEvents = static_cast<double>(kRounds * kSources) / 1e6;
  {
    begun = Clock::now();
    const auto twin = data.start(bench.model, true);
    const double replayed = seconds_since(begun);
    POLLUX_ASSERT(twin->loaded().position == 0 && digest_of(*twin) == digest);
    report.add({"1M entities ready from the journal", kEvents / replayed, "M events/s",
                "ingest of the same events", kEvents / ingested, 3});
    take_snapshot(report, *twin, bench);
    digest = digest_of(*twin);
  }
  begun = Clock::now();
  const auto twin = data.start(bench.model, true);
  const double ready = seconds_since(begun);
  POLLUX_ASSERT(twin->loaded().position > 0 && digest_of(*twin) == digest);
  report.add({"1M entities ready from a snapshot", ready, "s", "what is allowed", kReadySecondsAllowed, -1});
  print_parts(data, *twin);
}

}  // namespace
}  // namespace pollux::bench

int main() {
  pollux::bench::Report report;
  pollux::bench::recovery(report);
  report.write();
  return 0;
}
