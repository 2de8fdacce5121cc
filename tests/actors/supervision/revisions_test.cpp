#include "actors/supervision/revisions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "actors/supervision/admission.h"
#include "tests/schema/event_samples.h"

namespace pollux::actors {
namespace {

using schema::EventKind;
using schema::EventTime;
using schema::kSecond;
using Outcome = EventOutcome;

schema::Model model_with_lateness() {
  schema::ModelBuilder builder("plant");
  schema::EntityType meter;
  meter.name = "Meter";
  meter.attributes = {schema::samples::attribute("level", schema::Role::observed, schema::ValueType::number)};
  meter.operand_count = 1;
  builder.add_entity("meter-1", builder.add_type(meter));
  schema::Source source{"field"};
  source.allowed_lateness = 10 * kSecond;
  builder.add_source(source);
  return std::move(builder).build();
}

class Revising : public testing::Test {
 protected:
  void TearDown() override { admission_.check_invariants(); }

  Outcome observe(const std::string& id, EventTime second) { return say(EventKind::observe, id, second, ""); }
  Outcome correct(const std::string& id, EventTime second, const std::string& named) {
    return say(EventKind::correct, id, second, named);
  }
  Outcome retract(const std::string& id, EventTime second, const std::string& named) {
    return say(EventKind::retract, id, second, named);
  }
  bool stands(const std::string& id) const { return admission_.stands(key(id)); }
  /// One epoch an event, so that each is judged by the clock as the one before it left it.
  Outcome say(EventKind kind, const std::string& id, EventTime second, const std::string& named) {
    schema::Event event;
    event.kind = kind;
    event.time = second * kSecond;
    event.entity = kind == EventKind::retract ? schema::kNone : 0;
    admission_.begin_epoch(schema::kBeginning);
    const Outcome outcome = admission_.admit(key(id), event, key(named));
    changes_ = admission_.end_epoch();
    if (outcome == Outcome::accepted) accepted_.insert(id);
    return outcome;
  }
  static schema::EventKey key(const std::string& id) { return schema::event_key("field", id); }

