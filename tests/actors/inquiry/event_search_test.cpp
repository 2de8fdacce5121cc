#include "actors/inquiry/event_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using samples::RunningTwin;
using schema::EventBatch;
using schema::EventKind;
using schema::EventTime;
using schema::kHour;
using schema::kMinute;
using schema::kNever;
using schema::kSecond;
using schema::Value;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    observed: { speed: {}, load: { expect_every: 5 s } }
    derived: { flow: { is: "2 * speed" } }
entities:
  pump-1: { type: Pump }
  pump-2: { type: Pump }
sources: { bms: { allowed_lateness: 1 h }, "*": { allowed_lateness: 1 h } }
)yaml";
constexpr EventTime kNoon = 1'000 * kHour;

class EventSearch : public testing::Test {
 protected:
  EventSearch() : model_(samples::load(kPlant)), twin_(model_, make_memory_journal(*model_)) {}

  void report(std::string_view id, EventTime time, std::string_view name, double value) {
    ASSERT_TRUE(twin_.report(id, time, name, value).ok());
  }
  /// A correction of `named`, or with no name of an attribute its retraction.
  void revise(std::string_view id, EventTime time, std::string_view named, std::string_view name = {},
              double value = 0) {
    EventBatch batch;
    const bool retracts = name.empty();
    const samples::Place place = retracts ? samples::Place{} : samples::find(*model_, name);
    schema::Event& event = batch.add(id, time, 0, place.entity, {}, named);
    event.kind = retracts ? EventKind::retract : EventKind::correct;
    if (!retracts) {
      batch.values.push_back({place.attribute, Value::number(value)});
      event.values_count = 1;
    }
    ASSERT_TRUE(twin_.submit(std::move(batch)).ok());
  }

  Explanation explain(std::string_view name, EventTime at = kNever) {
    const samples::Place place = samples::find(*model_, name);
    return twin_.look([&](const SettledState& state) {
      return actors::explain(*model_, state, place.entity, place.attribute, 9, at);
    });
  }
  Explanation named(Explanation explanation, const SearchBounds& bounds = {}) {
    const auto standing = [this](const std::vector<schema::EventKey>& keys, schema::Position) {
      std::promise<std::vector<bool>> answer;
      twin_->standing(keys, [&](std::vector<bool> stands) { answer.set_value(std::move(stands)); });
      return samples::wait_for(answer.get_future());
    };
    const auto outcome = name_events(twin_->journal(), *model_, standing, explanation, bounds);
    EXPECT_TRUE(outcome.ok());
    return explanation;
  }
  /// `ID@POSITION` of the event that brought a value, or nothing.
  std::string event_of(std::string_view name, EventTime at = kNever) {
    const Explanation explanation = named(explain(name, at));
    const auto& event = explanation.cause.event;
    EXPECT_EQ(explanation.events_truncated, !event && explanation.cause.event_time != kNever);
    return event ? event->id + "@" + std::to_string(event->position) : "";
  }

  const std::shared_ptr<const schema::Model> model_;
  RunningTwin twin_;
};

TEST_F(EventSearch, NamesTheEventThatBroughtAValueWithItsSourceTimeAndPosition) {
  report("a", kNoon, "pump-1.speed", 1);
  report("b", kNoon + kSecond, "pump-1.speed", 2);
  const Explanation explanation = named(explain("pump-1.speed"));
  ASSERT_TRUE(explanation.cause.event);
  EXPECT_EQ(explanation.cause.event->source, "bms");
  EXPECT_EQ(explanation.cause.event->id, "b");
  EXPECT_EQ(explanation.cause.event->time, kNoon + kSecond);
  EXPECT_EQ(explanation.cause.event->position, 2u);
  EXPECT_EQ(event_of("pump-1.speed", kNoon), "a@1");
  EXPECT_EQ(event_of("pump-2.speed"), "") << "no event has spoken of it";
}

TEST_F(EventSearch, NamesTheSourceAsTheEventDid) {
  EventBatch batch;
  const samples::Place place = samples::find(*model_, "pump-1.speed");
  schema::Event& event = batch.add("x", kNoon, *model_->find_source("elsewhere"), place.entity, "elsewhere");
  batch.values.push_back({place.attribute, Value::number(3)});
  event.values_count = 1;
  ASSERT_TRUE(twin_.submit(std::move(batch)).ok());
  EXPECT_EQ(named(explain("pump-1.speed")).cause.event.value().source, "elsewhere");
}

