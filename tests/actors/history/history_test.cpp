#include "actors/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "actors/history/history_format.h"
#include "actors/history/history_query.h"
#include "actors/history/rocksdb_history.h"
#include "tests/actors/history_samples.h"
#include "tests/schema/event_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using samples::NaiveHistory;
using schema::EventTime;
using schema::kNever;
using schema::Position;
using schema::Value;
using testing::HasSubstr;

enum class Kind { memory, rocksdb };

class HistoryTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-history-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    open("data");
  }
  void TearDown() override {
    history_.reset();
    store_.reset();
    fs::remove_all(root_);
  }

  void open(const std::string& name, Position journaled = 1'000'000) {
    history_.reset();
    store_.reset();
    if (GetParam() == Kind::memory) {
      history_ = make_memory_history();
      return;
    }
    auto store = RocksdbStore::open((root_ / name).string());
    ASSERT_TRUE(store.ok()) << store.error().text();
    store_ = std::move(store).value();
    auto history = open_rocksdb_history(*store_, model_, journaled, tail_max_);
    ASSERT_TRUE(history.ok()) << history.error().text();
    history_ = std::move(history).value();
  }

  void take_in(NaiveHistory& naive, int epochs) {
    for (int i = 0; i < epochs; ++i) {
      epochs_.push_back(naive.epoch());
      ASSERT_TRUE(history_->append(*epochs_.back()).ok());
    }
  }

  Value value(int s, EventTime at, Position known) {
    const auto believed = value_at(*history_, NaiveHistory::series(s), {at, known});
    EXPECT_TRUE(believed.ok());
    return *believed ? (**believed).value : NaiveHistory::value(s);
  }

  void expect_agreement(const NaiveHistory& naive, Position known_from = 0, int at_from = 0) {
    for (Position known = known_from; known <= naive.position(); ++known) {
      for (int s = 0; s < NaiveHistory::kSeries; ++s) {
        for (int at = at_from; at < NaiveHistory::kTimes; ++at) {
          ASSERT_EQ(value(s, at, known), naive.at(s, at, known))
              << "series " << s << " at " << at << " as known at " << known << " of " << naive.position();
        }
      }
    }
  }

  /// All pages of a range, end to end.
  std::vector<Version> range(int s, EventTime from, EventTime to, Position known, std::size_t entries_max) {
    std::vector<Version> all;
    while (from < to) {
      const auto page = versions_between(*history_, NaiveHistory::series(s), from, to, known,
                                         NaiveHistory::value(s), entries_max);
      EXPECT_TRUE(page.ok());
      for (const Version& version : page->versions) {
        if (all.empty() || all.back().value != version.value) all.push_back(version);
      }
      EXPECT_GT(page->to, from);
      from = page->to;
    }
    return all;
  }

  const schema::Model model_ = schema::samples::model();
  std::size_t tail_max_ = 24;
  fs::path root_;
  std::unique_ptr<RocksdbStore> store_;
  std::unique_ptr<History> history_;
  std::vector<EpochChangesPtr> epochs_;
};

INSTANTIATE_TEST_SUITE_P(All, HistoryTest, testing::Values(Kind::memory, Kind::rocksdb),
                         [](const auto& test) { return test.param == Kind::memory ? "memory" : "rocksdb"; });

TEST_P(HistoryTest, EveryTimeAsKnownAtEveryPositionIsAsTheNaiveModelSays) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    open("seed-" + std::to_string(seed));
    NaiveHistory naive(seed);
    take_in(naive, 60);
    expect_agreement(naive);
  }
}

TEST_P(HistoryTest, ARangeIsTheSameInPagesOfAnySize) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    open("seed-" + std::to_string(seed));
    NaiveHistory naive(seed);
    take_in(naive, 60);
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
      const int s = static_cast<int>(random() % NaiveHistory::kSeries);
      const int from = static_cast<int>(random() % (NaiveHistory::kTimes - 1));
      const int to = from + 1 + static_cast<int>(random() % (NaiveHistory::kTimes - from - 1u));
      const Position known = random() % (naive.position() + 1);
      std::vector<Version> expected;
      for (int at = from; at < to; ++at) {
        const Value is = naive.at(s, at, known);
        if (expected.empty() || expected.back().value != is) expected.push_back({at, is});
      }
      EXPECT_EQ(range(s, from, to, known, 1 + random() % 20), expected)
          << "seed " << seed << " series " << s << " [" << from << ", " << to << ") known " << known;
    }
  }
}

