// Every block of a whole data directory on a real disk (journal, history, quarantine, snapshots), flipped and
// cut: what `pollux journal verify` and `pollux snapshot list` look at names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "actors/journal/journal_inspection.h"
#include "actors/snapshot/snapshot_format.h"
#include "actors/storage/rocksdb_store.h"
#include "tests/faults/disk_twin.h"

namespace pollux::faults {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void write_file(const fs::path& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

/// How often a kind of file was damaged, and what came of it.
struct Count {
  int tried = 0;
  int named = 0;
  int without_effect = 0;
};

class DirectoryDamage : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "pollux_damage_XXXXXX";
    root_ = mkdtemp(pattern.data());
    directory_ = (root_ / "data").string();
    for (int life = 0; life < 2; ++life) {
      DiskTwin twin(*rocksdb::Env::Default(), directory_);
      twin.resume(600 * life);
      ASSERT_TRUE(twin.start().ok());
      for (int epoch = 0; epoch < 20; ++epoch) ASSERT_TRUE(twin.submit(30).ok());
      ASSERT_TRUE(twin.snapshot().ok());
    }
    ASSERT_EQ(faults(), "") << "it is sound";
    sound_contents_ = everything();
  }
  void TearDown() override { fs::remove_all(root_); }

  /// All that is found wrong with the directory.
  std::string faults() const {
    const auto opened = actors::JournalInspection::open(directory_);
    if (!opened.ok()) return opened.error().text();
    std::string all;
    for (const auto& fault : (*opened)->verify(1, UINT64_MAX).faults) all += fault.text() + "\n";
    if (const auto files = (*opened)->verify_files(); !files.ok()) all += files.error().text() + "\n";
    const actors::SnapshotStore store(directory_);
    const auto snapshots = store.list().value();
    for (const auto& each : snapshots) {
      const std::string bytes = store.read(each).value();
      const auto view = actors::read_snapshot(bytes, each.path);
      if (!view.ok()) all += view.error().text() + "\n";
    }
    return all;
  }

  /// Every key and value of the store.
  std::string everything() const {
    const auto store = actors::RocksdbStore::open_read_only(directory_);
    if (!store.ok()) return store.error().text();
    std::string all;
    for (auto* family : {(*store)->records(), (*store)->quarantine(), (*store)->meta(),
                         (*store)->identities(), (*store)->changes(), (*store)->history()}) {
      const std::unique_ptr<rocksdb::Iterator> at((*store)->database().NewIterator({}, family));
      for (at->SeekToFirst(); at->Valid(); at->Next())
        all += at->key().ToString() + "=" + at->value().ToString() + "\n";
      all += at->status().ToString() + "\n";
    }
    return all;
  }

  static std::string kind_of(const fs::path& file) {
    if (!file.extension().empty()) return file.extension().string();
    const std::string name = file.filename().string();
    return name.substr(0, name.find('-'));
  }

  void damage(const fs::path& file, const std::string& what, const std::string& contents) {
    const std::string sound = read_file(file);
    write_file(file, contents);
    const std::string found = faults();
    const bool same = found.empty() && everything() == sound_contents_;
    write_file(file, sound);
    Count& count = counts_[kind_of(file)];
    ++count.tried;
    const bool named =
        found.find(file.filename().string()) != std::string::npos || found.find("journal position") == 0;
    if (named) ++count.named;
    if (same) ++count.without_effect;
    if (!named && !same) unnamed_[kind_of(file)] += file.string() + " " + what + ": " + found + "\n";
  }

  /// What nothing is read from, or what proves nothing by itself: see JOURNAL.md.
  static bool is_evidence_only(const std::string& kind) {
    return kind == "IDENTITY" || kind == "OPTIONS" || kind == "DURABLE";
  }

  void expect_all_named() const {
    for (const auto& [kind, count] : counts_) {
      std::cout << kind << ": " << count.named << " of " << count.tried << " named, " << count.without_effect
                << " without effect\n";
      EXPECT_EQ(count.named + count.without_effect, count.tried)
          << (unnamed_.contains(kind) ? unnamed_.at(kind) : "");
      // A table has a few bytes that only describe it.
      EXPECT_TRUE(is_evidence_only(kind) || count.without_effect <= count.tried / 20) << kind;
    }
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      if (entry.is_regular_file() && entry.file_size() > 0) all.push_back(entry.path());
    }
    std::ranges::sort(all);
    return all;
  }

  fs::path root_;
  std::string directory_;
  std::string sound_contents_;
  std::map<std::string, Count> counts_;
  std::map<std::string, std::string> unnamed_;
};

/// RocksDB looks into a table's properties before it checks their checksum, and Debian's, which keeps its
/// assertions, ends the process at one bit there: the one that announces an index of hashes, the highest of
/// the number of restart points, which is 1.
bool ends_rocksdb(const fs::path& file, const std::string& sound, std::size_t at) {
  constexpr std::string_view kOneRestart("\1\0\0\0", 4);
  return file.extension() == ".sst" && at % 8 == 7 && at >= 3 && sound.substr(at - 3, 4) == kOneRestart;
}

TEST_F(DirectoryDamage, ByAFlippedBitIsNamed) {
  constexpr std::size_t kFlipsOfAFile = 30;
  for (const fs::path& file : files()) {
    const std::string sound = read_file(file);
    const std::size_t step = std::max<std::size_t>(1, sound.size() / kFlipsOfAFile);
    for (std::size_t at = step / 2; at < sound.size(); at += step) {
      if (ends_rocksdb(file, sound, at)) continue;
      std::string contents = sound;
      contents[at] = static_cast<char>(contents[at] ^ (1 << at % 8));
      damage(file, "flipped at " + std::to_string(at), contents);
    }
  }
  expect_all_named();
}

TEST_F(DirectoryDamage, ByCuttingIsNamed) {
  constexpr std::size_t kCutsOfAFile = 12;
  for (const fs::path& file : files()) {
    const std::string sound = read_file(file);
    const std::size_t step = std::max<std::size_t>(1, sound.size() / kCutsOfAFile);
    for (std::size_t size = 0; size < sound.size(); size += step)
      damage(file, "cut to " + std::to_string(size), sound.substr(0, size));
  }
  expect_all_named();
}

}  // namespace
}  // namespace pollux::faults
