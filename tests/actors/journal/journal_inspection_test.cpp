#include "actors/journal/journal_inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "actors/storage/backup.h"
#include "actors/storage/rocksdb_store.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/actors/journal_samples.h"
#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class JournalInspectionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-inspection-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = (root_ / "data").string();
    auto journal = open_rocksdb_journal(directory_, model_).value();
    written_ = samples::fill(*journal, model_, 30, random_);
  }
  void TearDown() override { fs::remove_all(root_); }

  JournalVerdict verify() { return JournalInspection::open(directory_).value()->verify(1, UINT64_MAX); }
  std::string raw(schema::Position position) {
    std::string value;
    with_store([&](RocksdbStore& store) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Get({}, store.records(), {key.data(), key.size()}, &value).ok());
    });
    return value;
  }
  void put(schema::Position position, const std::string& value) {
    with_store([&](RocksdbStore& store) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Put({}, store.records(), {key.data(), key.size()}, value).ok());
    });
  }
  void with_store(const std::function<void(RocksdbStore&)>& change) {
    change(*RocksdbStore::open(directory_).value());
  }

  const schema::Model model_ = schema::samples::model();
  std::mt19937_64 random_{21};
  fs::path root_;
  std::string directory_;
  std::vector<std::vector<std::string>> written_;
};

TEST_F(JournalInspectionTest, AJournalInOrderHasNoFaults) {
  const auto verdict = verify();
  EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front().text();
  EXPECT_EQ(verdict.records, 30u);
  EXPECT_EQ(verdict.last, 30u);
  EXPECT_EQ(verdict.quarantined, 6u);
  std::size_t events = 0;
  for (const auto& record : written_) events += record.size();
  EXPECT_EQ(verdict.events, events);
}

TEST_F(JournalInspectionTest, ItReadsBesideARunningServer) {
  const auto journal = open_rocksdb_journal(directory_, model_).value();
  samples::fill(*journal, model_, 2, random_);
  const auto verdict = verify();
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.last, 32u);
}

TEST_F(JournalInspectionTest, EveryDamagedRecordIsNamedByItsPosition) {
  for (const schema::Position position : {schema::Position{7}, schema::Position{19}}) {
    std::string value = raw(position);
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 0x10);
    put(position, value);
  }
  const auto verdict = verify();
  ASSERT_EQ(verdict.faults.size(), 2u);
  EXPECT_THAT(verdict.faults[0].where, HasSubstr("journal position 7"));
  EXPECT_THAT(verdict.faults[1].where, HasSubstr("journal position 19"));
}

TEST_F(JournalInspectionTest, ADamagedEventInQuarantineIsNamedByWhateverLooksAtIt) {
  with_store([&](RocksdbStore& store) {
    const auto key = journal_format::quarantine_key(3);
    std::string value;
    ASSERT_TRUE(store.database().Get({}, store.quarantine(), {key.data(), key.size()}, &value).ok());
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 0x10);
    EXPECT_TRUE(store.database().Put({}, store.quarantine(), {key.data(), key.size()}, value).ok());
  });
  const auto statistics = JournalInspection::open(directory_).value()->statistics();
  ASSERT_TRUE(statistics.ok());
  EXPECT_EQ(statistics->quarantined, 6u) << "the rest is told all the same";
  const auto verdict = verify();
  for (const auto& faults : {statistics->faults, verdict.faults}) {
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_THAT(faults[0].where, HasSubstr("quarantine number 3"));
    EXPECT_THAT(faults[0].message, HasSubstr("changed after writing"));
  }
}

TEST_F(JournalInspectionTest, MissingRecordsAreNamedAndSoIsARecordInAnothersPlace) {
  with_store([&](RocksdbStore& store) {
    for (schema::Position position = 11; position <= 13; ++position) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Delete({}, store.records(), {key.data(), key.size()}).ok());
    }
  });
  put(20, raw(21));
  const auto verdict = verify();
  ASSERT_GE(verdict.faults.size(), 2u);
  EXPECT_THAT(verdict.faults[0].text(), HasSubstr("from here to position 13 are missing"));
  EXPECT_THAT(verdict.faults[0].where, HasSubstr("journal position 11"));
  EXPECT_THAT(verdict.faults[1].where, HasSubstr("journal position 20"));
}

