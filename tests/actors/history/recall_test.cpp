#include "actors/history/recall.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "actors/history/rocksdb_history.h"
#include "tests/schema/event_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using schema::EventTime;
using schema::kNever;
using schema::Position;
using schema::Value;

enum class Kind { memory, rocksdb };

/// What is told of one attribute, epoch after epoch, and what it comes to by the most naive means.
class NaiveWords {
 public:
  static constexpr Series kSeries{1, 0};
  static constexpr EventTime kLag = 12;

  explicit NaiveWords(unsigned seed) : random_(seed) { standing_.emplace_back(); }

  EpochChanges epoch() {
    const EventTime before = clock_;
    clock_ += static_cast<EventTime>(random_() % 4);
    std::vector<Observation> now = standing_.back();
    Background background;
    for (auto told = random_() % 4; told > 0; --told) tell(before, now, background);
    standing_.push_back(now);
    clocks_.push_back(clock_);
    // Other series lie around it.
    for (const schema::EntityIndex entity : {0u, 2u})
      background.words.push_back(
          {entity, 0, Word::What::stands, {clock_, 1, random_(), 0, Value::number(1)}});
    return {position(), clock_, {}, std::move(background)};
  }

  Position position() const { return standing_.size() - 1; }
  EventTime clock(Position known) const { return known == 0 ? schema::kBeginning : clocks_[known - 1]; }

  /// From the time of the last one before `from` on.
  std::vector<Observation> standing(Position known, EventTime from, EventTime to) const {
    EventTime first = schema::kBeginning;
    for (const Observation& each : standing_[known]) {
      if (each.time < from) first = std::max(first, each.time);
    }
    std::vector<Observation> found;
    for (const Observation& each : standing_[known]) {
      if (each.time >= first && each.time <= to) found.push_back(each);
    }
    std::ranges::sort(found, [](const auto& a, const auto& b) { return a.precedes(b); });
    return found;
  }

 private:
  void tell(EventTime before, std::vector<Observation>& now, Background& background) {
    const bool withdraws = random_() % 4 == 0;
    std::vector<std::size_t> revisable;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i].time >= before - kLag) revisable.push_back(i);
    }
    if (withdraws && revisable.empty()) return;
    Word word{kSeries.entity, kSeries.attribute, Word::What::stands, {}};
    if (withdraws) {
      const auto at = now.begin() + static_cast<std::ptrdiff_t>(revisable[random_() % revisable.size()]);
      word.what = Word::What::withdrawn;
      word.observation = {at->time, 0, at->id_hash, at->source, {}};
      withdrawn_.push_back(*at);
      now.erase(at);
    } else if (!withdrawn_.empty() && random_() % 3 == 0 && withdrawn_.back().time >= before - kLag) {
      word.observation = withdrawn_.back();
      withdrawn_.pop_back();
      now.push_back(word.observation);
    } else {
      const auto late = static_cast<EventTime>(random_() % (kLag + 1));
      const EventTime time = std::max<EventTime>(0, std::min(clock_, before + 3) - late);
      word.observation = {time, random_() % 5, random_(), static_cast<std::uint32_t>(random_() % 3),
                          Value::number(static_cast<double>(random_() % 100))};
      now.push_back(word.observation);
    }
    background.words.push_back(word);
  }

  std::mt19937_64 random_;
  EventTime clock_ = 20;
  std::vector<std::vector<Observation>> standing_;  // by position
  std::vector<Observation> withdrawn_;
  std::vector<EventTime> clocks_;
};

class RecallTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-recall-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    history_.reset();
    store_.reset();
    fs::remove_all(root_);
  }

  void open(const std::string& name) {
    history_.reset();
    store_.reset();
    if (GetParam() == Kind::memory) {
      history_ = make_memory_history();
      return;
    }
    auto store = RocksdbStore::open((root_ / name).string());
    ASSERT_TRUE(store.ok()) << store.error().text();
    store_ = std::move(store).value();
    auto history = open_rocksdb_history(*store_, model_, 1'000'000, kTailMax);
    ASSERT_TRUE(history.ok()) << history.error().text();
    history_ = std::move(history).value();
  }

  void expect_agreement(const NaiveWords& naive, std::mt19937& random, Position known_from) {
    const EventTime oldest = std::max<EventTime>(history_->bounds().dropped_clock, 0);
    for (int i = 0; i < 60; ++i) {
      const Position known = known_from + random() % (naive.position() - known_from + 1);
      const EventTime latest = std::max(naive.clock(known), oldest);
      const EventTime from =
          oldest + static_cast<EventTime>(random() % static_cast<std::uint64_t>(latest - oldest + 1));
      const EventTime to = random() % 3 == 0 ? kNever : from + static_cast<EventTime>(random() % 10);
      const auto found = Recall(*history_, known).observations(NaiveWords::kSeries, from, to);
      ASSERT_TRUE(found.ok()) << found.error().text();
      ASSERT_EQ(found->standing, naive.standing(known, from, to)) << "from " << from << " known " << known;
    }
  }

  /// To open a database takes a while.
  static unsigned seeds() { return GetParam() == Kind::memory ? 50 : 6; }

  static constexpr std::size_t kTailMax = 16;
  const schema::Model model_ = schema::samples::model();
  fs::path root_;
  std::unique_ptr<RocksdbStore> store_;
  std::unique_ptr<History> history_;
};

