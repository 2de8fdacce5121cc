// Whatever the disk does while a snapshot is taken, the journal and the snapshots before it are not hurt, it
// is told, and the next one succeeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <limits>

#include "actors/snapshot/snapshot_format.h"
#include "tests/faults/disk_twin.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

using schema::ErrorCode;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t kPlenty = std::numeric_limits<std::uint64_t>::max() / 2;
constexpr std::uint64_t kDropAll = 1;  // of the journal, but what the oldest snapshot kept needs

bool hit_a_snapshot(const std::string& victim) {
  return victim.find("/snapshots") != std::string::npos;
}

/// A snapshot, without all of the journal before it, and an epoch after it, on a disk that copies are made
/// of: so little that RocksDB has nothing to tidy up in the background.
class SnapshotFaults : public testing::Test {
 protected:
  void prepare() {
    DiskTwin twin(disk_, kDropAll);
    ASSERT_TRUE(twin.start().ok());
    for (int epoch = 0; epoch < 3; ++epoch) ASSERT_TRUE(twin.submit(10).ok());
    ASSERT_TRUE(twin.snapshot().ok());
    ASSERT_TRUE(twin.submit(10).ok());
    ASSERT_GT(twin->journal().first_position(), 1u);
    twin.stop();
    prepared_events_ = 40;
  }

  /// What is under a snapshot's own name is whole, whatever struck.
  static void expect_whole(const actors::SnapshotStore& store) {
    const auto all = store.list();
    ASSERT_TRUE(all.ok()) << all.error().text();
    EXPECT_FALSE(all->empty());
    for (const actors::StoredSnapshot& each : *all) {
      const auto bytes = store.read(each);
      ASSERT_TRUE(bytes.ok()) << bytes.error().text();
      const auto view = actors::read_snapshot(*bytes, each.path);
      EXPECT_TRUE(view.ok()) << view.error().text();
    }
  }

  SimulatedDisk disk_;
  int prepared_events_ = 0;
};

struct FaultCase {
  const char* name;
  Fault fault;
  bool lasting;
};

class FailingSnapshot : public SnapshotFaults, public testing::WithParamInterface<FaultCase> {
 protected:
  /// Takes one while the n-th operation fails; false where there was none left to fail.
  bool fail_at(std::uint64_t n) {
    const auto disk = disk_.copy();
    DiskTwin twin(*disk, kDropAll);
    twin.resume(prepared_events_);
    EXPECT_TRUE(twin.start().ok());
    EXPECT_TRUE(twin.submit(7).ok());
    disk->fail_at(n, GetParam().fault, Operations::all, GetParam().lasting);
    const auto taken = twin.snapshot();
    const bool struck = disk->struck();
    const std::string victim = disk->victim();
    SCOPED_TRACE("operation " + std::to_string(n) + ": " + victim);
    disk->mend();
    const std::string log = twin.take_log();
    if (!taken.ok()) expect_told(twin, taken.error(), log);
    const bool only_looked_for = victim.starts_with("look for");
    EXPECT_TRUE(!taken.ok() || !hit_a_snapshot(victim) || only_looked_for || !log.empty())
        << "it is told all the same";
    ++(taken.ok() ? taken_ : failed_);
    // Where the store itself was hit, what follows may have to wait for a restart, but nothing is lost. What
    // lasts may have hit it too, in the background.
    const bool store_hit = !hit_a_snapshot(victim) || (GetParam().lasting && !twin->failure().empty());
    if (!store_hit) expect_unhurt(twin);
    if (store_hit) twin.submit(5).ok();
    const std::string expected = twin.expected_digest();
    twin.stop();
    std::mt19937_64 random(n);
    disk->power_on(random);
    expect_it_goes_on(twin, expected);
    return struck;
  }

  static void expect_told(DiskTwin& twin, const schema::Error& error, const std::string& log) {
    EXPECT_THAT(log, AllOf(HasSubstr("no snapshot was taken, the twin goes on"), HasSubstr(error.message)));
    EXPECT_EQ(twin->probe().snapshots_failed.value(), 1u);
    EXPECT_NE(error.where, "") << error.text();
    EXPECT_NE(error.advice, "") << error.text();
  }

