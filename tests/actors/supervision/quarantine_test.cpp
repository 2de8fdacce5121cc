// What is decided on events that were set aside, over a journal in memory and over RocksDB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using samples::RunningTwin;
using schema::EventBatch;
using schema::EventTime;
using schema::kDay;
using schema::kHour;
using schema::kMinute;
using schema::kSecond;
using schema::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Outcome = QuarantineVerdict::Outcome;

constexpr std::string_view kDoor = R"yaml(
twin: door
types: { Pump: { kind: asset, observed: { speed: {} }, derived: { twice: { is: "2 * speed" } } } }
entities: { pump-1: { type: Pump }, pump-2: { type: Pump } }
sources:
  quick: { allowed_lateness: 1 min, clock_tolerance: 5 s }
  slow: { allowed_lateness: 1 h }
)yaml";
constexpr EventTime kNoon = 1'000 * kHour;

/// With a wall clock that the test sets.
class Quarantine : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-quarantine-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    memory_ = make_memory_journal(*model_);
    start();
  }
  void TearDown() override {
    twin_.reset();
    fs::remove_all(root_);
  }

  void start() {
    twin_.reset();
    std::unique_ptr<Journal> journal;
    if (GetParam()) {
      journal = open_rocksdb_journal((root_ / "data").string(), *model_).value();
    } else {
      journal = std::make_unique<samples::SharedJournal>(memory_);
    }
    twin_.emplace(model_, std::move(journal), options());
  }
  TwinOptions options() {
    TwinOptions options = samples::clocked_by_events();
    options.clock = ClockMode::wall;
    options.now = [this] { return now_; };
    options.tick = kDay;
    options.quarantine_events_max = 3;
    return options;
  }

  EventOutcome report(std::string_view id, EventTime time, double value) {
    return twin_->report(id, time, "pump-1.speed", value)->outcomes.at(0);
  }
  std::vector<QuarantineVerdict> decide(bool admits, std::vector<std::uint64_t> numbers) {
    auto promise = std::make_shared<std::promise<schema::Result<Receipt>>>();
    auto future = promise->get_future();
    const auto done = [promise](schema::Result<Receipt> receipt) { promise->set_value(std::move(receipt)); };
    if (admits) {
      (*twin_)->admit(std::move(numbers), done);
    } else {
      (*twin_)->discard(std::move(numbers), done);
    }
    return samples::wait_for(std::move(future)).value().verdicts;
  }
  QuarantineVerdict admit(std::uint64_t number) { return decide(true, {number}).at(0); }
  QuarantineVerdict discard(std::uint64_t number) { return decide(false, {number}).at(0); }
  std::vector<std::string> waiting() {
    std::vector<std::string> ids;
    for (const QuarantinedEvent& event : twin_->quarantine())
      ids.emplace_back(event.event.id(event.event.events.at(0)));
    return ids;
  }
  double speed() { return twin_->value("pump-1.speed").as_number(); }

  const std::shared_ptr<const schema::Model> model_ = samples::load(kDoor);
  EventTime now_ = kNoon;
  fs::path root_;
  std::shared_ptr<Journal> memory_;
  std::optional<RunningTwin> twin_;
};

INSTANTIATE_TEST_SUITE_P(Journals, Quarantine, testing::Bool(),
                         [](const auto& run) { return run.param ? "Rocksdb" : "Memory"; });

TEST_P(Quarantine, WhatMemoryStillReachesIsAdmittedWithItsOwnTimeAndSurvivesARestart) {
  ASSERT_EQ(report("old", kNoon - 10 * kMinute, 7), EventOutcome::too_late);
  ASSERT_EQ(report("older", kNoon - 20 * kMinute, 5), EventOutcome::too_late);
  const QuarantineVerdict verdict = admit(1);
  EXPECT_EQ(verdict.outcome, Outcome::admitted) << verdict.why;
  EXPECT_EQ(verdict.position, (*twin_)->journal().last_position());
  EXPECT_EQ(twin_->value("pump-1.twice"), Value::number(14));
  EXPECT_THAT(waiting(), ElementsAre("older"));
  EXPECT_EQ(report("old", kNoon - 10 * kMinute, 7), EventOutcome::duplicate);

  const Digest before = twin_->digest();
  start();
  EXPECT_EQ(twin_->digest().hex, before.hex);
  EXPECT_EQ(admit(1).outcome, Outcome::admitted) << "a decision repeated changes nothing";
  EXPECT_EQ(twin_->digest().hex, before.hex);
  EXPECT_EQ(report("old", kNoon - 10 * kMinute, 7), EventOutcome::duplicate);
  EXPECT_EQ(discard(1).outcome, Outcome::refused);
  EXPECT_THAT(waiting(), ElementsAre("older"));
  EXPECT_EQ((*twin_)->probe().quarantine_events[0].value(), 1);
}

