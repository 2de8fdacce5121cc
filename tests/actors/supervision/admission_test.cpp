#include "actors/supervision/admission.h"

#include <gtest/gtest.h>

#include "tests/actors/model_samples.h"

namespace pollux::actors {
namespace {

using schema::EventKey;
using schema::EventTime;
using schema::kBeginning;
using schema::kHour;
using schema::kMinute;
using schema::kSecond;

constexpr std::string_view kModel = R"yaml(
twin: door
types: { Pump: { kind: asset, observed: { speed: {} } } }
entities: { pump: { type: Pump } }
sources:
  quick: { allowed_lateness: 10 s, clock_tolerance: 2 s }
  slow: { allowed_lateness: 1 h, clock_tolerance: 1 min }
)yaml";
constexpr schema::SourceIndex kQuick = 0;
constexpr schema::SourceIndex kSlow = 1;
constexpr EventTime kNoon = 1'000 * kHour;

class AdmissionTest : public testing::Test {
 protected:
  EventOutcome admit(std::uint64_t id, EventTime time, schema::SourceIndex source = kQuick) {
    return admission_.admit(key(id), event(time, source));
  }
  EventOutcome admit_alone(std::uint64_t id, EventTime time, schema::SourceIndex source = kQuick,
                           EventTime now = kBeginning) {
    admission_.begin_epoch(now);
    const EventOutcome outcome = admit(id, time, source);
    admission_.end_epoch();
    return outcome;
  }
  static EventKey key(std::uint64_t id) { return {id, id * 0x9e37'79b9'7f4a'7c15}; }
  static schema::Event event(EventTime time, schema::SourceIndex source) {
    schema::Event event;
    event.time = time;
    event.source = source;
    return event;
  }

  const std::shared_ptr<const schema::Model> model_ = samples::load(kModel);
  Admission admission_{*model_,
                       {[](const EventKey&) { return false; },
                        [](const EventKey&) { return std::optional<Revisions::Observed>(); }}};
};

TEST_F(AdmissionTest, AnIdentitySeenBeforeIsADuplicateInTheSameEpochAndInLaterOnes) {
  admission_.begin_epoch(kBeginning);
  EXPECT_EQ(admit(1, kNoon), EventOutcome::accepted);
  EXPECT_EQ(admit(1, kNoon), EventOutcome::duplicate);
  admission_.end_epoch();
  EXPECT_EQ(admit_alone(1, kNoon + 5), EventOutcome::duplicate);
  EXPECT_EQ(admission_.clock(), kNoon) << "a duplicate does not move the clock";
}

TEST_F(AdmissionTest, LatenessIsThatOfTheSourceAndItsBoundIsInclusive) {
  admit_alone(1, kNoon);
  EXPECT_EQ(admit_alone(2, kNoon - 10 * kSecond), EventOutcome::accepted);
  EXPECT_EQ(admit_alone(3, kNoon - 10 * kSecond - 1), EventOutcome::too_late);
  EXPECT_EQ(admit_alone(4, kNoon - kHour, kSlow), EventOutcome::accepted);
  EXPECT_EQ(admit_alone(5, kNoon - kHour - 1, kSlow), EventOutcome::too_late);
}

TEST_F(AdmissionTest, EventsOfOneEpochNeverMakeEachOtherLate) {
  admission_.begin_epoch(kBeginning);
  EXPECT_EQ(admit(1, kNoon), EventOutcome::accepted);
  EXPECT_EQ(admit(2, kNoon - kHour), EventOutcome::accepted);
  admission_.end_epoch();
  EXPECT_EQ(admit_alone(3, kNoon - kHour), EventOutcome::too_late);
}

TEST_F(AdmissionTest, WhatIsSetAsideIsNeitherRememberedNorMovesTheClock) {
  admit_alone(1, kNoon);
  EXPECT_EQ(admit_alone(2, kNoon - kHour), EventOutcome::too_late);
  EXPECT_EQ(admit_alone(2, kNoon - kHour), EventOutcome::too_late);
  EXPECT_EQ(admit_alone(3, kNoon + kHour, kQuick, kNoon), EventOutcome::from_the_future);
  EXPECT_EQ(admission_.clock(), kNoon);
  EXPECT_EQ(admission_.remembered(), 1u);
}

TEST_F(AdmissionTest, TheWallClockBoundsTheFutureByTheSourcesTolerance) {
  EXPECT_EQ(admit_alone(1, kNoon + 2 * kSecond + 1, kQuick, kNoon), EventOutcome::from_the_future);
  EXPECT_EQ(admit_alone(2, kNoon + 2 * kSecond, kQuick, kNoon), EventOutcome::accepted);
  EXPECT_EQ(admit_alone(3, kNoon + kMinute + 1, kSlow, kNoon), EventOutcome::from_the_future);
  EXPECT_EQ(admit_alone(4, kNoon + kMinute, kSlow, kNoon), EventOutcome::accepted);
}

TEST_F(AdmissionTest, WhereOnlyEventsMoveTheClockNothingIsFromTheFuture) {
  EXPECT_EQ(admit_alone(1, kNoon), EventOutcome::accepted);
  EXPECT_EQ(admit_alone(2, kNoon + 1'000 * kHour), EventOutcome::accepted);
  EXPECT_EQ(admission_.clock(), kNoon + 1'000 * kHour);
}

TEST_F(AdmissionTest, TheClockNeverGoesBack) {
  admission_.begin_epoch(kNoon);
  EXPECT_EQ(admission_.clock(), kNoon);
  admission_.begin_epoch(kNoon - kMinute);
  EXPECT_EQ(admission_.clock(), kNoon);
  admission_.restore_clock(kNoon - kHour);
  EXPECT_EQ(admission_.clock(), kNoon);
  EXPECT_EQ(admit_alone(1, kNoon - 10 * kSecond - 1, kQuick, kNoon - kMinute), EventOutcome::too_late);
}

TEST_F(AdmissionTest, TheHorizonIsTheLargestAllowedLatenessBehindTheClock) {
  EXPECT_EQ(admission_.horizon_at(kNoon), kNoon - kHour);
  EXPECT_EQ(admission_.horizon_at(kBeginning), kBeginning);
}

TEST_F(AdmissionTest, ForgetsWhatIsFinalAndNothingThatCouldStillBeAccepted) {
  // One event a second, twice as many as a lateness of an hour and the generations need.
  constexpr std::uint64_t kEvents = 300'000;
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    const EventTime time = kNoon + static_cast<EventTime>(i) * kSecond;
    ASSERT_EQ(admit_alone(i, time, kSlow), EventOutcome::accepted);
    most = std::max(most, admission_.remembered());
    if (i % 5'000 != 0) continue;
    for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(i, 3'600); back += 60) {
      admission_.begin_epoch(kBeginning);
      ASSERT_EQ(admit(i - back, time - static_cast<EventTime>(back) * kSecond, kSlow),
                EventOutcome::duplicate)
          << back << " s behind the clock";
    }
  }
  EXPECT_LT(most, 12'000u);
}

TEST_F(AdmissionTest, OfWhatMemoryNeedNotHoldItAsksTheArchive) {
  // What has been accepted, by number; each epoch is in the journal four epochs later.
  std::vector<EventTime> accepted;
  std::size_t asked = 0;
  const auto in_archive = [&](const EventKey& key) { return key.high + 4 < accepted.size(); };
  Admission admission(*model_,
                      {[&](const EventKey& key) {
                         ++asked;
                         return in_archive(key);
                       },
                       [&](const EventKey& key) {
                         std::optional<Revisions::Observed> found;
                         if (in_archive(key)) found = Revisions::Observed{accepted[key.high], 0};
                         return found;
                       }},
                      kMinute, 0);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const EventTime time = kNoon + static_cast<EventTime>(i) * kSecond;
    admission.begin_epoch(kBeginning);
    ASSERT_EQ(admission.admit(key(i), event(time, kSlow)), EventOutcome::accepted);
    accepted.push_back(time);
    for (const std::uint64_t back : {0, 1, 3, 30, 59, 61, 65, 600, 3'599}) {
      if (back > i) continue;
      ASSERT_EQ(admission.admit(key(i - back), event(accepted[i - back], kSlow)), EventOutcome::duplicate)
          << back << " s behind the clock";
    }
    admission.end_epoch();
    most = std::max(most, admission.remembered());
  }
  EXPECT_LT(most, 70u);
  const std::size_t asked_of_old = asked;
  admission.begin_epoch(kBeginning);
  EXPECT_EQ(admission.admit(key(9'999), event(admission.clock() + 1, kSlow)), EventOutcome::accepted);
  EXPECT_EQ(asked, asked_of_old) << "nothing is looked up for what is newer than memory's beginning";
}

class AdmissionWithAnArchive : public AdmissionTest {
 protected:
  /// Correction `id` of event `old`, as it would be admitted.
  schema::Result<EventOutcome> correct(const std::string& id, EventTime time) {
    schema::EventBatch batch;
    batch.add(id, time, kSlow, 0, "", "old").kind = schema::EventKind::correct;
    batch.identify(*model_);
    if (auto looked_up = admission_.look_up(batch); !looked_up.ok()) return looked_up.error();
    return admission_.admit(batch.keys[0], batch.events[0],
                            schema::named_key(batch, batch.events[0], *model_));
  }

  static constexpr EventTime kOriginal = kNoon - 30 * kMinute;
  bool readable_ = true;
  Admission admission_{*model_,
                       {[this](const EventKey& key) { return is_old(key); },
                        [this](const EventKey& key) -> schema::Result<std::optional<Revisions::Observed>> {
                          if (!readable_) return schema::Error{schema::ErrorCode::io, "unreadable", "", ""};
                          if (!is_old(key)) return std::optional<Revisions::Observed>();
                          return std::optional(Revisions::Observed{kOriginal, 7});
                        }},
                       kMinute};

 private:
  bool is_old(const EventKey& key) const {
    schema::EventBatch batch;
    batch.add("old", kOriginal, kSlow, 0);
    batch.identify(*model_);
    return key == batch.keys[0];
  }
};

TEST_F(AdmissionWithAnArchive, ACorrectionOfWhatItHoldsIsInTimeUntilThatIsFinal) {
  admission_.begin_epoch(kNoon);
  EXPECT_EQ(*correct("first", kNoon), EventOutcome::accepted);
  const auto changed = admission_.end_epoch();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed.front().entity, 7u);
  EXPECT_EQ(changed.front().place.time, kOriginal);
  EXPECT_FALSE(changed.front().stands);
  admission_.begin_epoch(kOriginal + kHour + 1);
  EXPECT_EQ(*correct("second", kOriginal + kHour), EventOutcome::too_late);
}

TEST_F(AdmissionWithAnArchive, ThatItCannotBeReadIsAnErrorAndNotTheAnswerThatThereIsNone) {
  admission_.begin_epoch(kNoon);
  readable_ = false;
  EXPECT_FALSE(correct("first", kNoon).ok());
  readable_ = true;
  EXPECT_EQ(*correct("first", kNoon), EventOutcome::accepted);
  EXPECT_EQ(admission_.end_epoch().size(), 1u);
}

TEST_F(AdmissionTest, WhatIsRestoredFromTheJournalIsDecidedOnAsBefore) {
  admission_.restore(key(1), event(kNoon - kMinute, kSlow));
  admission_.restore_clock(kNoon);
  admission_.end_epoch();
  EXPECT_EQ(admission_.clock(), kNoon);
  EXPECT_EQ(admit_alone(1, kNoon - kMinute, kSlow), EventOutcome::duplicate);
  EXPECT_EQ(admit_alone(2, kNoon - kMinute, kQuick), EventOutcome::too_late);
}

TEST(EventOutcome, HasANameForEach) {
  EXPECT_STREQ(name_of(EventOutcome::accepted), "accepted");
  EXPECT_STREQ(name_of(EventOutcome::duplicate), "duplicate");
  EXPECT_STREQ(name_of(EventOutcome::too_late), "too_late");
  EXPECT_STREQ(name_of(EventOutcome::from_the_future), "from_the_future");
}

}  // namespace
}  // namespace pollux::actors
