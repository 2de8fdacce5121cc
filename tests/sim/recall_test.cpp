// Twins that hold next to nothing of their past in memory: late events, corrections and retractions find in
// the history what they reach back to, and every version comes out as if nothing had ever been dropped.
// POLLUX_SIM_CASES sets how many cases, POLLUX_SIM_SEED where they start.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <limits>
#include <thread>

#include "actors/history/history_query.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/sim/agreement.h"
#include "tests/sim/oracle.h"
#include "tests/sim/short_memory.h"

namespace pollux::sim {
namespace {

using actors::Twin;
using actors::TwinOptions;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventTime;
using schema::Model;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What the oracle makes of the journal.
Expected expected_of(const Twin& twin, EventTime clock) {
  schema::EventBatch events;
  std::vector<std::size_t> epoch_ends;
  const auto read = twin.journal().read(1, [&](schema::EpochRecord& record) {
    for (const schema::Event& event : record.events.events) events.append(record.events, event);
    epoch_ends.push_back(events.events.size());
    return true;
  });
  EXPECT_TRUE(read.ok());
  return interpret(twin.model(), events, clock, epoch_ends);
}

void expect_agreement(Twin& twin, const Expected& expected, EventTime held_from) {
  const Model& model = twin.model();
  look_at(twin, [&](const actors::SettledState& state) {
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      for (AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a)
        expect_remembered(twin, state, {e, a}, expected.timelines[e][a], held_from);
    }
    EXPECT_EQ(state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 100'000),
              expected.episodes);
  });
}

std::unique_ptr<actors::Journal> copy_of(const Twin& twin) {
  auto copy = actors::make_memory_journal(twin.model());
  const auto read = twin.journal().read(1, [&](schema::EpochRecord& record) {
    EXPECT_TRUE(copy->append(record, {}).ok());
    return true;
  });
  EXPECT_TRUE(read.ok());
  return copy;
}

/// Returns how many epochs reached back further than memory.
std::uint64_t check_case(std::uint64_t seed) {
  Case one = case_of(seed);
  auto twin = Twin::start(one.model, actors::make_memory_journal(*one.model), one.options).value();
  deliver(*twin, one.random.deliveries);
  if (one.random.events.events.empty()) return 0;
  expect_agreement(*twin, expected_of(*twin, one.clock), schema::before(one.clock, one.options.memory));

  one.options.memory /= 2;
  auto restarted = Twin::start(one.model, copy_of(*twin), one.options).value();
  EXPECT_EQ(digest_of(*restarted), digest_of(*twin)) << "after a restart";
  if (testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed << ", model:\n" << one.random.model_text;
  return twin->probe().epochs_recalled.value();
}

TEST(Recall, LateEventsReviseWhatMemoryHasDroppedAsIfItHadNot) {
  const std::uint64_t cases = from_environment("POLLUX_SIM_CASES", 2'000);
  const std::uint64_t first = from_environment("POLLUX_SIM_SEED", 1);
  std::uint64_t recalled = 0;
  for (std::uint64_t seed = first; seed < first + cases && !testing::Test::HasFailure(); ++seed)
    recalled += check_case(seed);
  EXPECT_GT(recalled, cases) << "too few events were late for this to prove anything";
}

constexpr std::string_view kSensors = R"yaml(
twin: sensors
types:
  Sensor: { kind: asset, observed: { level: { range: [0, 10000] } }, derived: { twice: { is: 2 * level } } }
  Total: { kind: process, inputs: { all: { many: true } }, derived: { sum: { is: sum(all) } } }
entities:
  a: { type: Sensor }
  b: { type: Sensor }
  total: { type: Total, inputs: { all: [a.twice, b.twice] } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

TEST(Recall, AnHourOfAllowedLatenessTakesNoMoreMemoryThanAMinute) {
  using schema::kMinute;
  using schema::kSecond;
  constexpr EventTime kSeconds = 2 * 3'600;
  const auto model = std::make_shared<const Model>(
      std::get<Model>(schema::load_model(std::string(kSensors), "sensors.yaml")));
  TwinOptions options;
  options.threads = 1;
  options.clock = actors::ClockMode::events;
  options.memory = kMinute;
  auto twin = Twin::start(model, actors::make_memory_journal(*model), options).value();
  const AttributeSlot level = model->type_of(0).find_attribute("level");
  const auto report = [&](schema::EventBatch& batch, EntityIndex sensor, EventTime second, double value) {
    batch.add(std::to_string(sensor) + "-" + std::to_string(second), second * kSecond, 0, sensor, "", "");
    batch.values.push_back({level, schema::Value::number(value)});
    batch.events.back().values_count = 1;
  };
  for (EventTime second = 0; second < kSeconds; second += 10) {
    schema::EventBatch batch;
    for (EventTime i = second; i < second + 10; ++i) {
      for (const EntityIndex sensor : {0u, 1u}) {
        // One event comes an hour late.
        if (sensor != 0 || i != kSeconds - 3'590) report(batch, sensor, i, static_cast<double>(i));
      }
    }
    deliver(*twin, {batch});
  }
  const auto expect_little = [&] {
    look_at(*twin, [&](const actors::SettledState& state) {
      for (EntityIndex e = 0; e < model->entity_count(); ++e) {
        for (AttributeSlot a = 0; a < model->type_of(e).attributes.size(); ++a)
          EXPECT_LT(state.timeline(e, a).versions().size(), 300u);
      }
      EXPECT_LT(state.observations(0, level).size(), 300u);
    });
    EXPECT_LT(twin->probe().remembered_events.value(), 9'000) << "of 14,400: they are forgotten by thousands";
  };
  expect_little();
  EXPECT_EQ(twin->probe().epochs_recalled.value(), 0u);
  schema::EventBatch late;
  report(late, 0, kSeconds - 3'590, 9'999);
  deliver(*twin, {late});
  EXPECT_EQ(twin->probe().epochs_recalled.value(), 1u);
  expect_little();
  const EntityIndex total = 2;
  const AttributeSlot sum = model->type_of(total).find_attribute("sum");
  const EventTime at = (kSeconds - 3'590) * kSecond;
  ASSERT_TRUE(twin->wait_for_history(std::chrono::seconds(60)).ok());
  const auto value = actors::value_at(*twin->history(), {total, sum}, {at, twin->settled_position()});
  ASSERT_TRUE(value.ok());
  EXPECT_EQ((**value).value.as_number(), 2 * (9'999 + static_cast<double>(kSeconds - 3'590)));
}

/// A history that stops when it is told to, in a journal in memory.
class StoppingHistory final : public actors::History {
 public:
  void stop() { stopped_ = true; }
  void go_on() { stopped_ = false; }

  schema::Result<void> append(const actors::EpochChanges& epoch) override {
    if (stopped_) return schema::Error{schema::ErrorCode::io, "the history's disk is gone", "", ""};
    return kept_->append(epoch);
  }
  actors::HistoryBounds bounds() const override { return kept_->bounds(); }
  schema::Result<schema::Position> position_at(EventTime clock) const override {
    return kept_->position_at(clock);
  }
  schema::Result<EventTime> clock_at(schema::Position position) const override {
    return kept_->clock_at(position);
  }
  schema::Result<void> visit(const actors::Series& series, schema::Position first, schema::Position last,
                             const Visit& visit) const override {
    return kept_->visit(series, first, last, visit);
  }
  schema::Result<void> visit_back(const actors::Series& series, schema::Position last,
                                  const Visit& visit) const override {
    return kept_->visit_back(series, last, visit);
  }
  schema::Result<std::vector<actors::EpochChangesPtr>> epochs(schema::Position after, std::size_t epochs_max,
                                                              std::size_t changes_max) const override {
    return kept_->epochs(after, epochs_max, changes_max);
  }
  schema::Result<bool> drop_through(schema::Position position) override {
    return kept_->drop_through(position);
  }
  schema::Result<bool> keep_background(bool wanted, bool may_begin_anew) override {
    return kept_->keep_background(wanted, may_begin_anew);
  }
  schema::Result<void> resume(const std::deque<actors::EpochChangesPtr>& lately) override {
    for (const auto& epoch : lately) {
      if (epoch->position <= kept_->bounds().complete) continue;
      if (auto appended = append(*epoch); !appended.ok()) return appended;
    }
    return {};
  }
  schema::Result<void> begin_at(schema::Position position, EventTime clock,
                                const std::function<actors::EpochChangesPtr()>& next) override {
    return kept_->begin_at(position, clock, next);
  }
  std::uint64_t bytes() const override { return kept_->bytes(); }
  schema::Result<void> make_durable() override { return kept_->make_durable(); }

 private:
  const std::unique_ptr<actors::History> kept_ = actors::make_memory_history();
  std::atomic<bool> stopped_{false};
};

class JournalWithHistory final : public actors::Journal {
 public:
  JournalWithHistory(const Model& model, actors::History& history)
      : kept_(actors::make_memory_journal(model)), history_(history) {}

  schema::Result<void> append(const schema::EpochRecord& record,
                              const actors::QuarantineChanges& quarantine) override {
    return kept_->append(record, quarantine);
  }
  schema::Result<void> read(schema::Position from,
                            const std::function<bool(schema::EpochRecord&)>& visit) const override {
    if (!readable) return schema::Error{schema::ErrorCode::io, "the disk cannot be read", "", ""};
    return kept_->read(from, visit);
  }
  schema::Result<std::vector<actors::QuarantinedEvent>> quarantine(std::uint64_t from,
                                                                   std::size_t limit) const override {
    return kept_->quarantine(from, limit);
  }
  bool holds(const schema::EventKey& key) const override { return kept_->holds(key); }
  std::optional<schema::Position> position_of(const schema::EventKey& key) const override {
    return kept_->position_of(key);
  }
  bool knows_positions() const override { return true; }
  const actors::QuarantineIndex& quarantine_index() const override { return kept_->quarantine_index(); }
  schema::Position last_position() const override { return kept_->last_position(); }
  const actors::JournalIdentity& identity() const override { return kept_->identity(); }
  std::uint64_t bytes_appended() const override { return kept_->bytes_appended(); }
  actors::History* history() override { return &history_; }

  std::atomic<bool> readable{true};

 private:
  const std::unique_ptr<actors::Journal> kept_;
  actors::History& history_;
};

TEST(Recall, OnceTheHistoryHasStoppedWhatReachesBackFurtherThanMemoryIsSetAsideAndTheTwinGoesOn) {
  using schema::kMinute;
  using schema::kSecond;
  const auto model = std::make_shared<const Model>(
      std::get<Model>(schema::load_model(std::string(kSensors), "sensors.yaml")));
  StoppingHistory history;
  TwinOptions options;
  options.threads = 1;
  options.clock = actors::ClockMode::events;
  options.memory = kMinute;
  options.journal_retry = schema::kMillisecond;
  auto twin = Twin::start(model, std::make_unique<JournalWithHistory>(*model, history), options).value();
  const AttributeSlot level = model->type_of(0).find_attribute("level");
  const auto send = [&](EventTime second) {
    schema::EventBatch batch;
    batch.add("e" + std::to_string(second), second * kSecond, 0, 0, "", "").values_count = 1;
    batch.values.push_back({level, schema::Value::number(static_cast<double>(second))});
    std::promise<actors::EventOutcome> outcome;
    twin->submit(std::move(batch), [&](schema::Result<actors::Receipt> receipt) {
      EXPECT_TRUE(receipt.ok());
      outcome.set_value(receipt.ok() ? receipt->outcomes.front() : actors::EventOutcome::refused);
    });
    return outcome.get_future().get();
  };
  using Outcome = actors::EventOutcome;
  for (EventTime second = 0; second < 600; second += 5) ASSERT_EQ(send(second), Outcome::accepted);
  EXPECT_EQ(send(11), Outcome::accepted) << "the history tells what was then";
  history.stop();
  EXPECT_EQ(send(600), Outcome::accepted);
  EXPECT_FALSE(twin->wait_for_history(std::chrono::seconds(60)).ok());
  EXPECT_EQ(send(12), Outcome::too_late);
  EXPECT_EQ(send(583), Outcome::accepted) << "memory tells";
  for (EventTime second = 605; second < 1'200; second += 5) ASSERT_EQ(send(second), Outcome::accepted);
  EXPECT_EQ(send(601), Outcome::accepted) << "memory drops nothing any more";
  EXPECT_EQ(twin->failure(), "");
  std::promise<std::string> why_not;
  twin->admit({1}, [&](schema::Result<actors::Receipt> receipt) {
    why_not.set_value(receipt.ok() ? receipt->verdicts.front().why : receipt.error().text());
  });
  EXPECT_NE(why_not.get_future().get().find("has stopped (the log says why)"), std::string::npos);
  history.go_on();
  while (!twin->wait_for_history(std::chrono::seconds(1)).ok()) std::this_thread::yield();
  EXPECT_EQ(send(613), Outcome::accepted) << "the history has all that it missed";
  EXPECT_EQ(send(14), Outcome::accepted);
  EXPECT_EQ(twin->failure(), "");
}

TEST(Recall, ACorrectionOfWhatTheJournalCannotTellJustNowIsRefusedAndToldAndTakenLater) {
  using schema::kSecond;
  const auto model = std::make_shared<const Model>(
      std::get<Model>(schema::load_model(std::string(kSensors), "sensors.yaml")));
  StoppingHistory history;
  std::vector<std::string> log;
  TwinOptions options;
  options.threads = 1;
  options.clock = actors::ClockMode::events;
  options.memory = schema::kMinute;
  options.forget_at_once = true;
  options.alarm = [&](const std::string& entry) { log.push_back(entry); };
  auto journal = std::make_unique<JournalWithHistory>(*model, history);
  JournalWithHistory& disk = *journal;
  auto twin = Twin::start(model, std::move(journal), options).value();
  const auto send = [&](EventTime second, const std::string& corrects) {
    schema::EventBatch batch;
    schema::Event& event = batch.add("e" + std::to_string(second), second * kSecond, 0, 0, "", corrects);
    event.values_count = 1;
    if (!corrects.empty()) event.kind = schema::EventKind::correct;
    batch.values.push_back({0, schema::Value::number(static_cast<double>(second))});
    std::promise<schema::Result<actors::Receipt>> answer;
    twin->submit(std::move(batch), [&](auto receipt) { answer.set_value(std::move(receipt)); });
    return answer.get_future().get();
  };
  for (EventTime second = 0; second < 600; second += 5) ASSERT_TRUE(send(second, "").ok());
  disk.readable = false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto refused = send(599, "e20");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, schema::ErrorCode::unavailable);
  }
  ASSERT_EQ(log.size(), 1u) << "it is told once, however often it is tried";
  EXPECT_NE(log.front().find("cannot be read from the journal: the disk cannot be read"), std::string::npos);
  EXPECT_TRUE(send(600, "").ok()) << "all else goes on";
  EXPECT_EQ(twin->failure(), "");
  disk.readable = true;
  EXPECT_EQ(send(599, "e20")->outcomes.front(), actors::EventOutcome::accepted);
  EXPECT_EQ(twin->probe().events_too_late.value(), 0u);
}

namespace fs = std::filesystem;

/// On a disk of its own.
class RecallOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-recall-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::unique_ptr<Twin> start(const Case& one, const std::string& name) {
    const std::string directory = (root_ / name).string();
    auto journal = actors::open_rocksdb_journal(directory, *one.model);
    EXPECT_TRUE(journal.ok()) << journal.error().text();
    TwinOptions options = one.options;
    options.snapshots.store = std::make_shared<actors::SnapshotStore>(directory);
    auto twin = Twin::start(one.model, std::move(*journal), options);
    EXPECT_TRUE(twin.ok()) << twin.error().text();
    return std::move(*twin);
  }

  fs::path root_;
};

TEST_F(RecallOnDisk, ATwinThatGoesOnFromASnapshotStillRevisesWhatLiesBeforeIt) {
  std::uint64_t recalled = 0;
  std::uint64_t from_snapshots = 0;
  for (std::uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case one = case_of(seed);
    const auto& all = one.random.deliveries;
    if (all.size() < 16) continue;
    Random random(seed);
    const std::string name = "seed-" + std::to_string(seed);
    std::size_t next = 0;
    const auto deliver_some = [&](Twin& twin) {
      const std::size_t end = next + (all.size() - next) / 2;
      deliver(twin, {all.begin() + static_cast<std::ptrdiff_t>(next),
                     all.begin() + static_cast<std::ptrdiff_t>(end)});
      next = end;
    };
    for (int life = 0; life < 3; ++life) {
      auto twin = start(one, name);
      from_snapshots += twin->loaded().position > 0;
      deliver_some(*twin);
      std::promise<void> taken;
      twin->snapshot([&](const auto& result) {
        EXPECT_TRUE(result.ok()) << result.error().text();
        taken.set_value();
      });
      if (random() % 2 == 0) deliver_some(*twin);
      taken.get_future().get();
      if (random() % 2 == 0) deliver_some(*twin);
      recalled += twin->probe().epochs_recalled.value();
    }
    auto twin = start(one, name);
    deliver(*twin, {all.begin() + static_cast<std::ptrdiff_t>(next), all.end()});
    recalled += twin->probe().epochs_recalled.value();
    expect_agreement(*twin, expected_of(*twin, one.clock), schema::before(one.clock, one.options.memory));
  }
  EXPECT_GT(recalled, 100u);
  EXPECT_GT(from_snapshots, 20u);
}

TEST_F(RecallOnDisk, ASnapshotThatNeedsTheHistoryIsNotUsedWithoutOne) {
  Case one = case_of(1);
  {
    auto twin = start(one, "data");
    deliver(*twin, one.random.deliveries);
    std::promise<void> taken;
    twin->snapshot([&](const auto& result) {
      EXPECT_TRUE(result.ok());
      taken.set_value();
    });
    taken.get_future().get();
  }
  std::vector<std::string> warnings;
  one.options.keep_history = false;
  one.options.warn = [&](const std::string& what) { warnings.push_back(what); };
  auto twin = start(one, "data");
  EXPECT_EQ(twin->loaded().position, 0u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings.front().find("the history that holds the rest"), std::string::npos) << warnings.front();
}

}  // namespace
}  // namespace pollux::sim