TEST_P(Quarantine, WhatLiesBehindAllMemoryIsRefusedWithTheReason) {
  ASSERT_EQ(report("ancient", kNoon - 2 * kHour, 7), EventOutcome::too_late);
  const Digest before = twin_->digest();
  const QuarantineVerdict verdict = admit(1);
  EXPECT_EQ(verdict.outcome, Outcome::refused);
  EXPECT_THAT(verdict.why, HasSubstr("1 h"));
  EXPECT_THAT(waiting(), ElementsAre("ancient"));
  EXPECT_EQ(twin_->digest().hex, before.hex);
}

TEST_P(Quarantine, WhatIsFromTheFutureIsAdmittedOnceItsTimeHasCome) {
  ASSERT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::from_the_future);
  const QuarantineVerdict verdict = admit(1);
  EXPECT_EQ(verdict.outcome, Outcome::refused);
  EXPECT_THAT(verdict.why, HasSubstr(schema::format_rfc3339(kNoon + 55 * kSecond)));
  EXPECT_EQ((*twin_)->clock(), schema::kBeginning) << "nothing was accepted yet";
  now_ = kNoon + kMinute;
  EXPECT_EQ(admit(1).outcome, Outcome::admitted);
  EXPECT_EQ(speed(), 7);
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_P(Quarantine, SentAgainWhenItsTimeHasComeItIsTakenAndWaitsNoLonger) {
  ASSERT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::from_the_future);
  EXPECT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::duplicate);
  now_ = kNoon + kMinute;
  EXPECT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::accepted);
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_EQ(admit(1).outcome, Outcome::admitted);
  EXPECT_EQ((*twin_)->journal().last_position(), 1u);
}

TEST_P(Quarantine, WhatIsDiscardedIsADuplicateFromThenOnAlsoAfterARestart) {
  ASSERT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::from_the_future);
  EXPECT_EQ(discard(1).outcome, Outcome::discarded);
  EXPECT_THAT(waiting(), IsEmpty());
  now_ = kNoon + kMinute;
  EXPECT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::duplicate);
  start();
  EXPECT_EQ(report("early", kNoon + kMinute, 7), EventOutcome::duplicate);
  EXPECT_EQ(discard(1).outcome, Outcome::discarded);
  EXPECT_EQ(admit(1).outcome, Outcome::refused);
  EXPECT_EQ((*twin_)->journal().last_position(), 0u);
  ASSERT_EQ(report("other", kNoon + kHour, 7), EventOutcome::from_the_future);
  EXPECT_EQ(twin_->quarantine().at(0).number, 2u) << "numbers are not used again";
}

TEST_P(Quarantine, SeveralAreDecidedTogetherEachOnItsOwn) {
  ASSERT_EQ(report("a", kNoon - 10 * kMinute, 7), EventOutcome::too_late);
  ASSERT_EQ(report("b", kNoon - 2 * kHour, 8), EventOutcome::too_late);
  const auto verdicts = decide(true, {1, 2, 1, 99});
  ASSERT_EQ(verdicts.size(), 4u);
  EXPECT_EQ(verdicts[0].outcome, Outcome::admitted);
  EXPECT_EQ(verdicts[1].outcome, Outcome::refused);
  EXPECT_EQ(verdicts[2].outcome, Outcome::admitted);
  EXPECT_EQ(verdicts[2].position, verdicts[0].position);
  EXPECT_EQ(verdicts[3].outcome, Outcome::unknown);
  EXPECT_EQ((*twin_)->probe().queue_events.value(), 0);
}

