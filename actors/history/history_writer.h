// A thread that writes history, so that neither propagation nor readers wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/change.h"
#include "actors/history/history.h"
#include "actors/probe.h"
#include "schema/result.h"

namespace pollux::actors {

/// What of the history is kept; 0: without that bound.
struct HistoryRetention {
  schema::Duration age = 0;  ///< Behind the twin's clock.
  std::uint64_t bytes = 0;
  /// What is younger than this stays, whatever the bounds: late events may need it. Those of a replay, too:
  /// it is counted from the clock of the oldest snapshot that a restart may go on from.
  schema::Duration at_least = 0;
};

/// Takes settled epochs in one after another. The queue is bounded by the twin: it forms no epoch while the
/// writer is behind.
///
/// Where the history cannot be written, it stops and tries again now and then; what was not yet durable is
/// held in memory until it is, so once it can be written it goes on without a gap. Should more come meanwhile
/// than may wait, it ends: the next start completes the history from the journal.
class HistoryWriter {
 public:
  /// Changes that may wait; beyond it the writer is behind.
  static constexpr std::size_t kQueueChangesMax = 500'000;
  /// Changes and epochs held until they are durable; beyond it they are made so.
  static constexpr std::size_t kHeldChangesMax = 1'000'000;
  static constexpr std::size_t kHeldEpochsMax = 50'000;

  /// Called on the writer's thread.
  struct Hooks {
    std::function<void()> caught_up;  ///< It is no longer behind.
    /// It stops, and will try again or, `for_good`, will not.
    std::function<void(const schema::Error&, bool for_good)> stopped;
    std::function<void()> resumed;
  };

  /// `retry`: how often it tries again. `history` and `probe` must outlive it.
  HistoryWriter(History& history, const HistoryRetention& retention, std::chrono::nanoseconds retry,
                DomainProbe& probe, Hooks hooks);
  /// Writes what is queued, then ends.
  ~HistoryWriter();

  /// The history has begun anew at this position. REQUIRES: nothing was appended.
  void begun_at(schema::Position position);
  /// A restart may go on from a snapshot of this position, and replay from there what reaches back `at_least`
  /// from the clock then; 0: there is no snapshot.
  void restarts_from(schema::Position position) { restart_.store(position, std::memory_order_relaxed); }
  /// Whether the history lacked this epoch when it was opened.
  bool wants(schema::Position position) const { return position > found_; }
  /// REQUIRES: wanted, and the one after the last.
  void append(EpochChangesPtr epoch);
  bool behind() const;
  void wait_while_behind() const;
  /// Whether it stands still, for what `stopped` was told.
  bool stopped() const;
  /// What is under the history may have been closed and opened again: it goes on soon, though no epoch comes.
  void look_again();

  /// Returns true once the history holds everything up to `position`, false when it has not come so far
  /// within `patience`, or at once where it has stopped, unless `though_stopped`.
  bool wait_for(schema::Position position, std::chrono::milliseconds patience,
                bool though_stopped = false) const;

 private:
  void run();
  schema::Result<void> write(const EpochChangesPtr& epoch);
  schema::Result<void> make_durable();
  bool go_on_after(const schema::Error& why);
  bool wait_to_retry();
  void written(const EpochChangesPtr& epoch);
  void end(const schema::Error& why);
  schema::Result<void> retain();
  schema::Position drop_target() const;
  schema::Position needed_from(const HistoryBounds& bounds) const;

  /// Retention is looked after once in so many epochs.
  static constexpr std::size_t kRetainEvery = 256;
  /// Of what is over the bound, so much more is dropped at a time: dropping looks at every series.
  static constexpr std::uint64_t kSlack = 10;

  History& history_;
  const HistoryRetention retention_;
  DomainProbe& probe_;
  const std::chrono::nanoseconds retry_;
  const Hooks hooks_;
  schema::Position found_;
  std::size_t until_retain_ = 0;
  std::atomic<schema::Position> restart_{0};
  std::deque<EpochChangesPtr> held_;  // not yet durable
  std::size_t held_changes_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<EpochChangesPtr> queue_;
  std::size_t queued_changes_ = 0;
  bool was_behind_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
  bool ended_ = false;  // it stays stopped
  bool look_again_ = false;
  schema::Position written_ = 0;
  std::thread thread_;
};

}  // namespace pollux::actors
