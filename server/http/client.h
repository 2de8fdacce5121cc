// A small blocking HTTP client for Pollux's own tools: replay, watch, simulators.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::server {

/// What came back.
struct HttpReply {
  unsigned status = 0;
  std::string body;
  unsigned retry_after_s = 0;  ///< From Retry-After; 0 when absent.
};

/// One keep-alive connection to one server, reconnecting when it breaks. Belongs to one thread, which may
/// hold only one client (KJ allows one event loop a thread); blocks.
class HttpClient {
 public:
  /// `url`: `http://HOST:PORT`. Does not connect yet. Errors: invalid; unavailable when this
  /// thread has a client or another KJ event loop already.
  static schema::Result<std::unique_ptr<HttpClient>> create(std::string_view url);
  ~HttpClient();

  /// Errors: unavailable (cannot connect, or broken off; a broken request may or may not have been carried
  /// out).
  schema::Result<HttpReply> get(std::string_view path);
  schema::Result<HttpReply> post(std::string_view path, std::string_view content_type, std::string_view body);

  /// Posts a CloudEvents JSON batch to /v1/events, and again after 429, 503 or a broken connection, until it
  /// is acknowledged or `attempts` are used up (events carry ids, so repeating is safe). Waits as long as
  /// Retry-After asks, else 50 ms doubling to 2 s. Returns the last reply or error. `on_wait` (may be empty)
  /// is told before the first repetition what stands against it.
  schema::Result<HttpReply> post_events(std::string_view batch, unsigned attempts = 60,
                                        const std::function<void(const std::string&)>& on_wait = {});

 private:
  struct Implementation;
  explicit HttpClient(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::server
