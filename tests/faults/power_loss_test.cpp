// The power fails at a random operation, again and again; what was acknowledged is there every time.
// POLLUX_POWER_LOSSES sets how many times, POLLUX_POWER_SEED where the seeds start.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "actors/journal/journal.h"
#include "tests/faults/kept_record.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

constexpr const char* kDirectory = "/data/plant";

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A journal on one disk, through many power losses.
class Series {
 public:
  Series(std::uint64_t seed, Syncing syncing) : kept_(seed), disk_(syncing) { options_.env = &disk_.env(); }

  /// Looks at what the last power loss left and appends until the next one; now and then another strikes
  /// while the journal is being opened. What is wrong with it, or nothing.
  std::string next() {
    constexpr int kAppendsMax = 20;
    if (kept_.random()() % 4 == 0) {
      lose_power_after(kept_.random()() % 120);
      open_rocksdb_journal(kDirectory, kept_.model(), options_).ok();
      disk_.power_on(kept_.random());
      ++power_losses_;
    }
    auto journal = open_rocksdb_journal(kDirectory, kept_.model(), options_);
    if (!journal.ok()) return "does not open: " + journal.error().text();
    const std::string wrong = kept_.compare(**journal);
    if (!wrong.empty()) return wrong;
    lose_power_after(kept_.random()() % 40);
    for (int i = 0; i < kAppendsMax && kept_.append(**journal).ok(); ++i) {
    }
    std::move(*journal).reset();
    disk_.power_on(kept_.random());
    ++power_losses_;
    return "";
  }

  int power_losses() const { return power_losses_; }
  std::size_t acknowledged() const { return kept_.acknowledged(); }

 private:
  void lose_power_after(std::uint64_t operations) { disk_.fail_at(operations, Fault::power_loss); }

  KeptRecord kept_;
  SimulatedDisk disk_;
  actors::JournalOptions options_;
  int power_losses_ = 0;
};

constexpr std::uint64_t kShards = 2;
constexpr int kLossesOfADisk = 20;

class PowerLoss : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PowerLoss, NothingAcknowledgedIsLostAndTheChainHolds) {
  const std::uint64_t wanted = from_environment("POLLUX_POWER_LOSSES", 2'000) / kShards;
  const std::uint64_t first = from_environment("POLLUX_POWER_SEED", 1);
  std::uint64_t losses = 0;
  std::uint64_t acknowledged = 0;
  for (std::uint64_t seed = first + GetParam(); losses < wanted; seed += kShards) {
    Series series(seed, Syncing::honest);
    while (series.power_losses() < kLossesOfADisk) {
      const std::string wrong = series.next();
      ASSERT_EQ(wrong, "") << "seed " << seed << ", after " << series.power_losses() << " power losses";
    }
    ASSERT_EQ(series.next(), "") << "seed " << seed;
    losses += static_cast<std::uint64_t>(series.power_losses());
    acknowledged += series.acknowledged();
  }
  EXPECT_GT(acknowledged, losses) << "too little was written for this to prove anything";
  std::cout << losses << " power losses, " << acknowledged << " epochs acknowledged, none lost\n";
}

INSTANTIATE_TEST_SUITE_P(Shards, PowerLoss, testing::Range(std::uint64_t{0}, kShards));

TEST(PowerLossInterval, LosesNoMoreThanTheEndWhereAppendsAreSyncedTogether) {
  constexpr std::uint64_t kDisks = 60;
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= kDisks; ++seed) {
    KeptRecord kept(seed);
    SimulatedDisk disk;
    actors::JournalOptions options;
    options.env = &disk.env();
    options.sync_interval = schema::kMinute;  // longer than this test
    {
      const auto journal = open_rocksdb_journal(kDirectory, kept.model(), options).value();
      EXPECT_EQ(journal->loss_window(), schema::kMinute);
      for (int i = 0; i < 12; ++i) ASSERT_TRUE(kept.append(*journal).ok());
      disk.fail_at(0, Fault::power_loss);
    }
    disk.power_on(kept.random());
    const auto journal = open_rocksdb_journal(kDirectory, kept.model(), options);
    ASSERT_TRUE(journal.ok()) << "seed " << seed << ": " << journal.error().text();
    EXPECT_TRUE((*journal)->read(1, [](schema::EpochRecord&) { return true; }).ok()) << "seed " << seed;
    if ((*journal)->last_position() < kept.acknowledged()) ++lost;
  }
  EXPECT_GT(lost, 0) << "nothing was at risk, so this proves nothing";
}

TEST(PowerLossInterval, AnOrderlyStopSyncsWhatIsLeft) {
  KeptRecord kept(3);
  SimulatedDisk disk;
  actors::JournalOptions options;
  options.env = &disk.env();
  options.sync_interval = schema::kMinute;
  {
    const auto journal = open_rocksdb_journal(kDirectory, kept.model(), options).value();
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(kept.append(*journal).ok());
  }
  disk.power_on(kept.random());
  EXPECT_EQ(kept.compare(*open_rocksdb_journal(kDirectory, kept.model(), options).value()), "");
}

TEST(PowerLossControl, WhereSyncsDoNothingTheSameRunLosesWhatWasAcknowledged) {
  constexpr std::uint64_t kDisks = 40;
  int ended_early = 0;
  for (std::uint64_t seed = 1; seed <= kDisks; ++seed) {
    Series series(seed, Syncing::pretended);
    std::string wrong;
    while (wrong.empty() && series.power_losses() < kLossesOfADisk) wrong = series.next();
    EXPECT_NE(wrong, "") << "seed " << seed;
    if (wrong.starts_with("it ends at")) ++ended_early;
  }
  EXPECT_GT(ended_early, 0) << "acknowledged epochs were gone without a trace";
}

}  // namespace
}  // namespace pollux::faults
