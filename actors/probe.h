// Instruments: what the engine counts about itself. Monitoring reads them; nothing here knows Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pollux::actors {

/// A monotonic count. Thread-safe.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  /// The same where one thread alone ever adds: no locked instruction.
  void add_alone(std::uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A level. Thread-safe.
class Gauge {
 public:
  void set(std::int64_t x) { value_.store(x, std::memory_order_relaxed); }
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// A distribution of durations over fixed buckets, 1-2-5 from 10 us to 10 s. Thread-safe.
class DurationHistogram {
 public:
  static constexpr std::array<std::int64_t, 19> kBoundsNs = {
      10'000,      20'000,        50'000,        100'000,       200'000,       500'000,     1'000'000,
      2'000'000,   5'000'000,     10'000'000,    20'000'000,    50'000'000,    100'000'000, 200'000'000,
      500'000'000, 1'000'000'000, 2'000'000'000, 5'000'000'000, 10'000'000'000};

  void record(std::int64_t ns) {
    std::size_t i = 0;
    while (i < kBoundsNs.size() && ns > kBoundsNs[i]) ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(ns, std::memory_order_relaxed);
  }
  void record_since(std::chrono::steady_clock::time_point start) {
    const auto span = std::chrono::steady_clock::now() - start;
    record(std::chrono::duration_cast<std::chrono::nanoseconds>(span).count());
  }
  /// Samples in bucket `i` alone (not cumulative); the last one is above every bound.
  std::uint64_t count(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  std::int64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kBoundsNs.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_ns_{0};
};

/// What became of the events of one source, and which of its sequence numbers are missing. Of accepted events
/// and their numbers, replay included; otherwise since the process started.
struct SourceProbe {
  std::string name;  ///< `*`: all that the model does not declare; their sequence numbers are not followed.
  Counter accepted;
  Counter duplicates;
  Counter too_late;
  Counter from_the_future;
  Counter poison;
  Counter refused;
  Gauge newest_time_ns;    ///< Latest event time; `kBeginning` before any.
  Gauge sequence_highest;  ///< 0 where it counts none.
  Gauge sequence_missing;
  Gauge sequence_gaps;
  Gauge sequence_lost;
  Gauge sequence_restarts;
};

/// What a domain counts. All totals since the process started, replay not included unless said.
struct DomainProbe {
  Counter events_accepted;
  Counter events_duplicate;
  Counter events_too_late;
  Counter events_from_the_future;
  Counter events_poison;
  Counter events_refused;  ///< To be set aside while the quarantine was full.
  Counter quarantine_admitted;
  Counter quarantine_discarded;
  Counter misfit_events;  ///< Of replayed records, left out because the model no longer has their names.
  Counter misfit_values;
  Counter submissions_refused_queue_full;
  Counter submissions_refused_disk_full;
  Counter journal_append_failures;
  Counter epochs_settled;
  Counter epochs_replayed;
  Counter entities_evaluated;
  Counter steps_failed;  ///< Evaluations whose result was bad.
  Counter revisions;     ///< Changes to an already settled past.
  Counter
      observations_passed_over;  ///< Values of `sample: latest` that an epoch had newer ones of; replay too.
  Counter changes;               ///< Values that changed, revisions included.
  Counter journal_bytes;
  Counter actors_restarted;     ///< Entities whose actor died and was replaced.
  Counter epochs_catching_up;   ///< Without events: a clock with far to go comes there in several.
  Counter epochs_recalled;      ///< That reached back further than memory; replay too.
  Counter attributes_recalled;  ///< Whose past was brought back for such an epoch.
  Counter epochs_full;  ///< Epochs that left submissions waiting because they had as many events as allowed.
  Gauge pins;           ///< Settled states that are held on to.
  Gauge pinned_entities;                   ///< Entities kept as they were, because they have changed since,
  Gauge pinned_bytes;                      ///< and the memory that this takes.
  Counter episodes_dropped;                ///< Beyond what is kept of each constraint.
  Gauge remembered_events;                 ///< Identities kept in memory to tell duplicates.
  std::array<Gauge, 3> quarantine_events;  ///< Waiting to be decided, by `schema::QuarantineReason`.
  Gauge quarantine_bytes;
  Gauge quarantine_events_max;
  Gauge quarantine_bytes_max;
  std::vector<SourceProbe> sources;  ///< By source index; made before anything reads it.
  Gauge entities;
  Gauge revised_events;  ///< Kept because corrections or retractions speak of them.
  Gauge revised_events_max;
  Gauge epoch_events;  ///< In the newest epoch.
  Gauge epoch_events_max;
  Gauge change_epochs;  ///< Whose changes are kept for readers that resume.
  Gauge change_epochs_max;
  Gauge changes_kept;  ///< In all of these.
  Gauge changes_kept_max;
  Gauge episodes_kept;
  Gauge episodes_per_constraint_max;
  Gauge queue_events;  ///< Submitted, not yet settled.
  Gauge queue_events_max;
  Gauge clock_ns;  ///< The twin's clock, event time.
  Gauge settled_position;
  Gauge history_position;          ///< The newest epoch in the history; lags the settled one a little.
  Gauge history_dropped_position;  ///< Epochs up to this one are no longer in the history.
  Gauge history_bytes;             ///< As last looked at.
  Gauge history_stopped;           ///< 1 while it cannot be written.
  Gauge journal_disk_full;         ///< 1 while the journal waits for space.
  Gauge journal_loss_window_ns;    ///< Of acknowledged events that a power loss can cost.
  Gauge violated_constraints;
  Gauge unknown_constraints;
  Counter snapshots_taken;
  Counter snapshots_failed;
  Gauge snapshot_position;  ///< Of the newest one that is durable; 0: none.
  Gauge snapshot_taken_ns;  ///< When, by the wall clock.
  Gauge snapshot_bytes;
  Gauge snapshot_duration_ns;  ///< From asking for it to having it.
  Gauge loaded_position;       ///< Of the snapshot the twin started from; 0: from the journal alone.
  Gauge load_ns;
  Gauge replay_ns;
  Gauge journal_first_position;      ///< Older records were dropped.
  DurationHistogram snapshot_pause;  ///< Each time epochs waited for a portion to be captured.
  DurationHistogram journal_append;
  DurationHistogram propagation;
  DurationHistogram submit_to_settled;
};

/// How far what links carry from one domain to another has come; may be read by any thread.
struct CarrierProbe {
  Gauge carried_position;       ///< Of the producer: what it settled up to here has settled at the consumer.
  Counter observations;         ///< Made at the consumer.
  Counter too_late;             ///< Of these, beyond what the consumer could still revise.
  Counter refused;              ///< Times that the consumer would not take them yet.
  Counter resumed_from_memory;  ///< Times that the producer no longer kept what had not been carried.
  /// What the consumer had been told of when this began, where the producer had not come so far; else 0. Then
  /// their data are not of one moment.
  Gauge told_ahead;
};

}  // namespace pollux::actors
