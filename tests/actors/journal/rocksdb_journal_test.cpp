#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "actors/journal/journal.h"
#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "tests/actors/journal_samples.h"

namespace pollux::actors {
namespace {

namespace fs = std::filesystem;
using schema::ErrorCode;
using schema::Result;
using testing::HasSubstr;

class RocksdbJournal : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pollux-journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = (root_ / "data").string();
  }
  void TearDown() override { fs::remove_all(root_); }

  Result<std::unique_ptr<Journal>> try_open() { return open_rocksdb_journal(directory_, model_); }
  std::unique_ptr<Journal> open() { return open(model_); }
  std::unique_ptr<Journal> open(const schema::Model& model) {
    auto journal = open_rocksdb_journal(directory_, model);
    EXPECT_TRUE(journal.ok()) << journal.error().text();
    return journal.ok() ? std::move(journal).value() : nullptr;
  }

  /// A closed journal of 40 records, all of them in SST files.
  std::vector<std::vector<std::string>> write_flushed() {
    const auto written = samples::fill(*open(), model_, 40, random_);
    with_store([](RocksdbStore& store) {
      for (auto* family : {store.records(), store.quarantine(), store.meta()}) {
        EXPECT_TRUE(store.database().Flush({}, family).ok());
      }
    });
    return written;
  }

  void with_store(const std::function<void(RocksdbStore&)>& change) {
    auto store = RocksdbStore::open(directory_);
    ASSERT_TRUE(store.ok()) << store.error().text();
    change(**store);
  }

  std::vector<fs::path> files(const std::function<bool(const fs::path&)>& wanted) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (wanted(entry.path().filename())) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<fs::path> files_ending(const std::string& extension) const {
    return files([&](const fs::path& name) { return name.extension() == extension; });
  }
  fs::path largest(std::vector<fs::path> of) const {
    return *std::max_element(of.begin(), of.end(), [](const fs::path& a, const fs::path& b) {
      return fs::file_size(a) < fs::file_size(b);
    });
  }

  static void flip(const fs::path& file, std::uintmax_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(stream.get() ^ 0x5a);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(c);
  }

  /// Opens and reads everything; the first error on the way.
  Result<void> open_and_read() {
    auto journal = try_open();
    if (!journal.ok()) return journal.error();
    Result<void> result;
    samples::read_all(**journal, model_, 1, &result);
    return result;
  }

  std::string raw_value(schema::Position position) {
    std::string value;
    with_store([&](RocksdbStore& store) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Get({}, store.records(), {key.data(), key.size()}, &value).ok());
    });
    return value;
  }
  void put_raw(schema::Position position, const std::string& value) {
    with_store([&](RocksdbStore& store) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Put({}, store.records(), {key.data(), key.size()}, value).ok());
    });
  }

  const schema::Model model_ = schema::samples::model();
  std::mt19937_64 random_{21};
  fs::path root_;
  std::string directory_;
};

TEST_F(RocksdbJournal, ANewOneIsEmptyAndKnowsItsTwin) {
  const auto journal = open();
  EXPECT_EQ(journal->last_position(), 0u);
  EXPECT_EQ(journal->identity().twin, "plant");
  EXPECT_EQ(journal->identity().model_version, model_.version());
  EXPECT_TRUE(samples::read_all(*journal, model_).empty());
}

TEST_F(RocksdbJournal, WhatWasAppendedIsThereAfterReopeningAndGoesOn) {
  std::vector<std::vector<std::string>> written;
  for (int round = 0; round < 4; ++round) {
    const auto journal = open();
    EXPECT_EQ(journal->last_position(), written.size());
    EXPECT_EQ(samples::read_all(*journal, model_), written);
    for (auto& record : samples::fill(*journal, model_, 25, random_)) written.push_back(std::move(record));
    EXPECT_EQ(samples::read_all(*journal, model_), written);
    EXPECT_GT(journal->bytes_appended(), 0u);
  }
  const auto journal = open();
  EXPECT_EQ(samples::read_all(*journal, model_, 60).size(), 41u);
  EXPECT_EQ(samples::read_all(*journal, model_, 100).size(), 1u);
  EXPECT_TRUE(samples::read_all(*journal, model_, 101).empty());
}

