// A thread for answers that take a while to compute, so that the server's own goes on answering.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "server/http/crossing.h"

namespace pollux::server {

/// Runs jobs one after another. `compute`, `is_full` and `stop` are for the server's thread.
class Worker {
 public:
  /// Jobs waiting at most; who finds it full tells its client to try again.
  static constexpr std::size_t kJobsMax = 64;

  Worker() : thread_([this] { run(); }) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  bool is_full() const;

  /// Computes on the worker's thread; the promise yields the result on the server's. `job` must not throw,
  /// and must be short enough to wait for when the server stops. REQUIRES: not full, not stopped.
  template <class T>
  kj::Promise<T> compute(std::function<T()> job) {
    return from_engine<T>([&](auto done) { add([job, done] { done(job()); }); });
  }

  /// Waits for the job that runs and drops those that wait. Idempotent.
  void stop();

 private:
  void add(std::function<void()> job);
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pollux::server