TEST_P(Quarantine, AFullOneRefusesWhatWouldBeSetAsideAndTakesTheRest) {
  EventBatch batch;
  for (int i = 0; i < 5; ++i)
    samples::report(batch, *model_, "l" + std::to_string(i), kNoon - kHour, "pump-1.speed", i);
  samples::report(batch, *model_, "good", kNoon, "pump-2.speed", 9);
  const auto receipt = twin_->submit(batch);
  ASSERT_TRUE(receipt.ok());
  EXPECT_THAT(receipt->outcomes,
              ElementsAre(EventOutcome::too_late, EventOutcome::too_late, EventOutcome::too_late,
                          EventOutcome::refused, EventOutcome::refused, EventOutcome::accepted));
  EXPECT_EQ(twin_->value("pump-2.speed"), Value::number(9));
  EXPECT_EQ((*twin_)->probe().events_refused.value(), 2u);
  EXPECT_EQ(report("l3", kNoon - kHour, 3), EventOutcome::refused)
      << "it was not taken, so it may come again";
  EXPECT_EQ(discard(1).outcome, Outcome::discarded);
  EXPECT_EQ(report("l3", kNoon - kHour, 3), EventOutcome::too_late);
}

TEST_P(Quarantine, SourcesAreFollowedAcrossARestart) {
  EventBatch batch;
  for (const std::uint64_t sequence : {1, 2, 5, 6}) {
    const auto seconds = static_cast<schema::Duration>(sequence) * kSecond;
    samples::report(batch, *model_, "s" + std::to_string(sequence), kNoon - 30 * kSecond + seconds,
                    "pump-1.speed", 1);
    batch.events.back().sequence = sequence;
  }
  ASSERT_TRUE(twin_->submit(batch).ok());
  for (int run = 0; run < 2; ++run) {
    const SourceProbe& quick = (*twin_)->probe().sources.at(0);
    EXPECT_EQ(quick.name, "quick");
    EXPECT_EQ(quick.accepted.value(), 4u);
    EXPECT_EQ(quick.newest_time_ns.value(), kNoon - 24 * kSecond);
    EXPECT_EQ(quick.sequence_highest.value(), 6);
    EXPECT_EQ(quick.sequence_missing.value(), 2);
    EXPECT_THAT((*twin_)->sources().missing(0), ElementsAre(SequenceLog::Range{3, 4}));
    start();
  }
}

/// A model that has lost a pump, and one whose type has lost an attribute.
TEST(Misfits, WhatAChangedModelLacksIsLeftOutAndTheTwinStarts) {
  const auto before = samples::load(R"yaml(
twin: door
types: { Pump: { kind: asset, observed: { speed: {}, flow: {} } } }
entities: { pump-1: { type: Pump }, pump-2: { type: Pump } }
sources: { bms: {} }
)yaml");
  const auto after = samples::load(R"yaml(
twin: door
types: { Pump: { kind: asset, observed: { speed: {} } } }
entities: { pump-1: { type: Pump } }
sources: { bms: {} }
)yaml");
  std::string pattern = (fs::temp_directory_path() / "pollux-misfits-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::string directory = pattern + "/data";
  {
    RunningTwin twin(before, open_rocksdb_journal(directory, *before).value());
    ASSERT_TRUE(twin.report("a", kNoon, "pump-1.speed", 5).ok());
    ASSERT_TRUE(twin.report("b", kNoon + 1, "pump-1.flow", 6).ok());
    ASSERT_TRUE(twin.report("c", kNoon + 2, "pump-2.speed", 7).ok());
  }
  const auto refused =
      Twin::start(after, open_rocksdb_journal(directory, *after).value(), samples::clocked_by_events());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, schema::ErrorCode::not_found);
  const JournalOptions leave_out{.misfits = schema::MisfitPolicy::leave_out};
  {
    RunningTwin twin(after, open_rocksdb_journal(directory, *after, leave_out).value());
    EXPECT_EQ(twin.value("pump-1.speed"), Value::number(5));
    EXPECT_EQ(twin->settled_position(), 3u);
    EXPECT_EQ(twin->probe().misfit_events.value(), 1u);
    EXPECT_EQ(twin->probe().misfit_values.value(), 1u);
    ASSERT_EQ(twin->misfits().size(), 2u);
    EXPECT_THAT(twin->misfits()[0].why, HasSubstr("`flow` of type `Pump`"));
    EXPECT_THAT(twin->misfits()[1].why, HasSubstr("`pump-2`"));
    ASSERT_TRUE(twin.report("d", kNoon + 3, "pump-1.speed", 8).ok());
  }
  {
    // Accepted once, the change stays accepted.
    RunningTwin twin(after, open_rocksdb_journal(directory, *after).value());
    EXPECT_EQ(twin.value("pump-1.speed"), Value::number(8));
  }
  {
    // Under the model that has the names all of it is there again.
    RunningTwin twin(before, open_rocksdb_journal(directory, *before, leave_out).value());
    EXPECT_EQ(twin.value("pump-2.speed"), Value::number(7));
    EXPECT_TRUE(twin->misfits().empty());
  }
  fs::remove_all(pattern);
}