TEST_P(HistoryTest, BucketsSummariseWhatTheRangeHolds) {
  NaiveHistory naive(3);
  take_in(naive, 80);
  const Position known = naive.position();
  for (int s = 0; s < NaiveHistory::kSeries; ++s) {
    const auto page =
        buckets_between(*history_, NaiveHistory::series(s), 3, 77, known, NaiveHistory::value(s), 10, 100);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->buckets.size(), 8u);
    EXPECT_EQ(page->to, 77);
    for (const Bucket& bucket : page->buckets) {
      double sum = 0;
      double min = 1e9;
      double max = -1e9;
      int usable = 0;
      schema::Quality worst = schema::Quality::good;
      for (auto at = static_cast<int>(bucket.from); at < bucket.to; ++at) {
        const Value is = naive.at(s, at, known);
        worst = schema::worst(worst, is.quality);
        if (!is.usable()) continue;
        ++usable;
        sum += is.as_number();
        min = std::min(min, is.as_number());
        max = std::max(max, is.as_number());
      }
      EXPECT_EQ(bucket.usable, usable);
      EXPECT_EQ(bucket.worst, worst);
      EXPECT_EQ(bucket.first, naive.at(s, static_cast<int>(bucket.from), known));
      EXPECT_EQ(bucket.last, naive.at(s, static_cast<int>(bucket.to) - 1, known));
      if (usable == 0) continue;
      EXPECT_EQ(bucket.min, min);
      EXPECT_EQ(bucket.max, max);
      EXPECT_NEAR(bucket.mean, sum / usable, 1e-9);
    }
    EXPECT_EQ(page->buckets.front().from, 3);
    EXPECT_EQ(page->buckets[1].from, 10);
  }
}

TEST_P(HistoryTest, BucketsBeyondTheLimitComeWithTheNextPage) {
  NaiveHistory naive(4);
  take_in(naive, 80);
  const auto page = buckets_between(*history_, NaiveHistory::series(0), 0, 77, naive.position(),
                                    NaiveHistory::value(0), 10, 3);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->buckets.size(), 3u);
  EXPECT_EQ(page->to, 30);
}