TEST_F(JournalInspectionTest, ALostTailIsAFault) {
  with_store([&](RocksdbStore& store) {
    const auto key = journal_format::number_key(30);
    EXPECT_TRUE(store.database().Delete({}, store.records(), {key.data(), key.size()}).ok());
  });
  const auto verdict = verify();
  ASSERT_EQ(verdict.faults.size(), 1u);
  EXPECT_THAT(verdict.faults[0].text(), HasSubstr("the newest record is missing"));
}

TEST_F(JournalInspectionTest, ADamagedFileIsNamed) {
  with_store([&](RocksdbStore& store) { EXPECT_TRUE(store.database().Flush({}, store.records()).ok()); });
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(largest) / 3));
  file.put('\x55');
  file.close();
  const auto inspection = JournalInspection::open(directory_).value();
  const auto outcome = inspection->verify_files();
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().text(), HasSubstr(largest.filename().string()));
  const auto statistics = inspection->statistics();
  ASSERT_FALSE(statistics.ok()) << "it counts nothing that it could not read";
  EXPECT_THAT(statistics.error().text(), HasSubstr(largest.filename().string()));
}

TEST_F(JournalInspectionTest, ADumpSaysWhatTheRecordsSay) {
  schema::Position next = 5;
  ASSERT_TRUE(JournalInspection::open(directory_)
                  .value()
                  ->dump(5, 9,
                         [&](const schema::NamedRecord& record) {
                           EXPECT_EQ(record.position, next++);
                           EXPECT_EQ(record.events.size(), written_[record.position - 1].size());
                           for (std::size_t i = 0; i < record.events.size(); ++i) {
                             const auto& event = record.events[i];
                             const std::string& text = written_[record.position - 1][i];
                             EXPECT_THAT(text, testing::StartsWith(event.source + " " + event.id + " "));
                             EXPECT_THAT(text, HasSubstr(" " + std::to_string(event.time) + " "));
                           }
                           return true;
                         })
                  .ok());
  EXPECT_EQ(next, 10u);
}

TEST_F(JournalInspectionTest, ABackupIsTakenWhileAppendsGoOnAndRestoredAsItWas) {
  const std::string backups = (root_ / "backups").string();
  {
    const auto journal = open_rocksdb_journal(directory_, model_).value();
    EXPECT_EQ(back_up_directory(directory_, backups).error().code, schema::ErrorCode::conflict);
    ASSERT_TRUE(journal->back_up(backups).ok());
    samples::fill(*journal, model_, 5, random_);
    const auto second = journal->back_up(backups);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second->number, 2u);
    samples::fill(*journal, model_, 5, random_);
  }
  EXPECT_EQ(list_backups(backups)->size(), 2u);
  for (const std::uint32_t number : {1u, 2u}) {
    const std::string restored = (root_ / ("restored-" + std::to_string(number))).string();
    ASSERT_TRUE(restore_backup(backups, number, restored).ok());
    const auto journal = open_rocksdb_journal(restored, model_);
    ASSERT_TRUE(journal.ok()) << journal.error().text();
    EXPECT_EQ((*journal)->last_position(), number == 1 ? 30u : 35u);
    EXPECT_EQ(samples::read_all(**journal, model_).size(), number == 1 ? 30u : 35u);
  }
  EXPECT_EQ(restore_backup(backups, 0, directory_).error().code, schema::ErrorCode::conflict);
  EXPECT_EQ(restore_backup(backups, 9, (root_ / "x").string()).error().code, schema::ErrorCode::not_found);
}

TEST_F(JournalInspectionTest, ADirectoryWhoseFirstBackupWasBrokenOffHoldsNone) {
  const std::string backups = (root_ / "backups").string();
  EXPECT_EQ(list_backups(backups).error().code, schema::ErrorCode::not_found);
  fs::create_directories(backups);
  const auto all = list_backups(backups);
  ASSERT_TRUE(all.ok()) << all.error().text();
  EXPECT_TRUE(all->empty());
  EXPECT_EQ(restore_backup(backups, 0, (root_ / "x").string()).error().code, schema::ErrorCode::not_found);
}

