// Runs a twin's actors on the caller's thread, in an order that follows from a seed; for simulations.
#pragma once

#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>
#include <vector>

namespace pollux::actors {

/// Stands in for the threads and the clock of one twin at a time, so that a run can be repeated exactly. Of
/// all jobs that could run on some thread now (an actor's next message, a portion of a wave, an append to the
/// journal) each step runs one, chosen uniformly. Time stands still until it is moved.
///
/// Not thread-safe: this and the twin are called from one thread, and not from within a step.
class DeterministicScheduler {
 public:
  explicit DeterministicScheduler(std::uint64_t seed) : random_(seed) {}
  DeterministicScheduler(const DeterministicScheduler&) = delete;
  DeterministicScheduler& operator=(const DeterministicScheduler&) = delete;

  /// Runs one job. False where there is none.
  bool step();

  /// Runs until no job is left, which time may bring again. More than `kStepsMax` are a bug.
  void run();

  /// Lets time pass; delayed messages that fall due become jobs.
  void advance(std::chrono::nanoseconds by);

  /// Passed since the beginning.
  std::chrono::nanoseconds now() const { return now_; }

  /// A slow disk: from now on an append to the journal begins up to so many steps after it was asked for.
  void set_journal_steps_max(std::size_t steps) { journal_steps_max_ = steps; }

  std::uint64_t steps() const { return steps_; }
  /// Hash of every choice so far.
  std::uint64_t trace() const { return trace_; }

  /// For the twin: makes the system of `config` run here. It must end before this does.
  void schedule(caf::actor_system_config& config);
  /// For the twin: `append` becomes a job.
  void append_later(std::function<void()> append);

 private:
  class Coordinator;
  struct PutOff {
    std::uint64_t until;
    std::function<void()> job;
  };
  static constexpr std::uint64_t kStepsMax = 100'000'000;

  void release_due();
  void note(std::uint64_t choice);

  std::mt19937_64 random_;
  Coordinator* coordinator_ = nullptr;  // of the running twin
  std::vector<PutOff> put_off_;
  std::size_t journal_steps_max_ = 0;
  std::chrono::nanoseconds now_{0};
  std::uint64_t steps_ = 0;
  std::uint64_t trace_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace pollux::actors
