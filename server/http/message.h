// A request and its answer as the routes see them: plain data, no connection in it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/router.h"
#include "server/http/target.h"

namespace pollux::server {

/// The parts of a request a route may need. The body has been read, within its bound.
struct Request {
  Method method = Method::other;
  Target target;
  RouteMatch match;  ///< Its arguments point into `target`; hence not copyable.
  std::string accept;
  std::string content_type;
  std::string content_encoding;
  std::string if_none_match;
  std::string last_event_id;
  std::string body;

  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// REQUIRES: the route's pattern has that many.
  std::string_view argument(std::size_t index) const { return match.arguments.at(index); }
};

/// A whole answer.
struct Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Others than Content-Type and Content-Length.
};

}  // namespace pollux::server
