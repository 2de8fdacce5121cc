// The settled changes of recent epochs, for readers that follow along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "actors/change.h"

namespace pollux::actors {

/// A bounded window of the newest epochs' changes. Readers take pages at their own pace; one that is slower
/// than the window misses epochs, and can tell. Thread-safe.
class ChangeFeed {
 public:
  /// What is kept: at most so many epochs, and at most so many changes in all of them (but always the newest
  /// epoch).
  ChangeFeed(std::size_t epochs_max, std::size_t changes_max);

  /// `start`: the position readers may resume from when nothing has been published yet.
  void start(schema::Position start);

  /// How much of the window is filled.
  struct Fill {
    std::size_t epochs = 0;
    std::size_t changes = 0;
  };
  /// Returns the fill afterwards.
  Fill publish(EpochChangesPtr changes);

  /// Settled epochs after `after`, oldest first, at most `limit`. `oldest`: the position before the oldest
  /// one kept.
  struct Page {
    schema::Position oldest = 0;
    std::vector<EpochChangesPtr> epochs;
  };
  Page after(schema::Position after, std::size_t limit) const;

  /// Calls `notify` on the publishing thread after each publication until unsubscribed; it must return soon.
  std::uint64_t subscribe(std::function<void()> notify);
  /// On return `notify` is not running and will not run again. Not to be called from within `notify`.
  void unsubscribe(std::uint64_t subscription);

 private:
  const std::size_t epochs_max_;
  const std::size_t changes_max_;
  mutable std::mutex mutex_;
  std::deque<EpochChangesPtr> epochs_;
  std::size_t changes_ = 0;
  schema::Position oldest_ = 0;
  std::mutex subscribers_mutex_;
  std::map<std::uint64_t, std::function<void()>> subscribers_;
  std::uint64_t last_subscription_ = 0;
};

}  // namespace pollux::actors