TEST_F(RocksdbJournal, AProcessThatDiesLosesNothingItWasPromised) {
  const pid_t child = fork();
  if (child == 0) {
    auto journal = open_rocksdb_journal(directory_, model_);
    if (journal.ok()) samples::fill(**journal, model_, 30, random_);
    std::_Exit(0);  // no destructor runs
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const auto journal = open();
  EXPECT_EQ(journal->last_position(), 30u);
  EXPECT_EQ(samples::read_all(*journal, model_).size(), 30u);
}

TEST_F(RocksdbJournal, QuarantineIsNumberedAcrossRestartsAndFoundByIdentity) {
  std::vector<std::string> set_aside;
  for (int round = 0; round < 3; ++round) {
    const auto journal = open();
    for (int i = 0; i < 3; ++i) {
      QuarantinedEvent event{0, schema::QuarantineReason::from_the_future, 77, {}};
      schema::samples::add_random_event(model_, event.event, random_);
      set_aside.push_back(schema::samples::text_of(event.event, event.event.events[0], model_));
      ASSERT_TRUE(journal->append({}, QuarantineChanges({event})).ok());
    }
    EXPECT_EQ(journal->last_position(), 0u);
  }
  const auto journal = open();
  const auto page = journal->quarantine(1, 100);
  ASSERT_TRUE(page.ok()) << page.error().text();
  ASSERT_EQ(page->size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    const QuarantinedEvent& event = (*page)[i];
    EXPECT_EQ(event.number, i + 1);
    EXPECT_EQ(event.reason, schema::QuarantineReason::from_the_future);
    EXPECT_EQ(event.clock, 77);
    EXPECT_EQ(schema::samples::text_of(event.event, event.event.events[0], model_), set_aside[i]);
    EXPECT_TRUE(
        journal->quarantine_index().find(schema::event_key(event.event, event.event.events[0], model_)));
  }
  EXPECT_EQ(journal->quarantine(8, 100)->size(), 2u);
  EXPECT_EQ(journal->quarantine(0, 4)->size(), 4u);
  EXPECT_FALSE(journal->quarantine_index().find(schema::event_key("nobody", "nothing")));
}

TEST_F(RocksdbJournal, RestartsWithoutAnythingToWriteLeaveNoMoreThanAFewLogs) {
  samples::fill(*open(), model_, 3, random_);
  constexpr int kRestarts = 30;
  constexpr std::ptrdiff_t kLogsAtMost = 10;
  for (int i = 0; i < kRestarts; ++i) {
    open();
    const auto logs = std::count_if(fs::directory_iterator(directory_), {},
                                    [](const auto& entry) { return entry.path().extension() == ".log"; });
    ASSERT_LE(logs, kLogsAtMost) << "after " << i << " restarts";
  }
  EXPECT_EQ(samples::read_all(*open(), model_).size(), 3u);
}

TEST_F(RocksdbJournal, ASecondOpenerInThisProcessIsRefused) {
  const auto journal = open();
  const auto second = try_open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::conflict) << second.error().text();
  EXPECT_THAT(second.error().text(), HasSubstr("in use by a running pollux"));
}

TEST_F(RocksdbJournal, ASecondOpenerInAnotherProcessIsRefused) {
  open();
  int ready[2];
  int stop[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(stop), 0);
  const pid_t child = fork();
  char byte = 0;
  if (child == 0) {
    const auto journal = open_rocksdb_journal(directory_, model_);
    byte = journal.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1 && read(stop[0], &byte, 1) == 1) std::_Exit(0);
    std::_Exit(1);
  }
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const auto second = try_open();
  EXPECT_FALSE(second.ok());
  if (!second.ok()) {
    EXPECT_EQ(second.error().code, ErrorCode::conflict) << second.error().text();
    EXPECT_THAT(second.error().advice, HasSubstr("fuser"));
  }
  ASSERT_EQ(write(stop[1], &byte, 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (const int descriptor : {ready[0], ready[1], stop[0], stop[1]}) close(descriptor);
  EXPECT_TRUE(try_open().ok());
}

TEST_F(RocksdbJournal, TheDirectoryOfAnotherTwinIsRefusedNamingBoth) {
  open();
  schema::samples::Variation variation;
  variation.name = "ship";
  const schema::Model other = schema::samples::model(variation);
  const auto journal = open_rocksdb_journal(directory_, other);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::conflict);
  EXPECT_THAT(journal.error().message, HasSubstr("`plant`"));
  EXPECT_THAT(journal.error().message, HasSubstr("`ship`"));
  EXPECT_EQ(journal.error().where, directory_);
}

