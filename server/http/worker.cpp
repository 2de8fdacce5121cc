#include "server/http/worker.h"

#include <utility>

#include "schema/assert.h"

namespace pollux::server {

bool Worker::is_full() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size() >= kJobsMax;
}

void Worker::add(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    POLLUX_ASSERT(!stopping_ && jobs_.size() < kJobsMax, "a job is given to a worker that has room");
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Worker::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  dropped.clear();
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace pollux::server
