// Every operation on the disk fails once, and once for good: the first, the second, until none is left.
#include <gtest/gtest.h>

#include <iostream>

#include "actors/journal/journal.h"
#include "tests/faults/kept_record.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

constexpr const char* kDirectory = "/data";
constexpr std::uint64_t kOperationsMax = 5'000;

struct FaultCase {
  const char* name;
  Fault fault;
  bool lasting;
};

class FailingOperation : public testing::TestWithParam<FaultCase> {
 protected:
  /// A journal that has lived a little: files to read, to compact and to delete.
  void prepare(KeptRecord& kept, SimulatedDisk& disk) {
    for (int life = 0; life < 3; ++life) {
      auto journal = open(kept, disk);
      ASSERT_TRUE(journal.ok()) << journal.error().text();
      ASSERT_EQ(kept.compare(**journal), "");
      for (int i = 0; i < 6; ++i) ASSERT_TRUE(kept.append(**journal).ok());
    }
  }

  static schema::Result<std::unique_ptr<actors::Journal>> open(const KeptRecord& kept, SimulatedDisk& disk) {
    actors::JournalOptions options;
    options.env = &disk.env();
    return open_rocksdb_journal(kDirectory, kept.model(), options);
  }

  /// Opens, reads, looks up, appends, closes. Every failure has to be told, and told well.
  static void live(KeptRecord& kept, SimulatedDisk& disk) {
    auto journal = open(kept, disk);
    if (!journal.ok()) {
      expect_told(journal.error(), disk);
      return;
    }
    schema::Position read = 0;
    const auto outcome = (*journal)->read(1, [&](schema::EpochRecord& record) {
      EXPECT_EQ(record.position, ++read);
      return true;
    });
    if (!outcome.ok()) expect_told(outcome.error(), disk);
    EXPECT_TRUE(!outcome.ok() || read == kept.acknowledged()) << disk.victim();
    const bool known = (*journal)->holds(kept.known_events().front());
    for (int i = 0; i < 4; ++i) {
      const auto appended = kept.append(**journal);
      EXPECT_TRUE(!appended.ok() || known)
          << "a failed look-up made a known event a new one: " << disk.victim();
      if (!appended.ok()) {
        expect_told(appended.error(), disk);
        return;
      }
    }
  }

  static void expect_told(const schema::Error& error, const SimulatedDisk& disk) {
    EXPECT_TRUE(disk.struck()) << error.text();
    EXPECT_NE(error.message, "");
    EXPECT_NE(error.where, "");
    EXPECT_NE(error.advice, "");
  }
};

TEST_P(FailingOperation, IsToldAndLosesNothingThatWasAcknowledged) {
  KeptRecord prepared(1);
  SimulatedDisk prepared_disk;
  prepare(prepared, prepared_disk);
  std::uint64_t n = 0;
  for (bool struck = true; struck; ++n) {
    ASSERT_LT(n, kOperationsMax);
    KeptRecord kept = prepared;
    const auto copy = prepared_disk.copy();
    SimulatedDisk& disk = *copy;
    disk.fail_at(n, GetParam().fault, Operations::all, GetParam().lasting);
    live(kept, disk);
    struck = disk.struck();
    const std::string victim = disk.victim();
    // Whatever was acknowledged beside a fault has to be on the disk, not only in memory.
    disk.power_on(kept.random());
    auto journal = open(kept, disk);
    ASSERT_TRUE(journal.ok()) << n << ": " << victim << ": " << journal.error().text();
    ASSERT_EQ(kept.compare(**journal), "") << n << ": " << victim;
    ASSERT_TRUE(kept.append(**journal).ok()) << n << ": " << victim;
    if (HasFailure()) FAIL() << "operation " << n << ": " << victim;
  }
  EXPECT_GT(n, 50u) << "too little was done for this to prove anything";
  std::cout << n - 1 << " operations failed in turn\n";
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingOperation,
                         testing::Values(FaultCase{"InputOutputError", Fault::input_output, false},
                                         FaultCase{"LastingInputOutputError", Fault::input_output, true},
                                         FaultCase{"ShortWrite", Fault::short_write, false},
                                         FaultCase{"LastingShortWrite", Fault::short_write, true},
                                         FaultCase{"NoSpace", Fault::no_space, false},
                                         FaultCase{"LastingNoSpace", Fault::no_space, true}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace pollux::faults
