// Where retention has dropped the journal's beginning, a history that is made again begins at a snapshot.
// From there on it tells what the lost one would have told; what it cannot tell nobody is told, and no event
// that bears on it is taken in, neither when it arrives nor when the journal is replayed.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>

#include "actors/history/history_query.h"
#include "schema/model/model_file.h"
#include "tests/sim/agreement.h"
#include "tests/sim/random_twin.h"
#include "tests/sim/short_memory.h"

namespace pollux::sim {
namespace {

namespace fs = std::filesystem;
using actors::EventOutcome;
using actors::Twin;
using actors::TwinOptions;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventBatch;
using schema::EventTime;
using schema::Model;

constexpr unsigned kLateness = 30;  // seconds
constexpr unsigned kEvents = 240;   // two a second

/// Several lives of one twin on one disk.
class SeveralLives : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-rebuilt-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    twin_.reset();
    fs::remove_all(root_);
  }

  schema::Result<void> try_to_start(bool remake) {
    twin_.reset();
    actors::JournalOptions how;
    how.remake_history = remake;
    auto journal = actors::open_rocksdb_journal(directory_, *model_, how);
    if (!journal.ok()) return journal.error();
    actors::TwinOptions options = options_;
    options.snapshots.store = std::make_shared<actors::SnapshotStore>(directory_);
    options.snapshots.kept = 1;
    options.snapshots.journal_bytes = 1;
    options.warn = [this](const std::string& what) { log_ += what + "\n"; };
    log_.clear();
    auto twin = Twin::start(model_, std::move(*journal), options);
    if (!twin.ok()) return twin.error();
    twin_ = std::move(*twin);
    return {};
  }
  void start(bool remake = false) {
    const auto started = try_to_start(remake);
    ASSERT_TRUE(started.ok()) << started.error().text();
  }

  void snapshot() {
    std::promise<void> taken;
    twin_->snapshot([&](const auto& result) {
      EXPECT_TRUE(result.ok()) << result.error().text();
      taken.set_value();
    });
    taken.get_future().get();
  }

  fs::path root_;
  std::string directory_;
  std::shared_ptr<const Model> model_;
  TwinOptions options_;
  std::unique_ptr<Twin> twin_;
  std::string log_;
};

/// Beside it a twin that remembers everything and is told what the first one took in.
class RebuiltHistory : public SeveralLives {
 protected:
  void begin(std::uint64_t seed) {
    twin_.reset();
    Random random(seed);
    std::string text = random_model(random);
    for (std::size_t at; (at = text.find("400 d")) != std::string::npos;)
      text.replace(at, 5, std::to_string(kLateness) + " s");
    model_ = std::make_shared<const Model>(std::get<Model>(schema::load_model(text, "random.yaml")));
    deliveries_ = stream(random, *model_);
    directory_ = (root_ / ("seed-" + std::to_string(seed))).string();
    options_.threads = 1;
    options_.clock = actors::ClockMode::events;
    options_.check_invariants = true;
    options_.forget_at_once = true;
    options_.memory = static_cast<EventTime>(random() % (kLateness / 2)) * schema::kSecond;
    auto forever = options_;
    forever.memory = schema::kNever;
    forever.forget_at_once = false;
    knowing_ = Twin::start(model_, actors::make_memory_journal(*model_), forever).value();
    next_ = 0;
  }

