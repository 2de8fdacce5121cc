// From the engine's threads back to the server's: a callback becomes a KJ promise.
#pragma once

#include <kj/async.h>

#include <memory>
#include <optional>
#include <utility>

#include "actors/scheduling/happens_before.h"

namespace pollux::server {

/// Calls `start` with a callback that takes a `T` on any thread, once; the promise yields that `T` on this
/// thread's event loop. A promise that is dropped (the client went away) leaves the callback harmless.
template <class T, class Start>
kj::Promise<T> from_engine(Start&& start) {
  struct Crossing {
    kj::Own<kj::CrossThreadPromiseFulfiller<void>> arrived;
    std::optional<T> result;
  };
  auto pair = kj::newPromiseAndCrossThreadFulfiller<void>();
  auto crossing = std::make_shared<Crossing>();
  crossing->arrived = kj::mv(pair.fulfiller);
  start([crossing](T result) {
    crossing->result = std::move(result);
    actors::handed_over(crossing.get());
    crossing->arrived->fulfill();
  });
  return pair.promise.then([crossing]() -> T {
    actors::taken_over(crossing.get());
    return std::move(*crossing->result);
  });
}

}  // namespace pollux::server
