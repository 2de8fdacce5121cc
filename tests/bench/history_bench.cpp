// What keeping the history costs: the same events into a durable twin with and without one, in turn; the
// ratio of the rates is what counts. With history, the clock stops when it has taken in the last epoch.
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

#include "actors/history_query.h"
#include "actors/twin.h"
#include "schema/model_file.h"

namespace {

namespace fs = std::filesystem;
using namespace pollux;
using Clock = std::chrono::steady_clock;

constexpr int kPumps = 2'000;
constexpr int kBatchEvents = 1'000;
constexpr int kBatches = 600;
constexpr double kEvents = static_cast<double>(kBatches) * kBatchEvents;
constexpr int kInFlight = 8;
constexpr int kRounds = 5;

std::shared_ptr<const schema::Model> plant() {
  std::string yaml = R"(twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated_flow: { unit: L/s, default: 20 } }
    observed: { speed: { unit: "%" } }
    derived: { flow: { unit: L/s, is: rated_flow * speed / 100 % } }
  Enough:
    kind: constraint
    inputs: { flow: { unit: L/s } }
    requires: flow >= 5 L/s
sources:
  bms: { allowed_lateness: 10 s }
entities:
)";
  for (int i = 0; i < kPumps; ++i) {
    const std::string n = std::to_string(i);
    yaml +=
        "  p" + n + ": { type: Pump }\n  c" + n + ": { type: Enough, inputs: { flow: p" + n + ".flow } }\n";
  }
  auto loaded = schema::load_model(yaml, "bench.yaml");
  if (!std::holds_alternative<schema::Model>(loaded)) std::abort();
  return std::make_shared<const schema::Model>(std::get<schema::Model>(std::move(loaded)));
}

/// Every pump reports once a second, an arbitrary number; one in ten reports comes two seconds late.
schema::EventBatch batch(const schema::Model& model, int number) {
  schema::EventBatch events;
  const auto speed = model.type_of(0).find_attribute("speed");
  for (int i = 0; i < kBatchEvents; ++i) {
    const std::int64_t n = std::int64_t{number} * kBatchEvents + i;
    const std::uint64_t arbitrary = static_cast<std::uint64_t>(n) * 0x9e37'79b9'7f4a'7c15u;
    const std::int64_t late = n % 10 == 0 ? 2'000 * schema::kMillisecond : 0;
    const schema::EventTime time = 1'800'000'000 * schema::kSecond + n * schema::kSecond / kPumps - late;
    schema::Event& event =
        events.add("bms-" + std::to_string(n), time, 0, static_cast<schema::EntityIndex>(n % kPumps * 2));
    events.values.push_back({speed, schema::Value::number(static_cast<double>(arbitrary >> 12) / 45e12)});
    event.values_count = 1;
  }
  return events;
}

struct Run {
  double events_per_second = 0;
  std::uint64_t changes = 0;
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

Run run(const std::shared_ptr<const schema::Model>& model, bool keep_history) {
  std::string directory = (fs::temp_directory_path() / "pollux-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) std::abort();
  std::vector<schema::EventBatch> batches;
  for (int i = 0; i < kBatches; ++i) batches.push_back(batch(*model, i));
  Run result;
  {
    actors::TwinOptions options;
    options.clock = actors::ClockMode::events;
    options.keep_history = keep_history;
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
    if (keep_history && !twin->wait_for_history(std::chrono::seconds(60)).ok()) std::abort();
    const std::chrono::duration<double> took = Clock::now() - begun;
    result.events_per_second = kEvents / took.count();
    result.cpu_us_per_event = static_cast<double>(std::clock() - cpu_begun) * 1e6 / CLOCKS_PER_SEC / kEvents;
    result.changes = twin->probe().changes.value();
    if (keep_history) {
      result.point_us = point_look_up_us(*twin->history());
      result.history_bytes_per_event = static_cast<double>(twin->history()->bytes()) / kEvents;
    }
  }
  fs::remove_all(directory);
  return result;
}

double median(std::vector<double> of) {
  std::sort(of.begin(), of.end());
  return of[of.size() / 2];
}

}  // namespace

int main() {
  const auto model = plant();
  std::vector<double> ratios;
  std::vector<double> cpu_ratios;
  for (int round = 0; round < kRounds; ++round) {
    const Run without = run(model, false);
    const Run with = run(model, true);
    ratios.push_back(with.events_per_second / without.events_per_second);
    cpu_ratios.push_back(without.cpu_us_per_event / with.cpu_us_per_event);
    std::printf(
        "without %8.0f events/s, %.2f us of processor an event   with %8.0f events/s, %.2f us   ratio %.2f "
        "(processor %.2f)   %.2f changes and %.0f B of history an event, %.1f us a look-up\n",
        without.events_per_second, without.cpu_us_per_event, with.events_per_second, with.cpu_us_per_event,
        ratios.back(), cpu_ratios.back(), static_cast<double>(with.changes) / kEvents,
        with.history_bytes_per_event, with.point_us);
  }
  std::printf("median ratio %.2f, by processor time %.2f (target: at least 0.75)\n", median(ratios),
              median(cpu_ratios));
}