  /// Batches that go on and on, with some of their events late and some corrected or retracted later.
  static std::vector<EventBatch> stream(Random& random, const Model& model) {
    std::vector<std::pair<EntityIndex, AttributeSlot>> observed;
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      const auto& attributes = model.type_of(e).attributes;
      for (AttributeSlot a = 0; a < attributes.size(); ++a) {
        if (attributes[a].role == schema::Role::observed) observed.emplace_back(e, a);
      }
    }
    std::vector<EventBatch> batches(1);
    for (unsigned i = 0; i < kEvents; ++i) {
      if (random() % 2 == 0 && !batches.back().events.empty()) batches.emplace_back();
      const bool is_late = random() % 5 == 0;
      const unsigned second = kLateness + i / 2 - (is_late ? random() % kLateness : 0);
      const bool revises = i > 30 && random() % 8 == 0;
      const bool retracts = revises && random() % 2 == 0;
      const auto [entity, attribute] = observed[random() % observed.size()];
      schema::Event& event = batches.back().add("n" + std::to_string(i), second * schema::kSecond, 0,
                                                retracts ? schema::kNone : entity, "",
                                                revises ? "n" + std::to_string(i - 1 - random() % 30) : "");
      if (revises) event.kind = retracts ? schema::EventKind::retract : schema::EventKind::correct;
      if (retracts) continue;
      event.values_count = 1;
      batches.back().values.push_back({attribute, schema::Value::number(static_cast<double>(random() % 20))});
    }
    return batches;
  }

  /// The next ones of those that are left.
  void deliver_some(std::size_t count) {
    const auto& all = deliveries_;
    for (; count > 0 && next_ < all.size(); --count, ++next_) {
      const auto outcomes = deliver(*twin_, all[next_]);
      EventBatch taken;
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i] == EventOutcome::accepted) taken.append(all[next_], all[next_].events[i]);
      }
      if (!taken.events.empty()) deliver(*knowing_, taken);
    }
    ASSERT_TRUE(twin_->wait_for_history(std::chrono::seconds(60)).ok());
    ASSERT_TRUE(knowing_->wait_for_history(std::chrono::seconds(60)).ok());
  }

  static std::vector<actors::Version> told_by(Twin& twin, EntityIndex e, AttributeSlot a, EventTime from) {
    schema::Value now;
    look_at(twin, [&](const auto& state) { now = state.timeline(e, a).last().value; });
    const auto page =
        actors::versions_between(*twin.history(), {e, a}, from, schema::after(twin.clock(), 1),
                                 twin.settled_position(), now, std::numeric_limits<std::size_t>::max());
    EXPECT_TRUE(page.ok());
    return page.ok() ? page->versions : std::vector<actors::Version>();
  }

  /// From where it begins, the new history says what the twin that remembers everything says.
  void expect_the_same_history() {
    const EventTime begun = twin_->history()->bounds().begun_clock;
    const Model& model = *model_;
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      for (AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a) {
        if (model.type_of(e).attributes[a].role == schema::Role::memory) continue;
        const auto got = told_by(*twin_, e, a, begun);
        const auto want = told_by(*knowing_, e, a, begun);
        EXPECT_EQ(describe(got), describe(want)) << model.id(e) << "." << model.type_of(e).attributes[a].name;
      }
    }
  }

  std::vector<EventBatch> deliveries_;
  std::unique_ptr<Twin> knowing_;
  std::size_t next_ = 0;
};

TEST_F(RebuiltHistory, TellsFromASnapshotOnWhatTheLostOneWouldHaveTold) {
  std::uint64_t rebuilt = 0;
  std::uint64_t recalled = 0;
  std::uint64_t left_out = 0;
  std::uint64_t set_aside = 0;
  for (std::uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    begin(seed);
    const std::size_t all = deliveries_.size();
    start();
    deliver_some(all / 2);
    snapshot();
    if (twin_->journal().first_position() == 1) continue;
    if (seed % 2 == 0) deliver_some(all / 8);
    const std::string before = digest_of(*twin_);

    start(true);
    if (HasFatalFailure()) return;
    ++rebuilt;
    const std::string after = digest_of(*twin_);  // from then on all is in the log
    const auto bounds = twin_->history()->bounds();
    EXPECT_EQ(bounds.begun, twin_->loaded().position);
    EXPECT_EQ(bounds.dropped, bounds.begun);
    EXPECT_NE(log_.find("the history begins anew at position"), std::string::npos);
    EXPECT_FALSE(actors::check_kept(bounds, {bounds.begun_clock - 1, bounds.begun}).ok());
    const std::uint64_t lost = twin_->probe().misfit_events.value();
    left_out += lost > 0;
    EXPECT_EQ(lost > 0, log_.find("left out of what was replayed") != std::string::npos);
    if (lost == 0) {
      EXPECT_EQ(after, before);
    }

    start();
    EXPECT_EQ(digest_of(*twin_), after) << "a restart comes to the same";
    EXPECT_EQ(twin_->history()->bounds().begun, bounds.begun);
    deliver_some(all / 4);
    const std::string later = digest_of(*twin_);
    recalled += twin_->probe().epochs_recalled.value();
    set_aside += twin_->probe().events_too_late.value();
    if (lost == 0) {
      EXPECT_EQ(later, digest_of(*knowing_));
      expect_the_same_history();
    }
    start();
    EXPECT_EQ(digest_of(*twin_), later) << "replayed from the snapshot that the history begins at";
    snapshot();
    deliver_some(all);
    const std::string end = digest_of(*twin_);
    recalled += twin_->probe().epochs_recalled.value();
    start();
    EXPECT_EQ(digest_of(*twin_), end) << "replayed from a later one";
    if (lost == 0) {
      EXPECT_EQ(end, digest_of(*knowing_));
      expect_the_same_history();
    }
    if (HasFailure()) ADD_FAILURE() << "model:\n" << model_->source_text() << log_;
  }
  std::cout << rebuilt << " rebuilt, " << left_out << " left something out, " << recalled
            << " epochs recalled, " << set_aside << " events set aside\n";
  EXPECT_GT(rebuilt, 8u);
  EXPECT_GT(recalled, 20u);
  EXPECT_GT(left_out, 0u);
  EXPECT_LT(left_out, rebuilt);
}