  std::set<std::string> accepted_;
  const schema::Model model_ = model_with_lateness();
  Admission admission_{model_,
                       {[this](const schema::EventKey& wanted) {
                          return std::ranges::any_of(accepted_,
                                                     [&](const auto& id) { return key(id) == wanted; });
                        },
                        [](const schema::EventKey&) { return std::optional<Revisions::Observed>(); }}};
  std::vector<StandingChange> changes_;
};

TEST_F(Revising, ACorrectionTakesThePlaceOfWhatItNames) {
  observe("a", 1);
  EXPECT_EQ(correct("b", 2, "a"), Outcome::accepted);
  EXPECT_FALSE(stands("a"));
  EXPECT_TRUE(stands("b"));
  ASSERT_EQ(changes_.size(), 1u) << "the correction itself is told of with its epoch";
  EXPECT_FALSE(changes_[0].stands);
  EXPECT_EQ(changes_[0].place.time, kSecond);
  EXPECT_EQ(changes_[0].place.id_hash, key("a").low);
  EXPECT_EQ(correct("b", 2, "a"), Outcome::duplicate);
}

TEST_F(Revising, WhatIsNamedBeforeItArrivesIsWithdrawnWhenItDoes) {
  EXPECT_EQ(retract("r", 1, "a"), Outcome::accepted);
  EXPECT_EQ(observe("a", 1), Outcome::accepted);
  EXPECT_FALSE(stands("a"));
  EXPECT_TRUE(changes_.empty()) << "no entity had heard of it";
}

TEST_F(Revising, TheLastOfSeveralCorrectionsStandsWhicheverArrivesLast) {
  observe("a", 1);
  correct("late", 3, "a");
  correct("early", 2, "a");
  EXPECT_TRUE(stands("late"));
  EXPECT_FALSE(stands("early"));
  EXPECT_FALSE(stands("a"));
}

TEST_F(Revising, RetractingACorrectionLetsWhatItReplacedStandAgain) {
  observe("a", 1);
  correct("b", 1, "a");
  correct("c", 1, "b");
  EXPECT_TRUE(stands("c"));
  retract("r", 2, "b");
  EXPECT_TRUE(stands("a"));
  EXPECT_FALSE(stands("b"));
  EXPECT_FALSE(stands("c")) << "it stood in the place of what was retracted";
  ASSERT_EQ(changes_.size(), 2u);
}

TEST_F(Revising, ARetractionBeatsACorrectionAndCannotBeTakenBack) {
  observe("a", 1);
  retract("r", 1, "a");
  correct("b", 2, "a");
  retract("s", 2, "r");
  correct("c", 2, "r");
  for (const char* id : {"a", "b", "c"}) EXPECT_FALSE(stands(id)) << id;
}

TEST_F(Revising, ARevisionOfWhatIsFinalIsTooLateAndChangesNothing) {
  observe("a", 1);
  observe("b", 30);
  EXPECT_EQ(correct("c", 30, "a"), Outcome::too_late) << "what it names is";
  EXPECT_EQ(retract("r", 30, "a"), Outcome::too_late);
  EXPECT_EQ(retract("s", 1, "b"), Outcome::too_late) << "it is itself";
  EXPECT_TRUE(stands("a"));
  EXPECT_TRUE(stands("b"));
  EXPECT_TRUE(changes_.empty());
}

TEST_F(Revising, ARetractionThatWouldReviveWhatIsFinalIsTooLate) {
  observe("a", 1);
  correct("b", 9, "a");
  observe("c", 15);
  EXPECT_EQ(retract("r", 15, "b"), Outcome::too_late);
  EXPECT_TRUE(stands("b"));
}

TEST_F(Revising, AnIdentityForgottenHereIsKnownToTheJournal) {
  accepted_.insert("before the restart");
  EXPECT_EQ(correct("c", 30, "before the restart"), Outcome::too_late);
}

TEST_F(Revising, ACircleOfCorrectionsStandsNowhereAndEndsNothing) {
  EXPECT_EQ(correct("a", 1, "b"), Outcome::accepted);
  EXPECT_EQ(correct("b", 1, "a"), Outcome::accepted);
  EXPECT_EQ(correct("c", 0, "a"), Outcome::accepted);
  for (const char* id : {"a", "b", "c"}) EXPECT_FALSE(stands(id)) << id;
}

TEST_F(Revising, TooManyCorrectionsOfOneEventArePoison) {
  observe("a", 1);
  for (std::size_t i = 0; i < Revisions::kCorrectionsMax; ++i)
    ASSERT_EQ(correct("c" + std::to_string(i), 2, "a"), Outcome::accepted);
  EXPECT_EQ(correct("one more", 2, "a"), Outcome::poison);
  EXPECT_EQ(retract("r", 2, "a"), Outcome::accepted) << "this is still possible";
}

TEST_F(Revising, AChainOfCorrectionsIsBounded) {
  observe("c0", 1);
  std::size_t i = 1;
  while (i < 2 * Revisions::kCorrectionsMax &&
         correct("c" + std::to_string(i), 2, "c" + std::to_string(i - 1)) == Outcome::accepted)
    ++i;
  EXPECT_EQ(i, Revisions::kCorrectionsMax + 1);
  EXPECT_TRUE(stands("c" + std::to_string(i - 1)));
}

TEST_F(Revising, WhatIsFinalIsForgottenAndWhatIsAwaitedIsNot) {
  retract("r", 1, "awaited");
  for (int i = 0; i < 20'000; ++i) {
    observe("o" + std::to_string(i), i);
    correct("c" + std::to_string(i), i, "o" + std::to_string(i));
  }
  EXPECT_LT(admission_.revised_events(), 5'000u);
  EXPECT_EQ(observe("awaited", 20'000), Outcome::accepted);
  EXPECT_FALSE(stands("awaited"));
}

}  // namespace
}  // namespace pollux::actors