INSTANTIATE_TEST_SUITE_P(All, RecallTest, testing::Values(Kind::memory, Kind::rocksdb),
                         [](const auto& test) { return test.param == Kind::memory ? "memory" : "rocksdb"; });

TEST_P(RecallTest, WhatStoodAtAnyTimeAsKnownAtAnyPositionIsAsTheNaiveModelSays) {
  for (unsigned seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string name = "seed-" + std::to_string(seed);
    open(name);
    NaiveWords naive(seed);
    std::mt19937 random(seed);
    for (int part = 0; part < 4; ++part) {
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(history_->append(naive.epoch()).ok());
      expect_agreement(naive, random, 0);
      if (GetParam() == Kind::rocksdb) open(name);
    }
  }
}

TEST_P(RecallTest, WhatIsNeededFromBeforeADropIsKept) {
  for (unsigned seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    open("seed-" + std::to_string(seed));
    NaiveWords naive(seed);
    std::mt19937 random(seed);
    for (const Position dropped : {Position{25}, Position{48}}) {
      for (int i = 0; i < 40; ++i) ASSERT_TRUE(history_->append(naive.epoch()).ok());
      for (int step = 0; !*history_->drop_through(dropped); ++step) ASSERT_LT(step, 100);
      // What may still be revised is kept, so nothing is asked for that the drop reaches into.
      Position known = dropped;
      while (known < naive.position() && naive.clock(known) < naive.clock(dropped) + NaiveWords::kLag + 3)
        ++known;
      expect_agreement(naive, random, known);
    }
  }
}

TEST(History, AnEpochWithBackgroundComesBackAsItWas) {
  const std::string directory = testing::TempDir() + "pollux-background-" + std::to_string(getpid());
  fs::remove_all(directory);
  const schema::Model model = schema::samples::model();
  const Change change{1, 0, true, 5, 9, Value::number(1), Value::number(2)};
  Background background;
  background.memory = {{1, 1, false, 7, kNever, {}, Value::boolean(true)}};
  background.words = {{1, 1, Word::What::stands, {5, 8, 0xfeed'beef'0123'4567u, 2, Value::number(3)}},
                      {1, 1, Word::What::heard, {6, 0, 0, 0, {}}, 9},
                      {1, 1, Word::What::withdrawn, {4, 0, 77, 1, {}}}};
  {
    auto store = RocksdbStore::open(directory).value();
    auto history = open_rocksdb_history(*store, model, 10).value();
    EXPECT_TRUE(*history->keep_background(true, false)) << "nothing is missing from what is empty";
    ASSERT_TRUE(history->append({1, 10, {change}, background}).ok());
    const auto page = history->epochs(0, 10, 10);
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->front()->changes(), std::vector{change});
    EXPECT_EQ(page->front()->background().memory, background.memory);
    EXPECT_EQ(page->front()->background().words, background.words);
  }
  {
    auto store = RocksdbStore::open(directory).value();
    auto history = open_rocksdb_history(*store, model, 10).value();
    EXPECT_TRUE(*history->keep_background(true, false));
    EXPECT_FALSE(*history->keep_background(false, false));
    EXPECT_FALSE(*history->keep_background(true, false)) << "what came in between may be missing";
    EXPECT_EQ(history->bounds().complete, 1u);
    EXPECT_TRUE(*history->keep_background(true, true));
    EXPECT_EQ(history->bounds().complete, 0u) << "it began anew, to be told again";
  }
  fs::remove_all(directory);
}

}  // namespace
}  // namespace pollux::actors
