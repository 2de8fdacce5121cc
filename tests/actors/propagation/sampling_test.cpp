// `sample: latest`: of what an epoch says that is new of an attribute, only the latest makes a version.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using samples::RunningTwin;
using samples::SharedJournal;
using schema::EventTime;
using schema::kSecond;
using schema::Quality;
using schema::Value;

constexpr std::string_view kSensor = R"yaml(
twin: sensor
types:
  Sensor:
    kind: asset
    observed:
      fast: { sample: latest }
      watched: { sample: latest, expect_every: 5 s }
      every: {}
    derived: { twice: { is: 2 * fast } }
entities: { s: { type: Sensor } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

struct Said {
  std::string id;
  EventTime second;
  double value = 0;
  std::string name = "s.fast";
};

class Sensor {
 public:
  Sensor() : model_(samples::load(kSensor)), journal_(make_memory_journal(*model_)) { start(); }

  /// One epoch.
  std::vector<EventOutcome> tell(const std::vector<Said>& all) {
    schema::EventBatch batch;
    for (const Said& said : all)
      samples::report(batch, *model_, said.id, said.second * kSecond, said.name, said.value);
    return twin_->submit(std::move(batch)).value().outcomes;
  }
  void revise(const std::string& id, schema::EventKind kind, const std::string& named, EventTime second,
              double value = 0) {
    schema::EventBatch batch;
    const samples::Place place = samples::find(*model_, "s.fast");
    const bool corrects = kind == schema::EventKind::correct;
    schema::Event& event =
        batch.add(id, second * kSecond, 0, corrects ? place.entity : schema::kNone, "", named);
    event.kind = kind;
    if (corrects) {
      batch.values.push_back({place.attribute, Value::number(value)});
      event.values_count = 1;
    }
    ASSERT_EQ(twin_->submit(std::move(batch)).value().outcomes.front(), EventOutcome::accepted);
  }
  void restart() {
    twin_.reset();
    start();
  }

  /// `SECOND: VALUE` of each version but the first, ` stale` where it is.
  std::vector<std::string> versions(const std::string& name = "s.fast") {
    const samples::Place place = samples::find(*model_, name);
    return twin_->look([&](const SettledState& state) {
      std::vector<std::string> all;
      const std::vector<Version> held = state.timeline(place.entity, place.attribute).versions();
      for (const Version& version : std::span(held).subspan(1)) {
        all.push_back(std::to_string(version.from / kSecond) + ": " +
                      std::to_string(static_cast<int>(version.value.as_number())) +
                      (version.value.quality == Quality::stale ? " stale" : ""));
      }
      return all;
    });
  }
  std::string digest() { return twin_->digest().hex; }
  std::uint64_t passed_over() { return (*twin_)->probe().observations_passed_over.value(); }

 private:
  void start() { twin_ = std::make_unique<RunningTwin>(model_, std::make_unique<SharedJournal>(journal_)); }

  const std::shared_ptr<const schema::Model> model_;
  const std::shared_ptr<Journal> journal_;
  std::unique_ptr<RunningTwin> twin_;
};

using Lines = std::vector<std::string>;

TEST(Sampling, OnlyTheLatestOfAnEpochMakesAVersionAndTheOthersAreAcceptedAndCounted) {
  Sensor sensor;
  const auto outcomes = sensor.tell({{"a", 1, 1}, {"b", 3, 3}, {"c", 2, 2}, {"d", 2, 7, "s.every"}});
  for (const EventOutcome outcome : outcomes) EXPECT_EQ(outcome, EventOutcome::accepted);
  EXPECT_EQ(sensor.versions(), (Lines{"3: 3"}));
  EXPECT_EQ(sensor.versions("s.twice"), (Lines{"3: 6"}));
  EXPECT_EQ(sensor.versions("s.every"), (Lines{"2: 7"}));
  EXPECT_EQ(sensor.passed_over(), 2u);
  EXPECT_EQ(sensor.tell({{"a", 1, 1}}).front(), EventOutcome::duplicate) << "what is passed over is known";
}

TEST(Sampling, WhatIsOlderThanTheNewestBeforeCountsAsEver) {
  Sensor sensor;
  sensor.tell({{"a", 10, 1}});
  sensor.tell({{"b", 4, 4}, {"c", 5, 5}, {"d", 11, 11}, {"e", 12, 12}});
  EXPECT_EQ(sensor.versions(), (Lines{"4: 4", "5: 5", "10: 1", "12: 12"}));
}

TEST(Sampling, ARestartComesToTheSameThoughItsRecordsAreSmall) {
  Sensor sensor;
  sensor.tell({{"a", 1, 1}});
  sensor.tell({{"b", 2, 2}, {"c", 3, 3}});
  sensor.tell({{"d", 4, 4}});
  const std::string digest = sensor.digest();
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1", "3: 3", "4: 4"}));
  sensor.restart();
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1", "3: 3", "4: 4"}));
  EXPECT_EQ(sensor.digest(), digest);
}

TEST(Sampling, WhatWasPassedOverDoesNotComeBackWhenTheLatestIsRetracted) {
  Sensor sensor;
  sensor.tell({{"a", 1, 1}});
  sensor.tell({{"b", 2, 2}, {"c", 3, 3}});
  sensor.revise("r", schema::EventKind::retract, "c", 3);
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1"}));
  sensor.revise("q", schema::EventKind::retract, "b", 3);
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1"})) << "to retract what was passed over changes nothing";
  sensor.restart();
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1"}));
}

TEST(Sampling, ACorrectionOfWhatWasPassedOverCountsLikeAnyEventOfItsTime) {
  Sensor sensor;
  sensor.tell({{"a", 1, 1}});
  sensor.tell({{"b", 2, 2}, {"c", 3, 3}});
  sensor.revise("k", schema::EventKind::correct, "b", 2, 20);
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1", "2: 20", "3: 3"}));
  sensor.restart();
  EXPECT_EQ(sensor.versions(), (Lines{"1: 1", "2: 20", "3: 3"}));
}

TEST(Sampling, ReportsThatArePassedOverKeepAValueFromFallingSilent) {
  Sensor sensor;
  sensor.tell({{"a", 0, 1, "s.watched"}});
  sensor.tell({{"b", 4, 2, "s.watched"}, {"c", 8, 3, "s.watched"}, {"d", 12, 4, "s.watched"}});
  sensor.tell({{"t", 20, 0, "s.every"}});
  EXPECT_EQ(sensor.versions("s.watched"), (Lines{"0: 1", "12: 4", "17: 4 stale"}));
  sensor.tell({{"l", 6, 9, "s.watched"}});
  EXPECT_EQ(sensor.versions("s.watched"), (Lines{"0: 1", "6: 9", "12: 4", "17: 4 stale"}));
}

}  // namespace
}  // namespace pollux::actors