TEST_F(RocksdbJournal, ANewerFormatIsRefusedNamingItsVersion) {
  open();
  with_store(
      [](RocksdbStore& store) { EXPECT_TRUE(store.database().Put({}, store.meta(), "format", "2").ok()); });
  const auto journal = try_open();
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::corrupt);
  EXPECT_THAT(journal.error().text(), HasSubstr("format version 2"));
  EXPECT_THAT(journal.error().where, HasSubstr(directory_));
}

TEST_F(RocksdbJournal, AChangedModelIsTakenDownWithTheNextAppendAndNotBefore) {
  open();
  schema::samples::Variation variation;
  variation.source_text = "version 2";
  const schema::Model changed = schema::samples::model(variation);
  EXPECT_EQ(open(changed)->identity().model_version, model_.version());
  EXPECT_EQ(open(changed)->identity().model_version, model_.version()) << "opening alone changes nothing";
  {
    const auto journal = open(changed);
    ASSERT_EQ(samples::fill(*journal, changed, 1, random_).size(), 1u);
    EXPECT_EQ(journal->identity().model_version, model_.version()) << "as found on opening";
  }
  EXPECT_EQ(open(changed)->identity().model_version, changed.version());
  with_store([&](RocksdbStore& store) {
    std::string text;
    for (const schema::Model* model : {&model_, &changed}) {
      EXPECT_TRUE(store.database().Get({}, store.meta(), "model/" + model->version(), &text).ok());
      EXPECT_EQ(text, model->source_text());
    }
  });
}

TEST_F(RocksdbJournal, AnEntityTheModelLostIsNamedWithThePosition) {
  {
    const auto journal = open();
    schema::EpochRecord record{1, 0, {}};
    record.events.add("1", 0, 0, 4);
    ASSERT_TRUE(journal->append(record, {}).ok());
  }
  schema::samples::Variation variation;
  variation.source_text = "version 2";
  variation.pumps = 4;
  const schema::Model smaller = schema::samples::model(variation);
  Result<void> result;
  samples::read_all(*open(smaller), smaller, 1, &result);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_THAT(result.error().text(), HasSubstr("pump-5"));
  EXPECT_THAT(result.error().where, HasSubstr("journal position 1"));
}

TEST_F(RocksdbJournal, EveryChangedOrCutByteOfARecordIsNoticed) {
  {
    const auto journal = open();
    ASSERT_EQ(samples::fill(*journal, model_, 3, random_).size(), 3u);
  }
  const std::string value = raw_value(2);
  auto store = RocksdbStore::open(directory_);
  ASSERT_TRUE(store.ok());
  for (std::size_t i = 0; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    const auto changed = journal_format::read_stored(damaged);
    const bool noticed =
        changed && (changed->version != journal_format::kVersion || !changed->hash_is_right());
    EXPECT_TRUE(noticed) << "byte " << i;
    const auto cut = journal_format::read_stored(std::string_view(value).substr(0, i));
    EXPECT_TRUE(!cut || !cut->hash_is_right()) << "cut at " << i;
  }
}

TEST_F(RocksdbJournal, AChangedRecordIsRefusedWhenReadNamingItsPosition) {
  {
    const auto journal = open();
    ASSERT_EQ(samples::fill(*journal, model_, 5, random_).size(), 5u);
  }
  const std::string value = raw_value(3);
  for (const std::size_t i : {std::size_t{0}, std::size_t{10}, std::size_t{50}, value.size() - 1}) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    put_raw(3, damaged);
    const auto result = open_and_read();
    ASSERT_FALSE(result.ok()) << i;
    EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    EXPECT_THAT(result.error().where, HasSubstr("journal position 3"));
    EXPECT_THAT(result.error().advice, HasSubstr("backup"));
  }
  put_raw(3, value);
  EXPECT_TRUE(open_and_read().ok());
}

