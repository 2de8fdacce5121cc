// Tells readers on the server's thread that some domain has settled something new.
#pragma once

#include <kj/async.h>

#include <mutex>
#include <utility>
#include <vector>

#include "actors/change_feed.h"

namespace pollux::server {

/// One subscription to each change feed however many readers there are. Belongs to the server's thread; only
/// the notification itself arrives on an engine thread.
class ChangeBell {
 public:
  ChangeBell();
  ~ChangeBell();

  /// The feeds must outlive this object or be detached first.
  void attach(const std::vector<actors::ChangeFeed*>& feeds);
  void detach();

  /// Resolves at the next ring. Ask for it before looking for changes, so that none falls in between.
  kj::Promise<void> wait() { return next_ring_.addBranch(); }

  /// Wakes all readers; on the server's own thread.
  void ring();

 private:
  kj::Promise<void> listen();
  void arm(kj::Own<kj::CrossThreadPromiseFulfiller<void>> clapper);
  void strike();  // engine thread

  std::mutex mutex_;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> clapper_;  // guarded by mutex_; empty between two rings
  kj::Own<kj::PromiseFulfiller<void>> ring_now_;
  kj::ForkedPromise<void> next_ring_;
  kj::Promise<void> listening_ = nullptr;
  std::vector<std::pair<actors::ChangeFeed*, std::uint64_t>> subscriptions_;
};

}  // namespace pollux::server
