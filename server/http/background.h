// A few threads for answers that read from disk, so that the server's own thread never waits for one.
#pragma once

#include <kj/async.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/http/crossing.h"

namespace pollux::server {

/// Runs pieces of work one after another on `kThreads` threads. Thread-safe.
class Background {
 public:
  static constexpr std::size_t kThreads = 2;
  static constexpr std::size_t kWaitingMax = 256;  ///< Pieces of work not yet begun.

  Background() = default;
  ~Background() { stop(); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// What `work` returns, or `busy` where too much is waiting already. `work` must own what it uses.
  template <class T>
  kj::Promise<T> run(std::function<T()> work, T busy) {
    return from_engine<T>([&](auto done) {
      if (!post([work = std::move(work), done] { done(work()); })) done(std::move(busy));
    });
  }

  /// Lets what has begun end and drops the rest.
  void stop();

 private:
  bool post(std::function<void()> work);
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;  // begun with the first piece of work
  bool stopping_ = false;
};

}  // namespace pollux::server
