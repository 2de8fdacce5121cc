// From method and path to a route.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/probe.h"

namespace pollux::server {

enum class Method : std::uint8_t { get, head, post, other };

/// What a path leads to.
struct RouteMatch {
  RouteId route = RouteId::unmatched;
  std::vector<std::string_view> arguments;  ///< The segments that stand for `{...}` in the pattern, in order.
  bool method_fits = false;
  std::string allow;    ///< Where the method does not fit: the methods that do, for the Allow header.
  std::string nearest;  ///< Where nothing matches: the known path most like this one, or empty.
};

/// `segments` must outlive the result, whose arguments point into them.
RouteMatch match_route(Method method, std::span<const std::string> segments);

/// The media type a route answers with when all is well.
const char* content_type_of(RouteId route);

/// Whether an Accept header (empty: anything) allows a media type; parameters other than `q=0` are ignored.
bool accepts(std::string_view accept, std::string_view media_type);

}  // namespace pollux::server
