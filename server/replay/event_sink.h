// Where replayed events go: a twin in this process, or a server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/twin.h"
#include "schema/result.h"
#include "server/replay/event_text.h"

namespace pollux::server {

/// What became of the events of a batch.
struct BatchOutcome {
  /// An event the twin does not take, with its reason.
  struct Refused {
    std::uint64_t row = 0;
    std::uint64_t line = 0;
    std::string reason;
  };
  std::uint64_t accepted = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t quarantined = 0;
  std::vector<Refused> refused;
};

/// Takes batches of events. Belongs to one thread; blocks.
class EventSink {
 public:
  virtual ~EventSink() = default;

  /// Returns once the events are durable and settled. Events that are wrong are left out and reported; the
  /// others are taken. Errors: unavailable, io, overloaded: nothing is known to have been taken, and the same
  /// batch may be submitted again.
  virtual schema::Result<BatchOutcome> submit(const EventText& events) = 0;

  /// The twin's state digest.
  virtual schema::Result<std::string> digest() = 0;
};

/// Events were neither taken nor set aside.
inline schema::Error quarantine_is_full() {
  return {schema::ErrorCode::overloaded, "the twin's quarantine is full: some events were refused", "",
          "decide on what lies in it (pollux quarantine), then run the same replay again"};
}

/// A sink into a twin of this process, which must outlive it.
std::unique_ptr<EventSink> make_twin_sink(actors::Twin& twin);

/// A sink into the server at `url`. `notice` (may be empty) is told when it begins to wait for the server.
/// Errors: invalid.
schema::Result<std::unique_ptr<EventSink>> make_http_sink(
    std::string_view url, std::function<void(const std::string&)> notice = {});

}  // namespace pollux::server
