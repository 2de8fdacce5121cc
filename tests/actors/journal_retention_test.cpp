#include "actors/journal_retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <filesystem>

#include "actors/journal.h"
#include "actors/journal_inspection.h"
#include "tests/actors/journal_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using schema::ErrorCode;
using schema::Position;
using testing::HasSubstr;

class JournalRetention : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-retention-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    reopen();
  }
  void TearDown() override {
    journal_.reset();
    fs::remove_all(directory_);
  }
  void reopen() {
    journal_.reset();
    auto journal = open_rocksdb_journal(directory_, model_);
    ASSERT_TRUE(journal.ok()) << journal.error().text();
    journal_ = std::move(journal).value();
  }

  void set_aside(const std::string& id, schema::EventTime clock) {
    QuarantinedEvent event;
    event.clock = clock;
    event.event.add(id, 1, 0, 0);
    ASSERT_TRUE(journal_->append({}, {event}).ok());
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> all;
    const auto page = journal_->quarantine(1, 1'000);
    for (const auto& event : *page) all.push_back(event.number);
    return all;
  }
  static schema::EventKey key(const std::string& id) { return schema::event_key("bms", id); }

  const schema::Model model_ = schema::samples::model();
  std::mt19937_64 random_{3};
  std::string directory_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalRetention, RecordsThatNoSnapshotCoversAreNotDropped) {
  samples::fill(*journal_, model_, 20, random_);
  auto refused = journal_->drop_before(5);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  ASSERT_TRUE(journal_->note_covered(10).ok());
  EXPECT_FALSE(journal_->drop_before(12).ok());
  EXPECT_FALSE(journal_->note_covered(21).ok());
  EXPECT_EQ(samples::read_all(*journal_, model_).size(), 20u);
}

TEST_F(JournalRetention, TheRestIsReadAndItsChainCheckedFromTheLastRecordDropped) {
  const auto written = samples::fill(*journal_, model_, 20, random_);
  ASSERT_TRUE(journal_->note_covered(12).ok());
  ASSERT_TRUE(journal_->drop_before(8).ok());
  ASSERT_TRUE(journal_->drop_before(13).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(journal_->first_position(), 13u);
    EXPECT_EQ(samples::read_all(*journal_, model_, 13),
              (std::vector<std::vector<std::string>>(written.begin() + 12, written.end())));
    EXPECT_EQ(samples::read_all(*journal_, model_, 15).size(), 6u);
    schema::Result<void> result;
    EXPECT_TRUE(samples::read_all(*journal_, model_, 12, &result).empty());
    EXPECT_THAT(result.error().text(), HasSubstr("were dropped"));
    reopen();
  }
  EXPECT_EQ(journal_->last_position(), 20u);
  samples::fill(*journal_, model_, 1, random_);
  journal_.reset();
  const auto verdict = JournalInspection::open(directory_).value()->verify(1, UINT64_MAX);
  EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front().text();
  EXPECT_EQ(verdict.first, 13u);
  EXPECT_EQ(verdict.last, 21u);
}

TEST_F(JournalRetention, WhatFollowsADroppedRecordMustBeItsSuccessor) {
  samples::fill(*journal_, model_, 20, random_);
  ASSERT_TRUE(journal_->note_covered(12).ok());
  ASSERT_TRUE(journal_->drop_before(13).ok());
  journal_.reset();
  {
    auto store = RocksdbStore::open(directory_).value();
    journal_format::Head anchor = *read_anchor(*store);
    anchor.hash[0] ^= 1;
    const auto bytes = journal_format::write_head(anchor);
    ASSERT_TRUE(store->database().Put({}, store->meta(), {"anchor", 6}, {bytes.data(), bytes.size()}).ok());
  }
  reopen();
  schema::Result<void> result;
  EXPECT_TRUE(samples::read_all(*journal_, model_, 13, &result).empty());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().text(), HasSubstr("chain is broken"));
}

TEST_F(JournalRetention, AllRecordsMayBeDroppedAndTheJournalGoesOn) {
  samples::fill(*journal_, model_, 9, random_);
  ASSERT_TRUE(journal_->note_covered(9).ok());
  ASSERT_TRUE(journal_->drop_before(10).ok());
  reopen();
  EXPECT_EQ(journal_->last_position(), 9u);
  EXPECT_EQ(samples::fill(*journal_, model_, 3, random_).size(), 3u);
  EXPECT_EQ(samples::read_all(*journal_, model_, 10).size(), 3u);
}

TEST_F(JournalRetention, TheIdentitiesOfDroppedEventsAreForgotten) {
  for (Position position = 1; position <= 2; ++position) {
    schema::EpochRecord record;
    record.position = position;
    record.events.add("event-" + std::to_string(position), 5, 0, 0);
    ASSERT_TRUE(journal_->append(record, {}).ok());
  }
  ASSERT_TRUE(journal_->note_covered(1).ok());
  ASSERT_TRUE(journal_->drop_before(2).ok());
  EXPECT_FALSE(journal_->holds(key("event-1")));
  EXPECT_TRUE(journal_->holds(key("event-2")));
}

TEST_F(JournalRetention, WhatLaysInQuarantineLongEnoughIsDropped) {
  for (int i = 1; i <= 10; ++i) set_aside("event-" + std::to_string(i), i * 100);
  ASSERT_TRUE(journal_->drop_quarantined(501, 0).ok());
  EXPECT_THAT(numbers(), testing::ElementsAre(6, 7, 8, 9, 10));
  EXPECT_FALSE(journal_->quarantine_holds(key("event-5")));
  EXPECT_TRUE(journal_->quarantine_holds(key("event-6")));
}

TEST_F(JournalRetention, TheOldestGoWhereTheQuarantineIsTooLarge) {
  for (int i = 1; i <= 100; ++i) set_aside("event-" + std::to_string(i), i);
  ASSERT_TRUE(journal_->drop_quarantined(schema::kBeginning, 4'000).ok());
  const auto kept = numbers();
  EXPECT_LT(kept.size(), 40u);
  EXPECT_GT(kept.size(), 5u);
  EXPECT_EQ(kept.back(), 100u);
}

TEST_F(JournalRetention, NumbersGoOnAfterEverythingOldWasDropped) {
  for (int i = 1; i <= 3; ++i) set_aside("event-" + std::to_string(i), i);
  ASSERT_TRUE(journal_->drop_quarantined(1'000, 0).ok());
  reopen();
  set_aside("later", 2'000);
  EXPECT_EQ(numbers().back(), 4u);
}

TEST_F(JournalRetention, AnEventSetAsideAgainIsKnownAfterItsFirstTimeIsDropped) {
  set_aside("event", 1);
  set_aside("event", 900);
  ASSERT_TRUE(journal_->drop_quarantined(500, 0).ok());
  EXPECT_THAT(numbers(), testing::ElementsAre(2));
  EXPECT_TRUE(journal_->quarantine_holds(key("event")));
}

}  // namespace
}  // namespace pollux::actors