TEST_P(HistoryTest, EpochsComeBackAsTheyWereTakenIn) {
  NaiveHistory naive(5);
  take_in(naive, 60);
  const auto page = history_->epochs(7, 1'000, 1'000'000);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->size(), 53u);
  for (std::size_t i = 0; i < page->size(); ++i) {
    EXPECT_EQ((*page)[i]->position, i + 8);
    EXPECT_EQ((*page)[i]->clock, epochs_[i + 7]->clock);
    EXPECT_EQ((*page)[i]->changes(), epochs_[i + 7]->changes());
  }
  EXPECT_EQ(history_->epochs(0, 4, 1'000'000)->size(), 4u);
  EXPECT_EQ(history_->epochs(0, 1'000, 1)->size(), 1u);
}

TEST_P(HistoryTest, AClockTellsTheNewestEpochThatWasSettledThen) {
  NaiveHistory naive(6);
  take_in(naive, 60);
  for (int clock = 0; clock < NaiveHistory::kTimes; ++clock) {
    Position expected = 0;
    for (Position p = 1; p <= naive.position(); ++p) {
      if (naive.clock(p) <= clock) expected = p;
    }
    EXPECT_EQ(*history_->position_at(clock), expected) << clock;
  }
  for (Position p = 0; p <= naive.position(); ++p) EXPECT_EQ(*history_->clock_at(p), naive.clock(p));
  EXPECT_FALSE(history_->clock_at(naive.position() + 1).ok());
}

TEST_P(HistoryTest, WhatIsDroppedIsRefusedAndTheRestIsAsBefore) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    open("seed-" + std::to_string(seed));
    NaiveHistory naive(seed);
    take_in(naive, 60);
    for (const Position dropped : {Position{17}, Position{41}}) {
      for (int step = 0; !*history_->drop_through(dropped); ++step) ASSERT_LT(step, 100);
      const HistoryBounds bounds = history_->bounds();
      EXPECT_EQ(bounds.dropped, dropped);
      EXPECT_EQ(bounds.dropped_clock, naive.clock(dropped));
      expect_agreement(naive, dropped, static_cast<int>(bounds.dropped_clock));
      EXPECT_FALSE(check_kept(bounds, {kNever, dropped - 1}).ok());
      EXPECT_FALSE(check_kept(bounds, {bounds.dropped_clock - 1, dropped}).ok());
      EXPECT_TRUE(check_kept(bounds, {bounds.dropped_clock, dropped}).ok());
      EXPECT_FALSE(history_->epochs(dropped - 1, 10, 10).ok());
      EXPECT_EQ(history_->epochs(dropped, 10, 1'000)->front()->position, dropped + 1);
    }
    take_in(naive, 20);
    expect_agreement(naive, 41, static_cast<int>(naive.clock(41)));
  }
}

TEST_P(HistoryTest, BegunInTheMiddleItTellsFromThereOnWhatOneFromTheBeginningTells) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    open("begun-" + std::to_string(seed));
    NaiveHistory naive(seed);
    take_in(naive, 20);
    for (int i = 0; i < 20; ++i) naive.epoch();
    const Position begun = naive.position();
    const EventTime clock = naive.clock(begun);
    int next = 0;
    const auto what_held = [&]() -> EpochChangesPtr {
      if (next == NaiveHistory::kSeries) return nullptr;
      const Series of = NaiveHistory::series(next);
      const Value is = naive.at(next++, static_cast<int>(clock), begun);
      return std::make_shared<EpochChanges>(
          begun, clock, std::vector<Change>{{of.entity, of.attribute, false, clock, kNever, {}, is}});
    };
    ASSERT_TRUE(history_->begin_at(begun, clock, what_held).ok());
    take_in(naive, 40);
    for (int round = 0; round < 2; ++round) {
      const HistoryBounds bounds = history_->bounds();
      EXPECT_EQ(bounds.begun, begun);
      EXPECT_EQ(bounds.begun_clock, clock);
      EXPECT_FALSE(check_kept(bounds, {clock, begun - 1}).ok());
      EXPECT_FALSE(check_kept(bounds, {clock - 1, begun}).ok());
      EXPECT_THAT(check_kept(bounds, {clock - 1, begun}).error().text(), HasSubstr("was made anew"));
      EXPECT_FALSE(history_->epochs(begun - 1, 10, 10).ok());
      EXPECT_EQ(history_->epochs(begun, 10, 1'000)->front()->position, begun + 1);
      expect_agreement(naive, begun, static_cast<int>(clock));
      if (GetParam() == Kind::rocksdb) open("begun-" + std::to_string(seed));
    }
  }
}

TEST_P(HistoryTest, ManyChangesOfOneAttributeInOneEpochAreAllKept) {
  std::vector<Change> changes;
  constexpr int kMany = 5'000;
  for (int i = 0; i < kMany; ++i) {
    changes.push_back({0, 0, false, 2 * i, 2 * i + 1, Value::number(0), Value::number(i)});
  }
  ASSERT_TRUE(history_->append(EpochChanges(1, 2 * kMany, std::move(changes))).ok());
  for (int i = 0; i < kMany; i += 7) {
    EXPECT_EQ(value(0, 2 * i, 1), Value::number(i));
    EXPECT_EQ(value(0, 2 * i + 1, 1), Value::number(0));
  }
}

class StoredHistory : public HistoryTest {};
INSTANTIATE_TEST_SUITE_P(Rocksdb, StoredHistory, testing::Values(Kind::rocksdb));

TEST_P(StoredHistory, GoesOnWhereItStoodAfterReopening) {
  NaiveHistory naive(7);
  for (int round = 0; round < 6; ++round) {
    take_in(naive, 11);
    open("data");
    EXPECT_EQ(history_->bounds().complete, naive.position());
    EXPECT_EQ(history_->bounds().clock, naive.clock(naive.position()));
    expect_agreement(naive);
  }
}

TEST_P(StoredHistory, WhatACrashLostIsTakenInAgain) {
  NaiveHistory naive(8);
  for (int round = 0; round < 8; ++round) {
    take_in(naive, 13);
    // What lies on the disk now is what a process that is killed leaves.
    auto* flushed = round % 3 == 1 ? store_->changes() : store_->history();
    if (round % 3 != 0) {
      EXPECT_TRUE(store_->database().Flush({}, flushed).ok());
    }
    const std::string crashed = "crashed-" + std::to_string(round);
    // Nothing may vanish while the copy is made.
    EXPECT_TRUE(store_->database().PauseBackgroundWork().ok());
    EXPECT_TRUE(store_->database().DisableFileDeletions().ok());
    fs::copy(root_ / (round == 0 ? "data" : "crashed-" + std::to_string(round - 1)), root_ / crashed);
    EXPECT_TRUE(store_->database().ContinueBackgroundWork().ok());
    open(crashed);
    ASSERT_LE(history_->bounds().complete, naive.position());
    if (round % 3 == 2) {
      EXPECT_LT(history_->bounds().complete, naive.position());
    }
    for (Position p = history_->bounds().complete + 1; p <= naive.position(); ++p) {
      ASSERT_TRUE(history_->append(*epochs_[p - 1]).ok());
    }
    expect_agreement(naive);
  }
}

TEST_P(StoredHistory, ChunksLeftUnfinishedByACrashAreMadeOfTheSameEpochsAgain) {
  tail_max_ = 60;
  open("data");
  NaiveHistory naive(14);
  const auto state = [this] {
    std::string bytes;
    const auto status = store_->database().Get({}, store_->history(), "m", &bytes);
    return status.ok() ? history_format::read_state(bytes) : std::nullopt;
  };
  while (!state()) take_in(naive, 1);
  // As if the process had ended after the last chunk, before the word that all are there.
  const Position cut = state()->indexed;
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  const std::string unfinished = history_format::write_state({0, cut, history_->bounds().lag});
  ASSERT_TRUE(store_->database().Put(unlogged, store_->history(), "m", unfinished).ok());
  tail_max_ = 7;
  open("data");
  EXPECT_EQ(state()->indexed, cut);
  take_in(naive, 30);
  expect_agreement(naive);
}

TEST_P(StoredHistory, WhatWasMadeDurableSurvivesACrash) {
  NaiveHistory naive(9);
  take_in(naive, 40);
  ASSERT_TRUE(history_->make_durable().ok());
  fs::copy(root_ / "data", root_ / "crashed");
  open("crashed");
  EXPECT_EQ(history_->bounds().complete, naive.position());
  expect_agreement(naive);
}

TEST_P(StoredHistory, WhatWasDroppedStaysDroppedAfterACrash) {
  NaiveHistory naive(10);
  take_in(naive, 60);
  while (!*history_->drop_through(30)) {
  }
  fs::copy(root_ / "data", root_ / "crashed");
  open("crashed");
  EXPECT_EQ(history_->bounds().dropped, 30u);
  for (Position p = history_->bounds().complete + 1; p <= naive.position(); ++p) {
    ASSERT_TRUE(history_->append(*epochs_[p - 1]).ok());
  }
  expect_agreement(naive, 30, static_cast<int>(naive.clock(30)));
}

TEST_P(StoredHistory, BeginsAnewWhereTheJournalKnowsLess) {
  NaiveHistory naive(11);
  take_in(naive, 40);
  open("data", 20);
  EXPECT_EQ(history_->bounds().complete, 0u);
  EXPECT_EQ(value(0, 50, 40), NaiveHistory::value(0));
}

TEST_P(StoredHistory, BeginsAnewUnderAnotherModel) {
  NaiveHistory naive(12);
  take_in(naive, 40);
  history_.reset();
  schema::samples::Variation variation;
  variation.source_text = "version 2";
  const schema::Model other = schema::samples::model(variation);
  const auto history = open_rocksdb_history(*store_, other, 40);
  ASSERT_TRUE(history.ok());
  EXPECT_EQ((*history)->bounds().complete, 0u);
}

}  // namespace
}  // namespace pollux::actors