  static void expect_unhurt(DiskTwin& twin) {
    EXPECT_EQ(twin->failure(), "");
    EXPECT_FALSE(twin->stall().has_value());
    EXPECT_TRUE(twin.submit(5).ok());
    expect_whole(twin.store());
    const auto next = twin.snapshot();
    ASSERT_TRUE(next.ok()) << next.error().text();
    EXPECT_TRUE(next->is_new);
    EXPECT_EQ(next->position, twin->settled_position());
    expect_whole(twin.store());
    EXPECT_TRUE(twin.submit(5).ok());
  }

  /// After a power loss: from a snapshot, with all that was acknowledged, and able to take the next.
  static void expect_it_goes_on(DiskTwin& twin, const std::string& expected) {
    expect_whole(twin.store());
    const auto started = twin.start();
    ASSERT_TRUE(started.ok()) << started.error().text();
    EXPECT_GT(twin->loaded().position, 0u);
    // What was refused may have become durable all the same; sent again, it is there once.
    EXPECT_TRUE(twin.digest() == expected || twin.submit(5).ok());
    EXPECT_EQ(twin.digest(), twin.expected_digest());
    ASSERT_TRUE(twin.submit(5).ok());
    const auto next = twin.snapshot();
    ASSERT_TRUE(next.ok()) << next.error().text();
    EXPECT_EQ(next->position, twin->settled_position());
  }

  int taken_ = 0;
  int failed_ = 0;
};