TEST_F(RocksdbJournal, ARecordPutInAnothersPlaceOrTakenAwayBreaksTheChain) {
  {
    const auto journal = open();
    ASSERT_EQ(samples::fill(*journal, model_, 6, random_).size(), 6u);
  }
  const std::string third = raw_value(3);
  put_raw(3, raw_value(4));
  auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().text(), HasSubstr("journal position 3"));
  EXPECT_THAT(result.error().message, HasSubstr("chain"));
  put_raw(3, third);

  const auto remove = [&](schema::Position position) {
    with_store([&](RocksdbStore& store) {
      const auto key = journal_format::number_key(position);
      EXPECT_TRUE(store.database().Delete({}, store.records(), {key.data(), key.size()}).ok());
    });
  };
  remove(4);
  result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().text(), HasSubstr("journal position 4: the record is missing"));
  remove(6);
  const auto journal = try_open();
  ASSERT_FALSE(journal.ok()) << "a lost tail is noticed on opening";
  EXPECT_EQ(journal.error().code, ErrorCode::corrupt);
  EXPECT_THAT(journal.error().text(), HasSubstr("journal position 6"));
}

TEST_F(RocksdbJournal, AfterAFailedWriteNothingIsTakenUntilReopened) {
  std::vector<std::vector<std::string>> written;
  {
    const auto journal = open();
    written = samples::fill(*journal, model_, 10, random_);
    // The disk is full: no file may grow beyond what the log has now.
    struct rlimit before;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit full = before;
    full.rlim_cur = fs::file_size(largest(files_ending(".log")));
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
    const auto record = schema::samples::random_record(model_, 11, 500, random_);
    const auto failed = journal->append(record, {});
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);

    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::io);
    EXPECT_THAT(failed.error().text(), HasSubstr("File too large"));
    EXPECT_EQ(journal->last_position(), 10u);
    const auto again = journal->append(schema::samples::random_record(model_, 11, 1, random_), {});
    ASSERT_FALSE(again.ok()) << "there is room again, but the store's state is not known";
    EXPECT_EQ(again.error().code, ErrorCode::io);
    EXPECT_THAT(again.error().text(), HasSubstr("earlier failure"));
    EXPECT_EQ(samples::read_all(*journal, model_), written) << "reading goes on";
  }
  const auto journal = open();
  ASSERT_EQ(journal->last_position(), 10u);
  for (auto& record : samples::fill(*journal, model_, 5, random_)) written.push_back(std::move(record));
  EXPECT_EQ(samples::read_all(*journal, model_), written);
}

TEST_F(RocksdbJournal, ADamagedSstFileIsNamed) {
  write_flushed();
  const fs::path file = largest(files_ending(".sst"));
  flip(file, fs::file_size(file) / 3);
  const auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr(file.filename().string())) << result.error().text();
  EXPECT_THAT(result.error().advice, HasSubstr("backup"));
}

TEST_F(RocksdbJournal, ACutOrMissingSstFileIsNamed) {
  write_flushed();
  const fs::path file = largest(files_ending(".sst"));
  fs::resize_file(file, fs::file_size(file) / 2);
  auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr(file.filename().string())) << result.error().text();
  fs::remove(file);
  result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr(file.filename().string())) << result.error().text();
}

TEST_F(RocksdbJournal, ADamagedWriteAheadLogIsNamed) {
  ASSERT_EQ(samples::fill(*open(), model_, 40, random_).size(), 40u);
  const fs::path file = largest(files_ending(".log"));
  flip(file, fs::file_size(file) / 2);
  const auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr(file.filename().string())) << result.error().text();
}

