// What keeping the history costs: the same events into a durable twin with and without one, in turn; the
// ratio of the rates is what counts. With history, the clock stops when it has taken in the last epoch. Then
// what it costs that memory is shorter than events may be late, and that one event in ten reaches back beyond
// it.
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/history/history_query.h"
#include "actors/twin.h"
#include "tests/bench/plant_events.h"
#include "tests/bench/report.h"

namespace {

namespace fs = std::filesystem;
using namespace pollux;
using namespace pollux::bench;
using Clock = std::chrono::steady_clock;

constexpr int kBatches = 600;
constexpr double kEvents = static_cast<double>(kBatches) * kBatchEvents;
constexpr int kInFlight = 8;
constexpr int kRounds = 5;

/// One in ten events is two seconds late, ten are allowed.
struct Mode {
  bool keep_history = true;
  schema::Duration memory = schema::kNever;
};
constexpr Mode kWithout{false};
constexpr Mode kWith{};
constexpr Mode kShortMemory{true, 3 * schema::kSecond};
constexpr Mode kTooShortMemory{true, schema::kSecond};

struct Run {
  double events_per_second = 0;
  std::uint64_t changes = 0;
  std::uint64_t recalled = 0;
  double cpu_us_per_event = 0;
  double history_bytes_per_event = 0;
  double point_us = 0;
};

double point_look_up_us(const actors::History& history) {
  constexpr int kLookUps = 2'000;
  const auto bounds = history.bounds();
  const auto begun = Clock::now();
  for (int i = 0; i < kLookUps; ++i) {
    const actors::Series series{static_cast<schema::EntityIndex>(i % kPumps * 2), 1};
    const auto found = actors::value_at(
        history, series, {bounds.clock - i % 200 * schema::kSecond, bounds.complete - i % 300});
    if (!found.ok() || !*found) std::abort();
  }
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count() / kLookUps;
}

Run run(const std::shared_ptr<const schema::Model>& model, const Mode& mode) {
  std::string directory = (fs::temp_directory_path() / "pollux-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) std::abort();
  std::vector<schema::EventBatch> batches;
  for (int i = 0; i < kBatches; ++i) batches.push_back(batch(*model, i));
  Run result;
  {
    actors::TwinOptions options;
    options.clock = actors::ClockMode::events;
    options.keep_history = mode.keep_history;
    options.memory = mode.memory;
    auto journal = actors::open_rocksdb_journal(directory, *model).value();
    auto twin = actors::Twin::start(model, std::move(journal), options).value();
    std::vector<std::future<void>> pending;
    const auto begun = Clock::now();
    const std::clock_t cpu_begun = std::clock();
    for (int i = 0; i < kBatches; ++i) {
      auto done = std::make_shared<std::promise<void>>();
      pending.push_back(done->get_future());
      twin->submit(std::move(batches[static_cast<std::size_t>(i)]),
                   [done](schema::Result<actors::Receipt> receipt) {
                     if (!receipt.ok()) std::abort();
                     done->set_value();
                   });
      if (i >= kInFlight) pending[static_cast<std::size_t>(i - kInFlight)].get();
    }
    for (int i = kBatches - kInFlight; i < kBatches; ++i) pending[static_cast<std::size_t>(i)].get();
    if (mode.keep_history && !twin->wait_for_history(std::chrono::seconds(60)).ok()) std::abort();
    const std::chrono::duration<double> took = Clock::now() - begun;
    result.events_per_second = kEvents / took.count();
    result.cpu_us_per_event = static_cast<double>(std::clock() - cpu_begun) * 1e6 / CLOCKS_PER_SEC / kEvents;
    result.changes = twin->probe().changes.value();
    result.recalled = twin->probe().epochs_recalled.value();
    if (mode.keep_history) {
      result.point_us = point_look_up_us(*twin->history());
      result.history_bytes_per_event = static_cast<double>(twin->history()->bytes()) / kEvents;
    }
  }
  fs::remove_all(directory);
  return result;
}

}  // namespace

int main() {
  const auto model = plant();
  std::vector<double> ratios;
  std::vector<double> with_rates;
  std::vector<double> cpu_ratios;
  std::vector<double> short_ratios;
  std::vector<double> too_short_ratios;
  for (int round = 0; round < kRounds; ++round) {
    const Run without = run(model, kWithout);
    const Run with = run(model, kWith);
    with_rates.push_back(with.events_per_second);
    ratios.push_back(with.events_per_second / without.events_per_second);
    cpu_ratios.push_back(without.cpu_us_per_event / with.cpu_us_per_event);
    std::printf(
        "without %8.0f events/s, %.2f us of processor an event   with %8.0f events/s, %.2f us   ratio %.2f "
        "(processor %.2f)   %.2f changes and %.0f B of history an event, %.1f us a look-up\n",
        without.events_per_second, without.cpu_us_per_event, with.events_per_second, with.cpu_us_per_event,
        ratios.back(), cpu_ratios.back(), static_cast<double>(with.changes) / kEvents,
        with.history_bytes_per_event, with.point_us);
    const Run shorter = run(model, kShortMemory);
    const Run too_short = run(model, kTooShortMemory);
    if (shorter.recalled > 0 || too_short.recalled == 0) std::abort();
    short_ratios.push_back(shorter.events_per_second / with.events_per_second);
    too_short_ratios.push_back(too_short.events_per_second / with.events_per_second);
    std::printf(
        "memory of 3 s %8.0f events/s, ratio %.2f, %.0f B of history an event   of 1 s %8.0f events/s, "
        "ratio %.2f, %zu epochs of %d reached back further\n",
        shorter.events_per_second, short_ratios.back(), shorter.history_bytes_per_event,
        too_short.events_per_second, too_short_ratios.back(), static_cast<std::size_t>(too_short.recalled),
        kBatches);
  }
  std::printf("median ratio by processor time %.2f\n", median(cpu_ratios));
  Report report;
  report.add({"ingest with the history kept", median(with_rates) / 1e6, "M events/s", "without one",
              median(with_rates) / 1e6 / median(ratios), 0.75});
  const double with = median(with_rates) / 1e6;
  report.add({"memory shorter than events may be late", with * median(short_ratios), "M events/s",
              "all of it in memory", with, 0.75});
  report.add({"one event in ten further back than memory", with * median(too_short_ratios), "M events/s",
              "all of it in memory", with, 0.5});
  report.write();
}
