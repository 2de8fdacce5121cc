// `kill -9` of the whole server at random moments, while it serves, takes snapshots, is backed up, recovers
// or shuts down: nothing that was acknowledged over HTTP is lost, nothing counts twice, and the state is the
// oracle's. POLLUX_CRASH_SECONDS runs that long instead of a few kills; POLLUX_CRASH_SEED sets where the
// seeds start.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/faults/crash_story.h"

namespace pollux::faults {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void print(const Totals& totals) {
  std::cout << totals.kills << " kills: " << totals.while_serving << " while serving, "
            << totals.while_recovering << " while starting, " << totals.while_stopping << " while stopping, "
            << totals.in_offline_backup << " in `pollux backup`; of these " << totals.in_snapshot
            << " in a snapshot, " << totals.in_online_backup << " in an online backup, "
            << totals.in_recovery_from_snapshot << " right after a snapshot was loaded\n"
            << totals.started_from_snapshot << " starts from a snapshot, " << totals.started_without_beginning
            << " without the journal's beginning, " << totals.backups_restored << " backups restored\n"
            << totals.acknowledged << " events acknowledged, " << totals.lost << " lost, " << totals.doubled
            << " applied twice\n";
}

TEST(Crash, KilledAtAnyMomentTheServerLosesNothingAcknowledgedAndCountsNothingTwice) {
  constexpr int kLivesOfAStory = 6;
  constexpr std::uint64_t kKillsInCi = 80;
  const auto begun = std::chrono::steady_clock::now();
  const std::chrono::seconds wanted(from_environment("POLLUX_CRASH_SECONDS", 0));
  Totals totals;
  for (std::uint64_t seed = from_environment("POLLUX_CRASH_SEED", 1); !HasFailure(); ++seed) {
    const bool long_enough = std::chrono::steady_clock::now() - begun >= wanted;
    if (long_enough && (wanted.count() > 0 || totals.kills >= kKillsInCi)) break;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed, totals);
    for (int life = 0; life < kLivesOfAStory && !HasFailure(); ++life) story.live_and_die();
    if (!HasFailure()) story.end();
  }
  print(totals);
  EXPECT_GT(totals.acknowledged, 10 * totals.kills) << "too little was sent for this to prove anything";
  EXPECT_GT(totals.started_from_snapshot, 0u);
  EXPECT_GT(totals.started_without_beginning, 0u);
  EXPECT_GT(totals.in_snapshot, 0u);
  EXPECT_GT(totals.backups_restored, 0u);
}

}  // namespace
}  // namespace pollux::faults