TEST_F(RocksdbJournal, ATornLastWriteIsDroppedForItWasNeverAcknowledged) {
  ASSERT_EQ(samples::fill(*open(), model_, 40, random_).size(), 40u);
  fs::remove(directory_ + "/DURABLE");  // it would tell that the write was whole
  const fs::path file = largest(files_ending(".log"));
  fs::resize_file(file, fs::file_size(file) - 3);
  const auto journal = open();
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(journal->last_position(), 39u);
  EXPECT_EQ(samples::read_all(*journal, model_).size(), 39u);
}

TEST_F(RocksdbJournal, AWriteAheadLogCutWhereItHadBeenSyncedIsNamed) {
  ASSERT_EQ(samples::fill(*open(), model_, 40, random_).size(), 40u);
  const fs::path file = largest(files_ending(".log"));
  for (const std::uintmax_t cut : {std::uintmax_t{3}, fs::file_size(file) / 2}) {
    fs::resize_file(file, fs::file_size(file) - cut);
    const auto journal = try_open();
    ASSERT_FALSE(journal.ok());
    EXPECT_EQ(journal.error().code, ErrorCode::corrupt);
    EXPECT_THAT(journal.error().where, HasSubstr(file.filename().string())) << journal.error().text();
  }
}

TEST_F(RocksdbJournal, ADamagedManifestIsNamed) {
  write_flushed();
  const auto manifests = files([](const fs::path& name) { return name.string().starts_with("MANIFEST"); });
  ASSERT_EQ(manifests.size(), 1u);
  flip(manifests[0], fs::file_size(manifests[0]) / 2);
  auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr("MANIFEST")) << result.error().text();
  fs::remove(manifests[0]);
  result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr("MANIFEST")) << result.error().text();
}

TEST_F(RocksdbJournal, ADamagedCurrentFileIsNamedAndTheDataKept) {
  write_flushed();
  const fs::path current = fs::path(directory_) / "CURRENT";
  const auto data = files_ending(".sst");
  for (const char* contents : {"", "garbage", "MANIFEST-999999\n"}) {
    std::ofstream(current, std::ios::trunc) << contents;
    const auto result = open_and_read();
    ASSERT_FALSE(result.ok()) << contents;
    EXPECT_EQ(result.error().code, ErrorCode::corrupt) << result.error().text();
    EXPECT_THAT(result.error().where, testing::AnyOf(HasSubstr("CURRENT"), HasSubstr("MANIFEST-999999")))
        << result.error().text();
  }
  fs::remove(current);
  const auto result = open_and_read();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  EXPECT_THAT(result.error().where, HasSubstr("CURRENT"));
  EXPECT_EQ(files_ending(".sst"), data);
}

TEST_F(RocksdbJournal, AFileInPlaceOfTheDirectoryIsRefusedWithTheReason) {
  std::ofstream(directory_) << "x";
  auto journal = try_open();
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::io);
  EXPECT_THAT(journal.error().text(), HasSubstr("directory"));
  journal = open_rocksdb_journal(directory_ + "/below", model_);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::io);
  EXPECT_THAT(journal.error().text(), HasSubstr("Not a directory"));
}

TEST_F(RocksdbJournal, ADirectoryThatMayNotBeWrittenIsRefusedWithTheReason) {
  const auto journal = open_rocksdb_journal("/proc/pollux", model_);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::io);
  EXPECT_THAT(journal.error().text(), HasSubstr("No such file or directory"));
}

TEST_F(RocksdbJournal, ADirectoryOfSomethingElseIsRefusedAndLeftAlone) {
  fs::create_directory(directory_);
  std::ofstream(directory_ + "/notes.txt") << "x";
  const auto journal = try_open();
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, ErrorCode::conflict);
  EXPECT_THAT(journal.error().text(), HasSubstr("notes.txt"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(RocksdbJournal, TheRootOfAnEmptyFileSystemIsTaken) {
  fs::create_directories(directory_ + "/lost+found");
  EXPECT_NE(open(), nullptr);
}

TEST_F(RocksdbJournal, AnInterruptedCreationIsFinishedOnTheNextStart) {
  with_store([](RocksdbStore&) {});
  const auto journal = open();
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(journal->last_position(), 0u);
  EXPECT_EQ(samples::fill(*journal, model_, 3, random_).size(), 3u);
}

}  // namespace
}  // namespace pollux::actors
