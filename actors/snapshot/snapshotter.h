// Takes snapshots in the background and lets go of the journal that they stand for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/history/history.h"
#include "actors/history/history_writer.h"
#include "actors/journal/journal.h"
#include "actors/probe.h"
#include "actors/snapshot/snapshot_content.h"
#include "actors/snapshot/snapshot_store.h"
#include "schema/result.h"

namespace pollux::actors {

/// Which snapshots there are, and how much of the journal is kept beyond what they need.
struct SnapshotOptions {
  std::shared_ptr<SnapshotStore> store;  ///< Null: there are none, and the rest means nothing.
  schema::Duration every = 0;            ///< By the wall clock; 0: only when one is asked for.
  std::size_t kept = 2;                  ///< At least 1.
  schema::Duration journal_age = 0;      ///< Behind the twin's clock; 0: for ever.
  std::uint64_t journal_bytes = 0;       ///< About; 0: any amount.
};

/// A snapshot that is on disk.
struct SnapshotTaken {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  schema::EventTime taken = 0;
  std::uint64_t bytes = 0;
  bool is_new = true;  ///< False: there was one of this position already.
};

/// What a Snapshotter works on; everything outlives it.
struct SnapshotSurroundings {
  const schema::Model& model;
  Journal& journal;
  History* history = nullptr;  ///< Null where none is kept; else `history_writer` writes it.
  HistoryWriter* history_writer = nullptr;
  DomainProbe& probe;
  const std::vector<schema::Misfit>& misfits;
  /// Lets `use` run on the supervisor's thread between two epochs, or, if `quiet`, when none is on its way.
  std::function<void(bool quiet, std::function<void(DomainParts&)> use)> lend;
  /// Runs a task soon, one after another; empty: a thread of its own does. For simulations.
  std::function<void(std::function<void()>)> later;
  std::function<schema::EventTime()> now;
  std::function<void(const std::string&)> warn;  ///< May be empty.
  /// The journal stays as far back from the clock of the oldest snapshot as this, for what late events may
  /// need of it.
  schema::Duration journal_at_least = 0;
};

/// Takes one snapshot at a time. It stands for the journal only once it and the history up to it are durable;
/// then the journal may be shortened, as far as the oldest snapshot kept does not need it.
///
/// Thread-safe. Goes on by turns: a portion is captured on the supervisor's thread, then written on another.
class Snapshotter {
 public:
  using Done = std::function<void(schema::Result<SnapshotTaken>)>;

  /// `newest`: what the twin was loaded from; position 0 for nothing. `unusable`: positions of files that
  /// were found damaged. `events_behind`: replayed since `newest`.
  Snapshotter(const SnapshotOptions& options, SnapshotSurroundings surroundings, const SnapshotTaken& newest,
              std::set<schema::Position> unusable, std::uint64_t events_behind);
  /// REQUIRES: `stop` was called, and nothing is under way.
  ~Snapshotter();

  /// Takes one, or joins the one that is under way. `done`: once, on another thread. Errors: unavailable when
  /// stopping; no_space, io; conflict where nothing was ever journaled.
  void take(Done done);

  /// From now on none is begun; one under way is given up, soon.
  void stop();
  /// Takes a last one, if what it would save a restart is worth it; after `stop`.
  void take_last();
  bool idle() const;
  void wait_until_idle() const;

 private:
  struct Work;

  void run();
  void later(std::function<void()> task);
  void begin(Done done, bool last);
  bool given_up() const;
  void captured_first();
  schema::Result<void> open_file();
  void captured();
  void written();
  schema::Result<void> write_portion();
  schema::Result<SnapshotTaken> complete();
  void shorten_journal();
  schema::Position first_to_keep(const StoredSnapshot& oldest) const;
  void end(schema::Result<SnapshotTaken> outcome);
  void answer(const schema::Result<SnapshotTaken>& outcome);
  void lend(bool quiet, std::function<void(DomainParts&)> use);

  /// A restart that replays fewer events than this takes no more than a moment.
  static constexpr std::uint64_t kReplayedInAMoment = 300'000;
  static constexpr std::chrono::seconds kHistoryPatience{60};

  const SnapshotOptions options_;
  const SnapshotSurroundings surroundings_;
  std::unique_ptr<Work> work_;  // of the one under way, used by whose turn it is
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<Done> waiting_;
  bool busy_ = false;
  bool stopping_ = false;  // none is begun, the one under way is given up
  bool ending_ = false;    // the thread ends
  SnapshotTaken newest_;
  std::uint64_t events_covered_ = 0;  // by the newest one, of those accepted in this process
  std::uint64_t events_behind_ = 0;   // and before
  std::set<schema::Position> unusable_;
  std::thread thread_;
};

}  // namespace pollux::actors
