// Instruments: what the engine counts about itself. Monitoring reads them; nothing here knows Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pollux::actors {

/// A monotonic count. Thread-safe.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
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
  /// Samples in bucket `i` alone (not cumulative); the last one is above every bound.
  std::uint64_t count(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  std::int64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kBoundsNs.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_ns_{0};
};

/// What a domain counts. All totals since the process started, replay not included unless said.
struct DomainProbe {
  Counter events_accepted;
  Counter events_duplicate;
  Counter events_too_late;
  Counter events_from_the_future;
  Counter events_poison;
  Counter submissions_refused_queue_full;
  Counter sequence_gaps;
  Counter epochs_settled;
  Counter epochs_replayed;
  Counter entities_evaluated;
  Counter steps_failed;  ///< Evaluations whose result was bad.
  Counter revisions;     ///< Changes to an already settled past.
  Counter changes;       ///< Values that changed, revisions included.
  Counter journal_bytes;
  Counter changes_dropped_slow_reader;
  Counter actors_restarted;  ///< Entities whose actor died and was replaced.
  Gauge entities;
  Gauge revised_events;  ///< Kept because corrections or retractions speak of them.
  Gauge queue_events;    ///< Submitted, not yet settled.
  Gauge queue_events_max;
  Gauge clock_ns;  ///< The twin's clock, event time.
  Gauge settled_position;
  Gauge violated_constraints;
  Gauge unknown_constraints;
  DurationHistogram journal_append;
  DurationHistogram propagation;
  DurationHistogram submit_to_settled;
};

}  // namespace pollux::actors
