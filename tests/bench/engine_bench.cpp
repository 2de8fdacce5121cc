// The engine side by side with its peers, in one process.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <vector>

#include "actors/twin.h"
#include "schema/assert.h"
#include "tests/bench/engine_models.h"
#include "tests/bench/engine_peers.h"
#include "tests/bench/report.h"

namespace pollux::bench {
namespace {

using actors::Twin;
using schema::EventTime;
using schema::kSecond;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A journal that keeps nothing, so that what grows is the engine.
class NoJournal final : public actors::Journal {
 public:
  schema::Result<void> append(const schema::EpochRecord& record, const actors::QuarantineChanges&) override {
    last_position_ = record.position;
    return {};
  }
  schema::Result<void> read(schema::Position,
                            const std::function<bool(schema::EpochRecord&)>&) const override {
    return {};
  }
  schema::Result<std::vector<actors::QuarantinedEvent>> quarantine(std::uint64_t,
                                                                   std::size_t) const override {
    return std::vector<actors::QuarantinedEvent>{};
  }
  bool holds(const schema::EventKey&) const override { return false; }
  const actors::QuarantineIndex& quarantine_index() const override { return index_; }
  schema::Position last_position() const override { return last_position_; }
  const actors::JournalIdentity& identity() const override { return identity_; }
  std::uint64_t bytes_appended() const override { return 0; }

 private:
  std::atomic<schema::Position> last_position_{0};
  actors::QuarantineIndex index_;
  actors::JournalIdentity identity_;
};

/// A twin over a journal in memory, whose clock is moved by events.
class Running {
 public:
  explicit Running(const Bench& bench, unsigned threads = 0, std::unique_ptr<actors::Journal> journal = {}) {
    actors::TwinOptions options;
    options.clock = actors::ClockMode::events;
    options.threads = threads;
    options.queue_events_max = 10'000'000;
    options.epoch_events_max = 1'000'000;
    options.keep_history = false;  // what that costs, pollux_bench_history tells
    if (journal == nullptr) journal = actors::make_memory_journal(*bench.model);
    twin_ = Twin::start(bench.model, std::move(journal), options).value();
  }

  void submit(schema::EventBatch batch) {
    std::promise<void> settled;
    twin_->submit(std::move(batch), [&](schema::Result<actors::Receipt> receipt) {
      POLLUX_ASSERT(receipt.ok(), "the benchmark's events are accepted");
      settled.set_value();
    });
    settled.get_future().get();
  }

  Twin& twin() { return *twin_; }