/// A server that is killed between the two steps of a backup is the same as one whose second step fails.
TEST_F(JournalInspectionTest, ABackupAndItsSnapshotsAreThereTogetherOrNotAtAll) {
  const std::string backups = (root_ / "backups").string();
  SnapshotStore snapshots(directory_);
  const auto file = snapshots.create(7).value();
  ASSERT_TRUE(file->append("a snapshot").ok());
  ASSERT_TRUE(file->finish().ok());
  std::string broken_off;
  const auto fails = [&](const std::string& beside) -> schema::Result<BackupInfo> {
    broken_off = beside;
    return schema::Error{schema::ErrorCode::io, "", "", ""};
  };
  EXPECT_FALSE(back_up_with_snapshots(&snapshots, backups, fails).ok());
  EXPECT_TRUE(fs::exists(fs::path(backups) / broken_off));
  EXPECT_FALSE(restore_backup(backups, 0, (root_ / "x").string()).ok()) << "there is none without its half";
  ASSERT_TRUE(back_up_directory(directory_, backups).ok());
  EXPECT_FALSE(fs::exists(fs::path(backups) / broken_off)) << "what it left is cleared away";
  const std::string restored = (root_ / "restored").string();
  ASSERT_TRUE(restore_backup(backups, 0, restored).ok());
  const SnapshotStore put_back(restored);
  EXPECT_EQ(put_back.read(put_back.list().value().front()).value(), "a snapshot");
  for (const auto& entry : fs::directory_iterator(backups)) {
    if (entry.path().filename().string().starts_with("snapshots-")) fs::remove_all(entry.path());
  }
  EXPECT_EQ(restore_backup(backups, 0, (root_ / "x").string()).error().code, schema::ErrorCode::corrupt);
}

TEST_F(JournalInspectionTest, ADamagedBackupIsNotRestored) {
  const std::string backups = (root_ / "backups").string();
  ASSERT_TRUE(back_up_directory(directory_, backups).ok());
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(backups) / "shared_checksum")) {
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(largest) / 3));
  file.put('\x55');
  file.close();
  const auto outcome = restore_backup(backups, 0, (root_ / "restored").string());
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, schema::ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(root_ / "restored"));
}

/// Written by the version that had format 1 without a history, on two occasions, and kept since.
class KeptFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-fixture-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    const fs::path kept = fs::path(POLLUX_SOURCE_DIR) / "tests/data/journal-format-1";
    fs::copy(kept / "data", root_ / "data");
    std::ifstream file(kept / "model.yaml");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    model_ = samples::load(text);
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path root_;
  std::shared_ptr<const schema::Model> model_;
};

TEST_F(KeptFixture, AJournalOfFormatOneIsReadWithoutOpeningIt) {
  const auto journal = JournalInspection::open((root_ / "data").string());
  ASSERT_TRUE(journal.ok()) << journal.error().text();
  const auto verdict = (*journal)->verify(1, UINT64_MAX);
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.records, 39u);
  EXPECT_EQ(verdict.quarantined, 1u);
  EXPECT_TRUE((*journal)->verify_files().ok());
  EXPECT_EQ((*journal)->statistics()->twin, "plant");
}

TEST_F(KeptFixture, ATwinOnAJournalOfFormatOneIsWhatItWasAndHasAHistory) {
  auto journal = open_rocksdb_journal((root_ / "data").string(), *model_);
  ASSERT_TRUE(journal.ok()) << journal.error().text();
  samples::RunningTwin twin(model_, std::move(*journal));
  EXPECT_EQ(twin.digest().hex, "a2b2c3a84e1d917318b3a1e166c986b5");
  EXPECT_EQ(twin.digest().position, 39u);
  EXPECT_EQ(twin.quarantine().size(), 1u);
  ASSERT_TRUE(twin->wait_for_history(samples::kPatience).ok());
  EXPECT_EQ(twin->history()->bounds().complete, 39u);
}

}  // namespace
}  // namespace pollux::actors
