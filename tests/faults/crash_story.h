// One twin in a server that is killed again and again.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "schema/model/model.h"
#include "tests/faults/recording_client.h"
#include "tests/faults/seen_journal.h"
#include "tests/faults/server_process.h"

namespace pollux::faults {

/// What all stories of a run came to.
struct Totals {
  std::uint64_t kills = 0;
  std::uint64_t while_serving = 0, while_recovering = 0, while_stopping = 0, in_offline_backup = 0;
  std::uint64_t in_snapshot = 0, in_online_backup = 0, in_recovery_from_snapshot = 0;  ///< Of those kills.
  std::uint64_t started_from_snapshot = 0, started_without_beginning = 0, backups_restored = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0, doubled = 0;
};

/// A random twin and its data directory, through several deaths. Whether it takes snapshots, drops its
/// journal's beginning and is backed up meanwhile is chosen at random, too.
class Story {
 public:
  Story(std::uint64_t seed, Totals& totals);
  ~Story();

  void live_and_die();
  /// The last word: it starts once more, and journal, engine and oracle agree on everything.
  void end();

 private:
  struct BackupTaken {
    std::uint32_t number = 0;
    std::vector<std::size_t> answered;  // by client, before it was asked for
  };

  schema::Model make_model();
  void choose_ways();
  std::vector<std::string> arguments() const;
  bool shortens_now() const;
  std::unique_ptr<ServerProcess> start_and_compare();
  static void wait_until(const std::function<bool()>& met);
  void die_while_recovering();
  void die_while_backing_up();
  void note_death();
  bool backs_up_until_it_dies(const std::string& url);

  schema::EventBatch look_at_the_journal();
  schema::EventBatch events_up_to(schema::Position last) const;
  void look_at_the_backups();
  void start_from_copy(const std::string& directory);

  std::string digest_of(const schema::EventBatch& events, bool with_oracle = false) const;

  std::mt19937_64 random_;
  Totals& totals_;
  std::string snapshot_every_;  // empty: the default
  bool shortens_ = false;
  bool backs_up_ = false;
  std::string memory_;  // empty: the default
  std::string sync_ = "always";
  std::string text_;
  const schema::Model model_;
  std::filesystem::path directory_;
  std::vector<std::unique_ptr<RecordingClient>> clients_;
  SeenJournal seen_;
  int lives_ = 0;
  std::int64_t starting_us_ = 80'000;  // how long the last start took
  std::vector<BackupTaken> backups_;
  std::atomic<std::size_t> backups_answered_{0};
  std::vector<std::string> backup_refusals_;
  std::uint32_t backup_restored_ = 0;
};

}  // namespace pollux::faults