 private:
  std::unique_ptr<Twin> twin_;
};

/// Rounds before measuring: until timelines hold as much as allowed lateness asks for.
constexpr std::size_t kWarmUp = 40;

/// Node updates a second, in millions: the median over rounds of `run`, after a warm-up.
template <class Run>
double rate(std::size_t nodes, std::size_t rounds, Run run) {
  std::vector<double> samples;
  for (std::size_t round = 0; round < rounds + kWarmUp; ++round) {
    const auto start = Clock::now();
    run(round);
    if (round >= kWarmUp) samples.push_back(static_cast<double>(nodes) / seconds_since(start) / 1e6);
  }
  return median(samples);
}

double engine_rate(const Bench& bench, std::size_t sources, std::size_t rounds, unsigned threads = 0) {
  Running running(bench, threads);
  std::vector<schema::EventBatch> batches;
  for (std::size_t round = 0; round < rounds + kWarmUp; ++round) {
    batches.push_back(bench.round(round, 0, sources, static_cast<EventTime>(round + 1) * kSecond));
  }
  const std::uint64_t before = running.twin().probe().entities_evaluated.value();
  running.submit(bench.round(999'983, 0, sources, kSecond / 2));
  const std::uint64_t cone = running.twin().probe().entities_evaluated.value() - before;
  return rate(cone, rounds, [&](std::size_t round) { running.submit(std::move(batches[round])); });
}

double peer_rate(const Bench& bench, const Peer& peer, std::size_t rounds) {
  return rate(bench.model->entity_count(), rounds, peer);
}

void propagation(Report& report, const std::string& name, const Bench& bench, std::size_t rounds) {
  const double engine = engine_rate(bench, bench.sources.size(), rounds);
  const double engine_one = engine_rate(bench, bench.sources.size(), rounds, 1);
  const std::string unit = "M updates/s";
  report.add(
      {name, engine, unit, "TBB flow graph, 1 thread", peer_rate(bench, flow_graph(bench, 1), rounds), 1.0});
  report.add({name + ", 1 thread", engine_one, unit, "hand-written loop",
              peer_rate(bench, hand_written_loop(bench), rounds), 0.1});
  report.add({name, engine, unit, "one CAF message an edge",
              peer_rate(bench, message_per_edge(bench, Scheduler::caf), rounds), 10});
  report.add({name, engine, unit, "one CAF message an edge, on TBB",
              peer_rate(bench, message_per_edge(bench, Scheduler::tbb), rounds), 10});
}

/// One of `sources` changes; only its cone is touched.
void sparse(Report& report, std::size_t sources, std::size_t nodes) {
  const Bench bench = random_graph(sources, nodes);
  Running running(bench);
  running.submit(bench.round(0, 0, sources, kSecond));
  Peer loop = hand_written_loop(bench);
  std::vector<double> engine;
  std::vector<double> peer;
  std::mt19937_64 random(3);
  std::uint64_t evaluated = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    schema::EventBatch batch =
        bench.round(i + 1, random() % sources, 1, static_cast<EventTime>(i + 2) * kSecond);
    const std::uint64_t before = running.twin().probe().entities_evaluated.value();
    const auto start = Clock::now();
    running.submit(std::move(batch));
    const double seconds = seconds_since(start);
    const auto cone = running.twin().probe().entities_evaluated.value() - before;
    evaluated += cone;
    engine.push_back(seconds);
  }
  for (std::size_t i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    loop(i);
    peer.push_back(seconds_since(start));
  }
  std::printf("  (sparse: %.1f entities affected on average; the loop recomputes all %zu)\n",
              static_cast<double>(evaluated) / 200, bench.model->entity_count());
  report.add({"sparse change, 1M entities", 1e3 * median(engine), "ms", "hand-written loop over all",
              1e3 * median(peer), -1.0});
}

/// What a stream of events came to.
struct Stream {
  double events_per_second = 0;
  double changes_per_second = 0;  ///< A change: one attribute over one interval of event time.
  double changes_per_event = 0;
  std::string digest;
};

/// A round of events a second, `apart` from each other, of which `late_percent` in a hundred come up to
/// `reach` epochs late.
Stream stream(const Bench& bench, unsigned late_percent, std::size_t reach, std::size_t epochs,
              schema::Duration apart = 0) {
  const std::size_t width = bench.sources.size();
  std::vector<schema::EventBatch> batches(epochs);
  std::mt19937_64 random(11);
  for (std::size_t round = 0; round < epochs; ++round) {
    const schema::EventBatch events =
        bench.round(round, 0, width, static_cast<EventTime>(round + 1) * kSecond, apart);
    for (const schema::Event& event : events.events) {
      const std::size_t delay = random() % 100 < late_percent ? 1 + random() % reach : 0;
      batches[std::min(epochs - 1, round + delay)].append(events, event);
    }
  }
  Running running(bench);
  const auto start = Clock::now();
  for (schema::EventBatch& batch : batches) running.submit(std::move(batch));
  const double seconds = seconds_since(start);
  std::promise<std::string> hex;
  running.twin().digest([&](const actors::Digest& d) { hex.set_value(d.hex); });
  const auto events = static_cast<double>(width * epochs);
  const auto changes = static_cast<double>(running.twin().probe().changes.value());
  return {events / seconds, changes / seconds, changes / events, hex.get_future().get()};
}

void late_events(Report& report, const std::string& what, const Bench& bench, schema::Duration apart) {
  for (const std::size_t reach : {std::size_t{1}, std::size_t{10}, std::size_t{100}, std::size_t{1000}}) {
    const std::size_t epochs = reach >= 100 ? 1500 : 400;
    const Stream in_order = stream(bench, 0, reach, epochs, apart);
    const Stream late = stream(bench, 20, reach, epochs, apart);
    POLLUX_ASSERT(in_order.digest == late.digest, "the digest does not depend on the order of arrival");
    const std::string name = what + ", 20 % late by up to " + std::to_string(reach) + " epochs";
    report.add({name, late.events_per_second / 1e6, "M events/s", "the same in order",
                in_order.events_per_second / 1e6, 0.8});
    report.add({name + ", changes", late.changes_per_second / 1e6, "M changes/s", "the same in order",
                in_order.changes_per_second / 1e6, 0.8});
    std::printf("  (%.1f changes an event, in order %.1f)\n", late.changes_per_event,
                in_order.changes_per_event);
  }
}

constexpr std::size_t kWidth = 50;
Bench own_times() {
  return lattice(kWidth, 10, schema::kHour);
}
Bench one_time() {
  return lattice(100, 20, schema::kHour);
}

/// Two streams. Where each event has a time of its own, as sensors do that are not wired together, those that
/// are late cost as many evaluations as those in time. Where all events of a round share one, these share
/// their evaluations too, and one that comes late is one more moment for every entity it reaches: the events
/// a second must fall, and the changes a second tell what a late one costs.
void late_events(Report& report) {
  late_events(report, "own times", own_times(), kSecond / kWidth);
  late_events(report, "one time a round", one_time(), 0);
}

void latency(Report& report) {
  const Bench bench = lattice(100, 100);
  Running running(bench);
  std::vector<double> samples;
  for (std::size_t i = 0; i < 3000; ++i) {
    schema::EventBatch batch = bench.round(i, i % 100, 1, static_cast<EventTime>(i + 1) * kSecond);
    const auto start = Clock::now();
    running.submit(std::move(batch));
    if (i >= 200) samples.push_back(1e6 * seconds_since(start));
  }
  std::ranges::sort(samples);
  const double p99 = samples[samples.size() * 99 / 100];
  std::printf("  (one event in a 100 x 100 lattice: p50 %.1f us, p99 %.1f us)\n", samples[samples.size() / 2],
              p99);
  const Bench small = chain(3);
  Running idle(small);
  std::vector<double> alone;
  for (std::size_t i = 0; i < 3000; ++i) {
    schema::EventBatch batch = small.round(i, 0, 1, static_cast<EventTime>(i + 1) * kSecond);
    const auto start = Clock::now();
    idle.submit(std::move(batch));
    if (i >= 200) alone.push_back(1e6 * seconds_since(start));
  }
  std::ranges::sort(alone);
  report.add({"one event to settled, p99", alone[alone.size() * 99 / 100], "us", "200 us", 200, -1.0});
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

void memory(Report& report, std::size_t entities) {
  malloc_trim(0);
  const double before = resident_bytes();
  const Bench bench = random_graph(entities / 10, entities - entities / 10);
  Running running(bench);
  const double after = resident_bytes();
  report.add({"memory, " + std::to_string(entities) + " entities", (after - before) / 1e6, "MB",
              "2.0 GiB a million", static_cast<double>(entities) * 2147.5 / 1e6, -1.0});
}

/// An hour of events, a fifth of them late, under ten minutes of allowed lateness: once the past that is kept
/// is full, memory stays as it is.
void growth(Report& report) {
  const Bench bench = lattice(50, 20, 10 * schema::kMinute);
  constexpr std::size_t kSeconds = 3'600;
  constexpr std::size_t kReach = 590;
  std::vector<schema::EventBatch> batches(kReach + 1);  // by second to come, modulo their number
  std::mt19937_64 random(5);
  Running running(bench, 1, std::make_unique<NoJournal>());
  double steady = 0;
  for (std::size_t second = 0; second < kSeconds; ++second) {
    const schema::EventBatch events =
        bench.round(second, 0, bench.sources.size(), static_cast<EventTime>(second + 1) * kSecond);
    for (const schema::Event& event : events.events) {
      const std::size_t delay = random() % 100 < 20 ? 1 + random() % kReach : 0;
      batches[(second + delay) % batches.size()].append(events, event);
    }
    running.submit(std::exchange(batches[second % batches.size()], {}));
    if (second == kSeconds / 2) steady = resident_bytes();
  }
  report.add({"memory after an hour of disorder", resident_bytes() / 1e6, "MB", "after half of it",
              steady / 1e6, -1.02});
}

void propagation_rows(Report& report, bool quick) {
  propagation(report, "lattice 100 x 100", lattice(100, 100), quick ? 20 : 200);
  propagation(report, "chain 10k", chain(10'000), quick ? 20 : 100);
  propagation(report, "fan-out 1k", fan_out(1'000), quick ? 20 : 500);
  propagation(report, "fan-in 1k", fan_in(1'000), quick ? 20 : 500);
}

/// `--quick`: without the million-entity rows. `--propagation`, `--late`, `--growth`: some rows. `--lattice`,
/// `--fan-in`, `--random`: without peers, for a profiler, `--lattice ROUNDS` so long; `--late REACH` and
/// `--late-own REACH`: events that come so late, over twice as many epochs.
void run(const std::string& mode, std::size_t number) {
  if ((mode == "--late" || mode == "--late-own") && number != 0) {
    const bool own = mode == "--late-own";
    const Stream late = own ? stream(own_times(), 20, number, 2 * number, kSecond / kWidth)
                            : stream(one_time(), 20, number, 2 * number);
    std::printf("%.4f M events/s, %.4f M changes/s, digest %s\n", late.events_per_second / 1e6,
                late.changes_per_second / 1e6, late.digest.c_str());
    return;
  }
  if (mode == "--fan-in") {
    std::printf("fan-in 1k, 1 thread: %.3f M updates/s\n", engine_rate(fan_in(1'000), 1'000, 5'000, 1));
    return;
  }
  if (mode == "--lattice") {
    std::printf("lattice 100 x 100, 1 thread: %.3f M updates/s\n",
                engine_rate(lattice(100, 100), 100, number != 0 ? number : 1000, 1));
    return;
  }
  if (mode == "--random") {
    const Bench bench = random_graph(100'000, 900'000);
    std::printf("random 1M, all sources: %.3f M updates/s\n", engine_rate(bench, 100'000, 5));
    return;
  }
  const bool quick = mode == "--quick";
  Report report;
  if (mode == "--propagation") return propagation_rows(report, false);
  if (mode == "--late") return late_events(report);
  if (mode == "--growth") return growth(report);
  propagation_rows(report, quick);
  late_events(report);
  latency(report);
  growth(report);
  memory(report, 10'000);
  memory(report, 100'000);
  if (!quick) {
    memory(report, 1'000'000);
    sparse(report, 100'000, 900'000);
    propagation(report, "random 1M, all sources", random_graph(100'000, 900'000), 5);
  }
  report.write();
}

}  // namespace
}  // namespace pollux::bench

int main(int argc, char** argv) {
  pollux::bench::run(argc > 1 ? argv[1] : "", argc > 2 ? std::stoul(argv[2]) : 0);
  return 0;
}
