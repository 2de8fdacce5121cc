// Reading a request body, within bounds of size, memory and time.
#pragma once

#include <kj/async-io.h>
#include <kj/timer.h>

#include <optional>
#include <string>

#include "server/http/message.h"
#include "server/http/server.h"
#include "server/probe.h"

namespace pollux::server {

/// A body while it is read and until it has been dealt with. Its bytes count as held as long as it lives.
class Body {
 public:
  Body(const HttpServerOptions& options, ServerProbe& probe, kj::Timer& timer);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  /// Reads to the end. Yields the refusal where a bound was met (413, 408, 503), having read no further than
  /// that. `stream` must stay valid until the promise resolves.
  kj::Promise<std::optional<Reply>> read(kj::AsyncInputStream& stream);

  std::string take() { return std::move(text_); }

 private:
  kj::Promise<std::optional<Reply>> read_on(kj::AsyncInputStream& stream);
  Reply refuse_too_large();
  std::optional<Reply> take_in(std::size_t bytes);

  static constexpr std::size_t kPartBytes = 64u << 10;

  const HttpServerOptions& options_;
  ServerProbe& probe_;
  kj::Timer& timer_;
  kj::TimePoint deadline_;
  kj::Array<char> part_;
  std::string text_;
  std::size_t held_ = 0;
};

}  // namespace pollux::server