schema::EventBatch naming(const schema::Model& model, schema::EventKind kind, std::string_view id,
                          schema::EventTime time, std::string_view name, std::string_view named,
                          double value) {
  schema::EventBatch batch;
  const auto place = samples::find(model, name);
  const bool retracts = kind == schema::EventKind::retract;
  schema::Event& event = batch.add(id, time, 0, retracts ? schema::kNone : place.entity, {}, named);
  event.kind = kind;
  if (retracts) return batch;
  event.values_count = 1;
  batch.values.push_back({place.attribute, Value::number(value)});
  return batch;
}

/// What an event did to others outlives the entity that it spoke of.
TEST(Misfits, WhatWasCorrectedStaysWithdrawnWhereTheEntityOfTheCorrectionIsGone) {
  const std::string types = "twin: door\ntypes: { Pump: { kind: asset, observed: { speed: {} } } }\n";
  const std::string sources = "\nsources: { bms: { allowed_lateness: 1 h } }\n";
  const auto before = samples::load(
      (types + "entities: { pump-1: { type: Pump }, pump-2: { type: Pump } }" + sources).c_str());
  const auto after = samples::load(types + "entities: { pump-1: { type: Pump } }" + sources);
  std::string pattern = (fs::temp_directory_path() / "pollux-misfits-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::string directory = pattern + "/data";
  const JournalOptions leave_out{.misfits = schema::MisfitPolicy::leave_out};
  {
    RunningTwin twin(before, open_rocksdb_journal(directory, *before).value());
    ASSERT_TRUE(twin.report("meant-for-2", kNoon, "pump-1.speed", 5).ok());
    ASSERT_TRUE(
        twin.submit(naming(*before, schema::EventKind::correct, "c", kNoon, "pump-2.speed", "meant-for-2", 5))
            .ok());
    EXPECT_FALSE(twin.value("pump-1.speed").quality == schema::Quality::good);
  }
  {
    RunningTwin twin(after, open_rocksdb_journal(directory, *after, leave_out).value());
    EXPECT_FALSE(twin.value("pump-1.speed").quality == schema::Quality::good)
        << "it was corrected, by whatever";
    EXPECT_EQ(twin.report("c", kNoon, "pump-1.speed", 6)->outcomes[0], EventOutcome::duplicate);
    // The correction, too, can be corrected, and withdrawn.
    ASSERT_TRUE(
        twin.submit(naming(*after, schema::EventKind::correct, "d", kNoon, "pump-1.speed", "c", 7)).ok());
    EXPECT_EQ(twin.value("pump-1.speed"), Value::number(7));
    ASSERT_TRUE(
        twin.submit(naming(*after, schema::EventKind::retract, "r", kNoon, "pump-1.speed", "c", 0)).ok());
    EXPECT_EQ(twin.value("pump-1.speed"), Value::number(5)) << "as if it had never been corrected";
  }
  {
    RunningTwin twin(before, open_rocksdb_journal(directory, *before, leave_out).value());
    EXPECT_EQ(twin.value("pump-1.speed"), Value::number(5));
    EXPECT_FALSE(twin.value("pump-2.speed").quality == schema::Quality::good);
  }
  fs::remove_all(pattern);
}

}  // namespace
}  // namespace pollux::actors
