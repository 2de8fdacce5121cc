// A damaged snapshot is named and never gone on from: an older one takes its place, then the journal, and
// where the journal has no beginning any more, the start is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "actors/snapshot/snapshot_format.h"
#include "tests/faults/disk_twin.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

using schema::ErrorCode;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

/// One way to damage a file.
struct Wound {
  std::string what;
  std::string contents;
};

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
  return bytes;
}

/// Where the blocks of a sound snapshot begin, and where the last one ends.
std::vector<std::size_t> block_ends(const std::string& bytes) {
  std::vector<std::size_t> ends = {0, actors::snapshot_format::kFileHeaderBytes};
  const auto view = actors::read_snapshot(bytes, "sound").value();
  for (const auto& block : view.blocks) ends.push_back(block.offset);
  const auto& last = view.blocks.back();
  ends.push_back(last.offset + actors::snapshot_format::kBlockHeaderBytes + last.payload.size());
  ends.push_back(bytes.size());
  return ends;
}

/// In each block: its header flipped in two places, its payload in some, and cut before and within it.
std::vector<Wound> wounds_of_each_block(const std::string& sound) {
  constexpr std::size_t kFlipsOfABlock = 6;
  std::vector<Wound> wounds;
  const auto ends = block_ends(sound);
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const std::size_t from = ends[i];
    const std::size_t step = std::max<std::size_t>(1, (ends[i + 1] - from) / kFlipsOfABlock);
    for (std::size_t at = from; at < ends[i + 1]; at += step)
      wounds.push_back({"flipped at " + std::to_string(at), flipped(sound, at)});
    const std::size_t middle = from + (ends[i + 1] - from) / 2;
    for (const std::size_t size : {from, middle})
      wounds.push_back({"cut to " + std::to_string(size), sound.substr(0, size)});
  }
  return wounds;
}

/// Two snapshots and an epoch after them.
class SnapshotDamage : public testing::Test {
 protected:
  void prepare(std::uint64_t journal_bytes) {
    DiskTwin twin(disk_, journal_bytes);
    ASSERT_TRUE(twin.start().ok());
    for (int i = 0; i < 2; ++i) {
      for (int epoch = 0; epoch < 3; ++epoch) ASSERT_TRUE(twin.submit(10).ok());
      ASSERT_TRUE(twin.snapshot().ok());
    }
    ASSERT_TRUE(twin.submit(10).ok());
    digest_ = twin.digest();
    files_ = twin.store().list().value();
    ASSERT_EQ(files_.size(), 2u);
    EXPECT_EQ(twin->journal().first_position() > 1, journal_bytes != 0);
  }

  SimulatedDisk disk_;
  std::string digest_;
  std::vector<actors::StoredSnapshot> files_;  // newest first
};

TEST_F(SnapshotDamage, OfTheNewestIsNamedWhereverItIsAndTheOlderOneIsUsed) {
  prepare(1);
  const auto wounds = wounds_of_each_block(disk_.read(files_[0].path));
  EXPECT_GT(wounds.size(), 50u);
  for (const Wound& wound : wounds) {
    SCOPED_TRACE(wound.what);
    const auto disk = disk_.copy();
    disk->write(files_[0].path, wound.contents);
    DiskTwin twin(*disk, 1);
    twin.resume(70);
    ASSERT_TRUE(twin.start().ok());
    const std::string log = twin.take_log();
    EXPECT_THAT(log, AllOf(HasSubstr("the snapshot cannot be used"), HasSubstr(files_[0].path),
                           HasSubstr("an older snapshot or the journal is used")));
    EXPECT_THAT(log, AnyOf(HasSubstr("block "), HasSubstr("within its header"), HasSubstr("format version"),
                           HasSubstr("does not begin as a snapshot does")));
    EXPECT_EQ(twin->loaded().position, files_[1].position);
    EXPECT_EQ(twin.digest(), digest_);
    if (HasFailure()) return;
  }
  std::cout << wounds.size() << " wounds, each named\n";
}

TEST_F(SnapshotDamage, TheDamagedOneIsNotCountedAmongThoseKept) {
  prepare(1);
  disk_.write(files_[0].path, flipped(disk_.read(files_[0].path), 100));
  DiskTwin twin(disk_, 1);
  twin.resume(70);
  ASSERT_TRUE(twin.start().ok());
  ASSERT_TRUE(twin.submit(10).ok());
  const auto taken = twin.snapshot();
  ASSERT_TRUE(taken.ok()) << taken.error().text();
  const auto left = twin.store().list().value();
  ASSERT_EQ(left.size(), 2u) << "the older one is still needed should this one be damaged too";
  EXPECT_EQ(left[0].position, taken->position);
  EXPECT_EQ(left[1].position, files_[1].position);
  EXPECT_LE(twin->journal().first_position(), files_[1].position + 1);
}

TEST_F(SnapshotDamage, OfAllOfThemSendsItBackToTheJournal) {
  prepare(0);
  for (const auto& file : files_) disk_.write(file.path, flipped(disk_.read(file.path), file.bytes / 2));
  DiskTwin twin(disk_);
  ASSERT_TRUE(twin.start().ok());
  EXPECT_THAT(twin.take_log(), AllOf(HasSubstr(files_[0].path), HasSubstr(files_[1].path)));
  EXPECT_EQ(twin->loaded().position, 0u);
  EXPECT_EQ(twin.digest(), digest_);
}

TEST_F(SnapshotDamage, OfAllOfThemEndsTheStartWhereTheJournalHasNoBeginning) {
  prepare(1);
  const std::string sound = disk_.read(files_[1].path);
  for (const auto& file : files_) disk_.write(file.path, disk_.read(file.path).substr(0, file.bytes / 2));
  DiskTwin twin(disk_, 1);
  const auto started = twin.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::corrupt);
  EXPECT_THAT(started.error().text(),
              AllOf(HasSubstr(files_[0].path), HasSubstr(files_[1].path), HasSubstr("cut short"),
                    HasSubstr("were dropped"), HasSubstr("restore a backup")));
  disk_.write(files_[1].path, sound);
  ASSERT_TRUE(twin.start().ok()) << "nothing was changed";
  EXPECT_EQ(twin.digest(), digest_);
}

TEST_F(SnapshotDamage, OneThatIsGoneOrOfAnotherNameIsNoneAtAll) {
  prepare(1);
  const std::string newest = disk_.read(files_[0].path);
  disk_.remove(files_[0].path);
  std::string renamed = files_[0].path;
  ++renamed[renamed.find(".snapshot") - 1];
  disk_.write(renamed, newest);
  DiskTwin twin(disk_, 1);
  ASSERT_TRUE(twin.start().ok());
  EXPECT_THAT(twin.take_log(), AllOf(HasSubstr(renamed), HasSubstr("its name is that of another one")));
  EXPECT_EQ(twin->loaded().position, files_[1].position);
  EXPECT_EQ(twin.digest(), digest_);
}

}  // namespace
}  // namespace pollux::faults
