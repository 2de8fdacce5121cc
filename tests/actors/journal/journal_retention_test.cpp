#include "actors/journal/journal_retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <filesystem>

#include "actors/journal/journal.h"
#include "actors/journal/journal_inspection.h"
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

TEST_F(JournalRetention, AHistoryThatIsToBeMadeAgainBeginsWithTheJournalOrAwaitsASnapshotAndStaysUntilThen) {
  const auto complete = [this](bool remake) {
    JournalOptions options;
    options.remake_history = remake;
    journal_.reset();
    journal_ = open_rocksdb_journal(directory_, model_, options).value();
    return journal_->history()->bounds().complete;
  };
  samples::fill(*journal_, model_, 20, random_);
  ASSERT_TRUE(journal_->history()->append({1, 5, {}}).ok());
  EXPECT_EQ(complete(false), 1u);
  EXPECT_EQ(complete(true), 0u);
  EXPECT_FALSE(journal_->history()->awaits_beginning());
  EXPECT_EQ(complete(false), 0u);
  ASSERT_TRUE(journal_->history()->append({1, 5, {}}).ok());
  ASSERT_TRUE(journal_->note_covered(12).ok());
  ASSERT_TRUE(journal_->drop_before(13).ok());
  EXPECT_EQ(complete(true), 0u);
  EXPECT_TRUE(journal_->history()->awaits_beginning());
  EXPECT_EQ(complete(false), 1u) << "it was not begun, and what was there is still";
  complete(true);
  ASSERT_TRUE(journal_->history()->begin_at(12, 60, [] { return nullptr; }).ok());
  EXPECT_EQ(complete(false), 12u);
  EXPECT_FALSE(journal_->history()->awaits_beginning());
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

}  // namespace
}  // namespace pollux::actors
