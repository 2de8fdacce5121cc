#include "server/http/body.h"

#include <algorithm>

#include "server/http/problem.h"

namespace pollux::server {
namespace {

constexpr std::size_t kTimedOut = SIZE_MAX;

}  // namespace

Body::Body(const HttpServerOptions& options, ServerProbe& probe, kj::Timer& timer)
    : options_(options),
      probe_(probe),
      timer_(timer),
      deadline_(timer.now() + options.body_timeout * kj::NANOSECONDS) {}

Body::~Body() {
  probe_.bodies_held_bytes.add(-static_cast<std::int64_t>(held_));
}

kj::Promise<std::optional<Reply>> Body::read(kj::AsyncInputStream& stream) {
  KJ_IF_MAYBE (length, stream.tryGetLength()) {
    if (*length > options_.body_bytes_max) return std::optional<Reply>(refuse_too_large());
  }
  part_ = kj::heapArray<char>(kPartBytes);
  return read_on(stream);
}

kj::Promise<std::optional<Reply>> Body::read_on(kj::AsyncInputStream& stream) {
  const auto patience = kj::min(options_.body_idle_timeout * kj::NANOSECONDS,
                                kj::max(deadline_ - timer_.now(), 0 * kj::SECONDS));
  return stream.tryRead(part_.begin(), 1, part_.size())
      .exclusiveJoin(timer_.afterDelay(patience).then([] { return kTimedOut; }))
      .then([this, &stream](std::size_t bytes) -> kj::Promise<std::optional<Reply>> {
        if (bytes == 0) return std::optional<Reply>();
        if (auto refusal = take_in(bytes)) return refusal;
        return read_on(stream);
      });
}

Reply Body::refuse_too_large() {
  probe_.bodies_refused_too_large.add();
  return problem(413, {"the body is larger than " + std::to_string(options_.body_bytes_max) + " bytes", "",
                       "send the events in several smaller batches", ""});
}

std::optional<Reply> Body::take_in(std::size_t bytes) {
  if (bytes == kTimedOut) {
    probe_.bodies_timed_out.add();
    return problem(408, {"the body did not arrive in time; " + std::to_string(text_.size()) + " bytes came",
                         "", "nothing of it was taken; send it again", ""});
  }
  probe_.body_bytes.add(bytes);
  if (text_.size() + bytes > options_.body_bytes_max) return refuse_too_large();
  if (static_cast<std::size_t>(probe_.bodies_held_bytes.value()) + bytes > options_.bodies_bytes_max) {
    probe_.bodies_refused_no_room.add();
    return problem(503, {"too many request bodies are being read at once", "", "send it again later", ""});
  }
  text_.append(part_.begin(), bytes);
  held_ += bytes;
  probe_.bodies_held_bytes.add(static_cast<std::int64_t>(bytes));
  return std::nullopt;
}

}  // namespace pollux::server