constexpr std::string_view kSensors = R"yaml(
twin: sensors
types:
  Sensor: { kind: asset, observed: { level: {} }, derived: { twice: { is: 2 * level } } }
entities: { busy: { type: Sensor }, slow: { type: Sensor }, late: { type: Sensor } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

/// One sensor that reports every ten seconds, one that did so at the beginning only, and one that is late.
/// Memory holds a minute. The snapshot is of 7,200 s.
class RebuiltHistoryOfSensors : public SeveralLives {
 protected:
  void SetUp() override {
    SeveralLives::SetUp();
    directory_ = (root_ / "data").string();
    model_ = std::make_shared<const Model>(
        std::get<Model>(schema::load_model(std::string(kSensors), "sensors.yaml")));
    options_.threads = 1;
    options_.clock = actors::ClockMode::events;
    options_.forget_at_once = true;
    options_.memory = schema::kMinute;
    start();
    ASSERT_EQ(report("slow", 0, 3), EventOutcome::accepted);
    tick(0, 7'200);
    snapshot();
    ASSERT_GT(twin_->journal().first_position(), 1u);
  }

  EventOutcome send(EventBatch batch) { return deliver(*twin_, batch).at(0); }
  EventOutcome report(std::string_view sensor, EventTime second, double value) {
    EventBatch batch;
    batch
        .add(std::string(sensor) + std::to_string(second), second * schema::kSecond, 0, index_of(sensor), "",
             "")
        .values_count = 1;
    batch.values.push_back({0, schema::Value::number(value)});
    return send(std::move(batch));
  }
  EventOutcome retract(std::string_view sensor, EventTime second) {
    EventBatch batch;
    const std::string id = std::string(sensor) + std::to_string(second);
    batch.add("no-" + id, second * schema::kSecond, 0, schema::kNone, "", id).kind =
        schema::EventKind::retract;
    return send(std::move(batch));
  }
  void tick_without_history(EventTime from, EventTime to) {
    for (EventTime second = from; second <= to; second += 10)
      ASSERT_EQ(report("busy", second, static_cast<double>(second)), EventOutcome::accepted);
  }
  void tick(EventTime from, EventTime to) {
    tick_without_history(from, to);
    ASSERT_TRUE(twin_->wait_for_history(std::chrono::seconds(60)).ok());
  }
  schema::Value level(std::string_view sensor) {
    schema::Value value;
    look_at(*twin_, [&](const auto& state) { value = state.timeline(index_of(sensor), 0).last().value; });
    return value;
  }
  std::string why_not(std::uint64_t number) {
    std::promise<std::string> why;
    twin_->admit({number}, [&](schema::Result<actors::Receipt> receipt) {
      why.set_value(receipt.ok() ? receipt->verdicts.front().why : receipt.error().text());
    });
    return why.get_future().get();
  }
  EntityIndex index_of(std::string_view name) const { return model_->find_entity(name); }
};

TEST_F(RebuiltHistoryOfSensors, WhatReachesBackToBeforeItIsSetAsideWithTheReason) {
  tick(7'210, 7'500);
  start(true);
  EXPECT_EQ(report("late", 7'190, 1), EventOutcome::too_late);
  EXPECT_NE(why_not(1).find("the history was made anew since and does not tell of it"), std::string::npos)
      << why_not(1);
  EXPECT_EQ(report("late", 7'300, 2), EventOutcome::accepted);
  EXPECT_EQ(level("late"), schema::Value::number(2));
  EXPECT_EQ(twin_->probe().epochs_recalled.value(), 1u);
  EXPECT_EQ(twin_->failure(), "");
}

TEST_F(RebuiltHistoryOfSensors, WhatWasToldLongBeforeItCountsAgainWhenWhatFollowedIsWithdrawn) {
  tick(7'210, 7'500);
  start(true);
  ASSERT_EQ(report("slow", 7'300, 9), EventOutcome::accepted);
  EXPECT_EQ(level("slow"), schema::Value::number(9));
  ASSERT_EQ(retract("slow", 7'300), EventOutcome::accepted);
  EXPECT_EQ(level("slow"), schema::Value::number(3));
  look_at(*twin_, [&](const auto& state) {
    const auto now = state.attribute(index_of("slow"), 0);
    EXPECT_EQ(now.time, 0) << "when it was reported";
  });
}

TEST_F(RebuiltHistoryOfSensors, WhatMemoryHeldAtItsBeginningIsReplayedAndTheRestLeftOutAndTold) {
  tick(7'210, 7'500);
  ASSERT_EQ(report("late", 7'150, 7), EventOutcome::accepted) << "told by the history that is lost";
  ASSERT_EQ(report("slow", 7'000, 8), EventOutcome::accepted);
  for (const bool remake : {true, false}) {
    start(remake);
    EXPECT_EQ(level("late"), schema::Value::number(7));
    EXPECT_EQ(level("slow"), schema::Value::number(3)) << "what it replaces is not known any more";
    EXPECT_EQ(twin_->probe().misfit_events.value(), 1u);
    EXPECT_NE(log_.find("left out of what was replayed: 1 events"), std::string::npos) << log_;
    EXPECT_EQ(report("slow", 7'000, 8), EventOutcome::duplicate);
  }
}

TEST_F(RebuiltHistoryOfSensors, WhatMemoryKeepsForItIsInTheNextSnapshot) {
  start(true);
  tick(7'210, 7'260);
  snapshot();
  ASSERT_EQ(report("late", 7'140, 4), EventOutcome::accepted) << "from before the minute, and from memory";
  start();
  EXPECT_EQ(twin_->loaded().clock, 7'260 * schema::kSecond);
  EXPECT_EQ(level("late"), schema::Value::number(4));
  EXPECT_EQ(twin_->probe().misfit_events.value(), 0u);
}

TEST_F(RebuiltHistoryOfSensors, AGapIsRefusedAtTheStartWithWhatToDoAndNothingIsChangedUntilItIsDone) {
  tick(7'210, 7'500);
  twin_.reset();
  options_.keep_history = false;
  options_.memory = schema::kNever;
  fs::remove_all(directory_);
  start();
  tick_without_history(0, 20'000);
  snapshot();
  ASSERT_GT(twin_->journal().first_position(), 1u);
  const std::string before = digest_of(*twin_);
  options_.keep_history = true;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto started = try_to_start(false);
    ASSERT_FALSE(started.ok());
    EXPECT_NE(started.error().text().find("the history ends at position 0"), std::string::npos)
        << started.error().text();
    EXPECT_NE(started.error().advice.find("start with --rebuild-history"), std::string::npos);
  }
  start(true);
  EXPECT_EQ(digest_of(*twin_), before);
  EXPECT_EQ(twin_->history()->bounds().begun_clock, 20'000 * schema::kSecond);
}

}  // namespace
}  // namespace pollux::sim
