#include "server/http/change_bell.h"

#include <utility>

namespace pollux::server {

ChangeBell::ChangeBell() : next_ring_(kj::Promise<void>(kj::READY_NOW).fork()) {
  ring();
}

ChangeBell::~ChangeBell() {
  detach();
}

void ChangeBell::ring() {
  auto next = kj::newPromiseAndFulfiller<void>();
  auto fulfiller = std::exchange(ring_now_, kj::mv(next.fulfiller));
  next_ring_ = next.promise.fork();
  if (fulfiller.get() != nullptr) fulfiller->fulfill();
}

void ChangeBell::attach(const std::vector<actors::ChangeFeed*>& feeds) {
  listening_ = listen().eagerlyEvaluate(nullptr);
  for (actors::ChangeFeed* feed : feeds) {
    subscriptions_.emplace_back(feed, feed->subscribe([this] { strike(); }));
  }
  ring();
}

void ChangeBell::detach() {
  for (const auto& [feed, subscription] : subscriptions_) feed->unsubscribe(subscription);
  subscriptions_.clear();
  listening_ = nullptr;
}

kj::Promise<void> ChangeBell::listen() {
  auto crossing = kj::newPromiseAndCrossThreadFulfiller<void>();
  arm(kj::mv(crossing.fulfiller));
  return crossing.promise.then([this] {
    auto again = listen();  // armed anew before anyone looks, so a change meanwhile rings again
    ring();
    return again;
  });
}

void ChangeBell::arm(kj::Own<kj::CrossThreadPromiseFulfiller<void>> clapper) {
  const std::scoped_lock lock(mutex_);
  clapper_ = kj::mv(clapper);
}

void ChangeBell::strike() {
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> clapper;
  {
    const std::scoped_lock lock(mutex_);
    clapper = kj::mv(clapper_);
  }
  if (clapper.get() != nullptr) clapper->fulfill();
}

}  // namespace pollux::server
