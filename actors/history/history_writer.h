// A thread that writes history, so that neither propagation nor readers wait for it.
#pragma once

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
  /// What is younger than this stays, whatever the bounds: late events may need it.
  schema::Duration at_least = 0;
};

/// Takes settled epochs in one after another. The queue is bounded by the twin: it forms no epoch while the
/// writer is behind.
class HistoryWriter {
 public:
  /// Changes that may wait; beyond it the writer is behind.
  static constexpr std::size_t kQueueChangesMax = 500'000;

  /// `caught_up` is called on the writer's thread when it is no longer behind, `failed` once, after which
  /// nothing more is written. `history` and `probe` must outlive it.
  HistoryWriter(History& history, const HistoryRetention& retention, DomainProbe& probe,
                std::function<void()> caught_up, std::function<void(const schema::Error&)> failed);
  /// Writes what is queued, then ends.
  ~HistoryWriter();

  /// The history has begun anew at this position. REQUIRES: nothing was appended.
  void begun_at(schema::Position position);
  /// Whether the history lacked this epoch when it was opened.
  bool wants(schema::Position position) const { return position > found_; }
  /// REQUIRES: wanted, and the one after the last.
  void append(EpochChangesPtr epoch);
  bool behind() const;
  void wait_while_behind() const;
  /// Whether it had to stop, for what `failed` was told.
  bool broken() const;

  /// Returns true once the history holds everything up to `position`, false when it has not come so far
  /// within `patience`.
  bool wait_for(schema::Position position, std::chrono::milliseconds patience) const;

 private:
  void run();
  bool write(const EpochChangesPtr& epoch);
  schema::Result<void> retain();
  schema::Position drop_target() const;

  /// Retention is looked after once in so many epochs.
  static constexpr std::size_t kRetainEvery = 256;
  /// Of what is over the bound, so much more is dropped at a time: dropping looks at every series.
  static constexpr std::uint64_t kSlack = 10;

  History& history_;
  const HistoryRetention retention_;
  DomainProbe& probe_;
  const std::function<void()> caught_up_;
  const std::function<void(const schema::Error&)> failed_;
  schema::Position found_;
  std::size_t until_retain_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<EpochChangesPtr> queue_;
  std::size_t queued_changes_ = 0;
  bool was_behind_ = false;
  bool stopping_ = false;
  bool broken_ = false;
  schema::Position written_ = 0;
  std::thread thread_;
};

}  // namespace pollux::actors