TEST_P(FailingSnapshot, IsToldHurtsNothingAndTheNextOneSucceeds) {
  constexpr std::uint64_t kOperationsMax = 1'000;
  prepare();
  std::uint64_t n = 0;
  while (fail_at(n) && !HasFailure()) ASSERT_LT(++n, kOperationsMax);
  EXPECT_GT(n, 15u) << "too little was done for this to prove anything";
  EXPECT_GT(failed_, 5) << "too few failed";
  std::cout << n << " operations failed in turn: " << failed_ << " snapshots failed, " << taken_
            << " were taken all the same\n";
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingSnapshot,
                         testing::Values(FaultCase{"InputOutputError", Fault::input_output, false},
                                         FaultCase{"LastingInputOutputError", Fault::input_output, true},
                                         FaultCase{"ShortWrite", Fault::short_write, false},
                                         FaultCase{"LastingShortWrite", Fault::short_write, true},
                                         FaultCase{"NoSpace", Fault::no_space, false},
                                         FaultCase{"LastingNoSpace", Fault::no_space, true}),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(SnapshotFaults, AFullDiskEndsOneGivesItsRoomBackAndTheTwinGoesOn) {
  prepare();
  for (const std::uint64_t room : {0, 10, 100, 500, 1'000, 1'500}) {
    SCOPED_TRACE("room for " + std::to_string(room) + " bytes");
    const auto disk = disk_.copy();
    DiskTwin twin(*disk, kDropAll);
    twin.resume(prepared_events_);
    ASSERT_TRUE(twin.start().ok());
    ASSERT_TRUE(twin.submit(7).ok());
    const std::uint64_t used = disk->used();
    disk->set_capacity(used + room);
    const auto taken = twin.snapshot();
    ASSERT_FALSE(taken.ok()) << "it needs " << taken->bytes;
    EXPECT_EQ(taken.error().code, ErrorCode::no_space) << taken.error().text();
    EXPECT_THAT(twin.take_log(), AllOf(HasSubstr("no snapshot was taken, the twin goes on"),
                                       HasSubstr("the disk is full"), HasSubstr("free some space")));
    EXPECT_EQ(twin->probe().snapshots_failed.value(), 1u);
    EXPECT_EQ(disk->used(), used) << "what was written of it takes no room";
    EXPECT_EQ(twin->probe().journal_disk_full.value(), 0) << "the journal did not ask for any";
    EXPECT_EQ(twin->failure(), "");
    disk->set_capacity(kPlenty);
    EXPECT_TRUE(twin.submit(5).ok());
    const auto next = twin.snapshot();
    ASSERT_TRUE(next.ok()) << next.error().text();
    EXPECT_EQ(next->position, twin->settled_position());
    expect_whole(twin.store());
  }
}

/// A snapshot must not be ahead of the history, which gets over the full disk after the journal.
TEST_F(SnapshotFaults, OneAskedForWhileTheDiskIsFullIsTakenOnceJournalAndHistoryGoOn) {
  prepare();
  DiskTwin twin(disk_, kDropAll);
  twin.resume(prepared_events_);
  ASSERT_TRUE(twin.start().ok());
  disk_.set_capacity(disk_.used());
  EXPECT_EQ(twin.submit(5).error().code, ErrorCode::no_space);
  std::promise<schema::Result<actors::SnapshotTaken>> answer;
  twin->snapshot([&](const auto& outcome) { answer.set_value(outcome); });
  disk_.set_capacity(kPlenty);
  const auto taken = answer.get_future().get();
  ASSERT_TRUE(taken.ok()) << taken.error().text();
  EXPECT_EQ(twin->probe().snapshots_failed.value(), 0u);
  EXPECT_THAT(twin.take_log(), HasSubstr("the history goes on, and nothing is missing in it"));
  EXPECT_GE(twin->history()->bounds().complete, taken->position);
  EXPECT_TRUE(twin.submit(5).ok());
  twin.stop();
  ASSERT_TRUE(twin.start().ok());
  EXPECT_EQ(twin->loaded().position, taken->position);
  EXPECT_EQ(twin.digest(), twin.expected_digest());
  EXPECT_TRUE(twin.snapshot().ok());
}

/// The power fails at the n-th operation of taking one.
class PowerLossInSnapshot : public SnapshotFaults {
 protected:
  /// What is wrong with what is left; `struck` says whether there was an n-th operation.
  std::string lose_power_at(std::uint64_t n, std::uint64_t seed, const SimulatedDisk& prepared,
                            bool& struck) {
    std::mt19937_64 random(seed);
    const auto copy = prepared.copy();
    SimulatedDisk& disk = *copy;
    DiskTwin twin(disk, kDropAll);
    twin.resume(prepared_events_);
    if (!twin.start().ok() || !twin.submit(10).ok()) return "does not run";
    disk.fail_at(n, Fault::power_loss);
    const bool told = twin.snapshot().ok();
    struck = disk.struck();
    const schema::Position newest = twin->settled_position();
    const std::string expected = twin.expected_digest();
    twin.stop();
    disk.power_on(random);
    const auto started = twin.start();
    if (!started.ok()) return "does not start: " + started.error().text();
    if (twin.digest() != expected) return "has another digest";
    const std::string log = twin.take_log();
    if (log.find("the snapshot cannot be used") != std::string::npos) return log;
    if (told && !struck && twin->loaded().position != newest) return "the snapshot is gone";
    if (twin->loaded().position == 0) return "none is left";
    return "";
  }
};

TEST_F(PowerLossInSnapshot, LeavesAWholeOneAndNothingAcknowledgedIsLost) {
  constexpr std::uint64_t kSeeds = 3;
  prepare();
  std::uint64_t losses = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    bool struck = true;
    for (std::uint64_t n = 0; struck; ++n) {
      const std::string wrong = lose_power_at(n, seed * 1'000 + n, disk_, struck);
      ASSERT_EQ(wrong, "") << "operation " << n << ", seed " << seed;
      losses += struck ? 1 : 0;
    }
  }
  EXPECT_GT(losses, 60u) << "too little was done for this to prove anything";
  std::cout << losses << " power losses while a snapshot was taken, nothing lost\n";
}

TEST_F(PowerLossInSnapshot, ControlWhereSyncsDoNothingTheSameRunLosesSnapshots) {
  prepare();
  const auto forgetful = disk_.copy(Syncing::pretended);
  int wrong = 0;
  for (std::uint64_t n = 0; n < 40; ++n) {
    bool struck = true;
    if (!lose_power_at(n, n, *forgetful, struck).empty()) ++wrong;
  }
  EXPECT_GT(wrong, 0) << "nothing was at risk, so this proves nothing";
}

}  // namespace
}  // namespace pollux::faults
