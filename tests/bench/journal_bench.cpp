// The way of an event to disk: parse, encode, decode, synced append. The appends stand beside synced writes
// of the same bytes to a bare RocksDB in the same run; the ratio of their rates is what counts.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "actors/journal/journal.h"
#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/event/cloud_events.h"
#include "schema/event/cloud_events_writer.h"
#include "schema/record/epoch_codec.h"
#include "tests/schema/event_samples.h"

namespace {

namespace fs = std::filesystem;
using namespace pollux;

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((fs::temp_directory_path() / "pollux-bench-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

schema::Model bench_model() {
  schema::samples::Variation variation;
  variation.pumps = 1000;
  return schema::samples::model(variation);
}

// Like telemetry: one number or two an event, times that advance, ids that count.
schema::EpochRecord telemetry(std::size_t events) {
  std::mt19937_64 random(1);
  schema::EpochRecord record;
  record.position = 1;
  for (std::size_t i = 0; i < events; ++i) {
    const auto time = 1'795'332'480'000'000'000 + static_cast<schema::EventTime>(i) * schema::kMillisecond;
    schema::Event& event = record.events.add("bms-" + std::to_string(10'000'000 + i), time, 0,
                                             static_cast<schema::EntityIndex>(random() % 1000));
    event.sequence = i + 1;
    record.events.values.push_back({0, schema::Value::number(static_cast<double>(random() % 10'000) / 100)});
    record.events.values.push_back({1, schema::Value::number(static_cast<double>(random() % 100'000) / 999)});
    event.values_count = 2;
    record.clock = time;
  }
  return record;
}

void count_events(benchmark::State& state, std::size_t events, std::size_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(events) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["bytes_per_event"] = static_cast<double>(bytes) / static_cast<double>(events);
}

void parse(benchmark::State& state) {
  const schema::Model model = bench_model();
  const auto record = telemetry(static_cast<std::size_t>(state.range(0)));
  std::string json = "[";
  for (const schema::Event& event : record.events.events) {
    if (json.size() > 1) json += ',';
    schema::append_cloud_event(json, record.events, event, model);
  }
  json += ']';
  schema::CloudEventParser parser(model);
  for (auto _ : state) {
    const auto parsed = parser.parse(json);
    if (!parsed.problems.empty()) state.SkipWithError(parsed.problems[0].message.c_str());
    benchmark::DoNotOptimize(parsed.batch.events.data());
  }
  count_events(state, record.events.events.size(), json.size());
}
BENCHMARK(parse)->Arg(1)->Arg(1000)->Arg(20'000);

void write_json(benchmark::State& state) {
  const schema::Model model = bench_model();
  const auto record = telemetry(1000);
  std::string json;
  for (auto _ : state) {
    json.clear();
    for (const schema::Event& event : record.events.events) {
      schema::append_cloud_event(json, record.events, event, model);
    }
    benchmark::DoNotOptimize(json.data());
  }
  count_events(state, record.events.events.size(), json.size());
}
BENCHMARK(write_json);

void encode(benchmark::State& state) {
  const schema::Model model = bench_model();
  const auto record = telemetry(static_cast<std::size_t>(state.range(0)));
  schema::RecordEncoder encoder(model);
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    encoder.encode(record, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  count_events(state, record.events.events.size(), bytes.size());
}
BENCHMARK(encode)->Arg(1)->Arg(1000)->Arg(20'000);

void decode(benchmark::State& state) {
  const schema::Model model = bench_model();
  const auto record = telemetry(static_cast<std::size_t>(state.range(0)));
  std::string bytes;
  schema::RecordEncoder(model).encode(record, bytes);
  schema::RecordDecoder decoder(model);
  schema::EpochRecord read;
  for (auto _ : state) {
    if (!decoder.decode(bytes, read).ok()) state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(read.events.events.data());
  }
  count_events(state, record.events.events.size(), bytes.size());
}
BENCHMARK(decode)->Arg(1)->Arg(1000)->Arg(20'000);

void append_to_journal(benchmark::State& state) {
  const schema::Model model = bench_model();
  auto record = telemetry(static_cast<std::size_t>(state.range(0)));
  const TemporaryDirectory directory;
  auto journal = actors::open_rocksdb_journal(directory.path(), model);
  if (!journal.ok()) {
    state.SkipWithError(journal.error().text().c_str());
    return;
  }
  for (auto _ : state) {
    record.position = (*journal)->last_position() + 1;
    if (!(*journal)->append(record, {}).ok()) state.SkipWithError("cannot append");
  }
  count_events(state, record.events.events.size(), (*journal)->bytes_appended() / state.iterations());
}

// The peer: the same encoded bytes, already at hand, one synced Put each.
void raw_rocksdb_write(benchmark::State& state) {
  const schema::Model model = bench_model();
  const auto record = telemetry(static_cast<std::size_t>(state.range(0)));
  std::string bytes(actors::journal_format::kHeaderBytes, 'h');
  schema::RecordEncoder(model).encode(record, bytes);
  const TemporaryDirectory directory;
  auto store = actors::RocksdbStore::open(directory.path());
  if (!store.ok()) {
    state.SkipWithError(store.error().text().c_str());
    return;
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  std::uint64_t position = 0;
  for (auto _ : state) {
    const auto key = actors::journal_format::number_key(++position);
    const auto status =
        (*store)->database().Put(options, (*store)->records(), {key.data(), key.size()}, bytes);
    if (!status.ok()) state.SkipWithError("cannot write");
  }
  count_events(state, record.events.events.size(), bytes.size());
}
BENCHMARK(raw_rocksdb_write)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(append_to_journal)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();

void replay(benchmark::State& state) {
  const schema::Model model = bench_model();
  const TemporaryDirectory directory;
  auto journal = actors::open_rocksdb_journal(directory.path(), model);
  if (!journal.ok()) {
    state.SkipWithError(journal.error().text().c_str());
    return;
  }
  constexpr int kRecords = 200;
  auto record = telemetry(1000);
  for (int i = 0; i < kRecords; ++i) {
    record.position = (*journal)->last_position() + 1;
    if (!(*journal)->append(record, {}).ok()) state.SkipWithError("cannot append");
  }
  for (auto _ : state) {
    std::size_t events = 0;
    const auto read = (*journal)->read(1, [&](schema::EpochRecord& one) {
      events += one.events.events.size();
      return true;
    });
    if (!read.ok() || events != kRecords * 1000) state.SkipWithError("cannot read");
  }
  state.SetItemsProcessed(kRecords * 1000 * state.iterations());
}
BENCHMARK(replay);

}  // namespace

BENCHMARK_MAIN();
