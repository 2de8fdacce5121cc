// From the engine's threads back to the server's: a callback becomes a KJ promise.
#pragma once

#include <kj/async.h>

#include <memory>
#include <utility>

namespace pollux::server {

/// Calls `start` with a callback that takes a `T` on any thread, once; the promise yields that `T` on this
/// thread's event loop. A promise that is dropped (the client went away) leaves the callback harmless.
template <class T, class Start>
kj::Promise<T> from_engine(Start&& start) {
  auto crossing = kj::newPromiseAndCrossThreadFulfiller<T>();
  // std::function wants to be copyable.
  auto fulfiller = std::make_shared<kj::Own<kj::CrossThreadPromiseFulfiller<T>>>(kj::mv(crossing.fulfiller));
  start([fulfiller](T result) { (*fulfiller)->fulfill(kj::mv(result)); });
  return kj::mv(crossing.promise);
}

}  // namespace pollux::server