TEST_F(EventSearch, FindsWhatCameLate) {
  report("now", kNoon, "pump-1.speed", 1);
  for (int i = 0; i < 50; ++i) report("o" + std::to_string(i), kNoon + i * kSecond, "pump-2.speed", i);
  report("late", kNoon - kMinute, "pump-1.speed", 5);
  EXPECT_EQ(event_of("pump-1.speed", kNoon - kSecond), "late@52");
  EXPECT_EQ(event_of("pump-1.speed"), "now@1");
}

TEST_F(EventSearch, FindsTheEventBehindAStaleValue) {
  report("a", kNoon, "pump-1.load", 7);
  report("tick", kNoon + kMinute, "pump-2.speed", 1);
  const Explanation explanation = named(explain("pump-1.load"));
  EXPECT_EQ(explanation.cause.origin, Origin::timer);
  ASSERT_TRUE(explanation.cause.event);
  EXPECT_EQ(explanation.cause.event->id, "a");
}

TEST_F(EventSearch, OfACorrectedEventNamesTheCorrection) {
  report("a", kNoon, "pump-1.speed", 1);
  revise("c", kNoon, "a", "pump-1.speed", 4);
  EXPECT_EQ(event_of("pump-1.speed"), "c@2");
}

TEST_F(EventSearch, OfARetractedEventSentAgainNamesTheOneThatStands) {
  report("a", kNoon, "pump-1.speed", 1);
  revise("r", kNoon + kSecond, "a");
  report("again", kNoon, "pump-1.speed", 1);
  EXPECT_EQ(event_of("pump-1.speed"), "again@3");
}

TEST_F(EventSearch, NamesAllThatAnExplanationNeeds) {
  report("s", kNoon, "pump-1.speed", 1);
  const Explanation explanation = named(explain("pump-1.flow"));
  EXPECT_FALSE(explanation.cause.event);
  ASSERT_TRUE(explanation.cause.inputs.at(0).event);
  EXPECT_EQ(explanation.cause.inputs[0].event->id, "s");
  EXPECT_FALSE(explanation.events_truncated);
}

TEST_F(EventSearch, KeepsToItsBoundsAndSaysWhatIsMissing) {
  for (int i = 0; i < 100; ++i) report(std::to_string(i), kNoon + i * kSecond, "pump-1.speed", i);
  report("late", kNoon, "pump-2.speed", 1);
  const Explanation one = explain("pump-2.speed");
  const Explanation missing = named(one, {.events = 256, .records_read = 20, .events_read = 1'000});
  EXPECT_FALSE(missing.cause.event);
  EXPECT_TRUE(missing.events_truncated);
  EXPECT_TRUE(named(one, {.events = 256, .records_read = 1'000, .events_read = 20}).events_truncated);
  EXPECT_TRUE(named(one, {.events = 0, .records_read = 1'000, .events_read = 1'000}).events_truncated);
  EXPECT_FALSE(named(one).events_truncated);
}

TEST_F(EventSearch, WhateverTheOrderOfArrivalNamesAnEventThatSaidSo) {
  struct Told {
    EventTime time;
    std::string name;
    double value;
  };
  std::mt19937_64 random(5);
  std::map<std::string, Told> told;
  report("first", kNoon, "pump-1.speed", 99);
  for (int i = 0; i < 300; ++i) {
    const Told one{kNoon + static_cast<EventTime>(random() % 600) * kSecond,
                   random() % 2 == 0 ? "pump-1.speed" : "pump-2.speed", static_cast<double>(random() % 5)};
    const std::string id = "e" + std::to_string(i);
    told[id] = one;
    report(id, one.time, one.name, one.value);
    if (random() % 10 == 0) {
      revise("r" + id, kNoon, id);
      told.erase(id);
    }
  }
  for (int second = 1; second < 600; second += 7) {
    for (const char* name : {"pump-1.speed", "pump-2.speed"}) {
      const Explanation explanation = named(explain(name, kNoon + second * kSecond));
      if (explanation.cause.event_time == kNever || explanation.cause.event_time == kNoon) continue;
      ASSERT_TRUE(explanation.cause.event) << name << " at second " << second;
      const auto found = told.find(explanation.cause.event->id);
      ASSERT_NE(found, told.end()) << explanation.cause.event->id << " was retracted";
      EXPECT_EQ(found->second.time, explanation.cause.since);
      EXPECT_EQ(found->second.name, name);
      EXPECT_EQ(Value::number(found->second.value), explanation.cause.state.value);
    }
  }
}

}  // namespace
}  // namespace pollux::actors
