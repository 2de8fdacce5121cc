// A byte changed in, or the end cut off, any file of the data directory: noticed and named, or it changes
// nothing. The exceptions are listed in actors/journal/JOURNAL.md and counted here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "actors/journal/journal.h"
#include "tests/faults/kept_record.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

constexpr const char* kDirectory = "/data";

/// What became of one damage.
enum class Verdict : std::uint8_t { named, unnamed, without_effect, last_write_dropped, silent };

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    for (int life = 0; life < 3; ++life) {
      const auto journal = open(disk_);
      ASSERT_TRUE(journal.ok()) << journal.error().text();
      ASSERT_EQ(kept_.compare(**journal), "");
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(kept_.append(**journal).ok());
      before_last_ = kept_;
      for (const std::string& file : disk_.files()) log_before_last_[file] = disk_.read(file).size();
      ASSERT_TRUE(kept_.append(**journal).ok());
    }
  }

  schema::Result<std::unique_ptr<actors::Journal>> open(SimulatedDisk& disk) const {
    actors::JournalOptions options;
    options.env = &disk.env();
    return open_rocksdb_journal(kDirectory, kept_.model(), options);
  }

  /// Opens the disk with `contents` in place of the file's own, and reads and looks up everything.
  Verdict judge(const std::string& file, std::string contents) {
    const auto disk = disk_.copy();
    disk->write(file, std::move(contents));
    const auto journal = open(*disk);
    if (!journal.ok()) return named_in(journal.error().text(), file);
    KeptRecord kept = kept_;
    std::string wrong = kept.compare(**journal);
    if (wrong.empty()) {
      for (const schema::EventKey& key : kept.known_events()) {
        if (!(*journal)->holds(key)) wrong = "an event is not known any more";
      }
      // A look-up cannot tell why it found nothing; the next append does, and none is acknowledged.
      const auto appended = kept.append(**journal);
      if (!appended.ok()) return named_in(appended.error().text(), file);
    }
    if (wrong.empty()) return Verdict::without_effect;
    KeptRecord shorter = *before_last_;
    if (shorter.compare(**journal).empty()) return Verdict::last_write_dropped;
    return wrong.find("cannot be read") == std::string::npos ? Verdict::silent : named_in(wrong, file);
  }

  static Verdict named_in(const std::string& text, const std::string& file) {
    const bool named =
        text.find(file) != std::string::npos || text.find("journal position") != std::string::npos;
    if (!named) std::cout << "unnamed: " << file << ": " << text << "\n";
    return named ? Verdict::named : Verdict::unnamed;
  }

  static std::string kind_of(const std::string& file) {
    if (file.ends_with(".sst") || file.ends_with(".log")) return file.substr(file.size() - 3);
    const std::string name = file.substr(file.rfind('/') + 1);
    return name.substr(0, name.find('-'));
  }

  void expect(const std::string& file, std::size_t at, const char* what, Verdict verdict) {
    ++verdicts_[kind_of(file)][verdict];
    const std::string where = file + ", byte " + std::to_string(at) + " " + what;
    EXPECT_NE(verdict, Verdict::silent) << where;
    EXPECT_NE(verdict, Verdict::unnamed) << where;
    EXPECT_NE(verdict, Verdict::last_write_dropped) << where;
    // RocksDB never reads the first two, DURABLE proves nothing when damaged, and a table has blocks that
    // only save time (filters) or describe it.
    const std::string kind = kind_of(file);
    const bool is_read = kind != "IDENTITY" && kind != "OPTIONS" && kind != "DURABLE" && kind != "sst";
    if (is_read && verdict == Verdict::without_effect) unread_.push_back(where);
  }

  void report() const {
    for (const auto& [kind, verdicts] : verdicts_) {
      std::cout << kind << ":";
      const auto count = [&](Verdict verdict) {
        return verdicts.contains(verdict) ? verdicts.at(verdict) : 0;
      };
      std::cout << " " << count(Verdict::named) << " noticed and named, "
                << count(Verdict::last_write_dropped) << " taken for a torn last write, "
                << count(Verdict::without_effect) << " without effect\n";
    }
  }

  KeptRecord kept_{7};
  std::optional<KeptRecord> before_last_;
  std::map<std::string, std::size_t> log_before_last_;  // bytes, when all but the last record was written
  SimulatedDisk disk_;
  std::map<std::string, std::map<Verdict, int>> verdicts_;
  std::vector<std::string> unread_;
};

TEST_F(Damage, OfAnyBlockIsNoticedAndNamedOrChangesNothing) {
  constexpr std::size_t kStepsOfAFile = 60;
  for (const std::string& file : disk_.files()) {
    const std::string sound = disk_.read(file);
    const std::size_t step = std::max<std::size_t>(1, sound.size() / kStepsOfAFile);
    for (std::size_t at = 0; at < sound.size(); at += step) {
      std::string flipped = sound;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      expect(file, at, "flipped", judge(file, flipped));
    }
  }
  report();
  EXPECT_THAT(unread_, testing::IsEmpty());
}

TEST_F(Damage, ByCuttingIsNoticedAndNamedOrChangesNothing) {
  constexpr std::size_t kStepsOfAFile = 20;
  for (const std::string& file : disk_.files()) {
    const std::string sound = disk_.read(file);
    const std::size_t step = std::max<std::size_t>(1, sound.size() / kStepsOfAFile);
    for (std::size_t at = 0; at < sound.size(); at += step)
      expect(file, at, "cut", judge(file, sound.substr(0, at)));
  }
  report();
}

TEST_F(Damage, InFrontOfAnIntactWriteIsNoticedWithoutANoteOfWhatWasDurable) {
  disk_.remove(std::string(kDirectory) + "/DURABLE");
  for (const std::string& file : disk_.files()) {
    if (kind_of(file) != "log") continue;
    const std::string sound = disk_.read(file);
    for (std::size_t at = 0; at < log_before_last_.at(file); at += 61) {
      std::string flipped = sound;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      EXPECT_EQ(judge(file, flipped), Verdict::named) << file << ", byte " << at;
    }
  }
}

}  // namespace
}  // namespace pollux::faults
