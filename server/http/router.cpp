#include "server/http/router.h"

#include <algorithm>
#include <array>
#include <optional>

#include "schema/diagnostic.h"

namespace pollux::server {
namespace {

constexpr const char* kJson = "application/json";

struct Route {
  RouteId id;
  std::string_view pattern;  ///< Segments; `*` stands for any one.
  bool is_post;
  bool is_stream;  ///< No HEAD: its answer has no end.
  const char* content_type;
};

constexpr std::array kRoutes = {
    Route{RouteId::page, "/", false, false, "text/html; charset=utf-8"},
    Route{RouteId::events, "/v1/events", true, false, kJson},
    Route{RouteId::entities, "/v1/entities", false, false, kJson},
    Route{RouteId::entity, "/v1/entities/*", false, false, kJson},
    Route{RouteId::constraints, "/v1/constraints", false, false, kJson},
    Route{RouteId::episodes, "/v1/episodes", false, false, kJson},
    Route{RouteId::changes, "/v1/changes", false, true, "text/event-stream"},
    Route{RouteId::digest, "/v1/digest", false, false, kJson},
    Route{RouteId::why, "/v1/why/*/*", false, false, kJson},
    Route{RouteId::impact, "/v1/impact/*", false, false, kJson},
    Route{RouteId::impact, "/v1/impact/*/*", false, false, kJson},
    Route{RouteId::graph, "/v1/graph", false, false, kJson},
    Route{RouteId::graph_analysis, "/v1/graph/analysis", false, false, kJson},
    Route{RouteId::model, "/v1/model", false, false, "application/yaml"},
    Route{RouteId::quarantine, "/v1/quarantine", false, false, kJson},
    Route{RouteId::history, "/v1/history/*/*", false, false, kJson},
    Route{RouteId::backup, "/v1/admin/backup", true, false, kJson},
    Route{RouteId::snapshots, "/v1/admin/snapshots", false, false, kJson},
    Route{RouteId::snapshot_create, "/v1/admin/snapshots", true, false, kJson},
    Route{RouteId::quarantine_admit, "/v1/quarantine/admit", true, false, kJson},
    Route{RouteId::quarantine_discard, "/v1/quarantine/discard", true, false, kJson},
    Route{RouteId::quarantine_admit_one, "/v1/quarantine/*/admit", true, false, kJson},
    Route{RouteId::quarantine_discard_one, "/v1/quarantine/*/discard", true, false, kJson},
    Route{RouteId::sources, "/v1/sources", false, false, kJson},
    Route{RouteId::domains, "/v1/domains", false, false, kJson},
    Route{RouteId::metrics, "/metrics", false, false, "text/plain; version=0.0.4; charset=utf-8"},
    Route{RouteId::livez, "/livez", false, false, kJson},
    Route{RouteId::readyz, "/readyz", false, false, kJson},
};

/// The segments that `*` stands for, or nullopt where the pattern does not fit.
std::optional<std::vector<std::string_view>> fit(std::string_view pattern,
                                                 std::span<const std::string> segments) {
  std::vector<std::string_view> arguments;
  std::size_t from = 1;
  for (const std::string& segment : segments) {
    if (from > pattern.size()) return std::nullopt;
    const std::size_t to = std::min(pattern.find('/', from), pattern.size());
    const std::string_view expected = pattern.substr(from, to - from);
    if (expected == "*" && !segment.empty()) {
      arguments.push_back(segment);
    } else if (expected != segment) {
      return std::nullopt;
    }
    from = to + 1;
  }
  if (from <= pattern.size()) return std::nullopt;
  return arguments;
}

std::string_view allow_of(const Route& route) {
  if (route.is_post) return "POST";
  return route.is_stream ? "GET" : "GET, HEAD";
}

bool method_fits(const Route& route, Method method) {
  if (route.is_post) return method == Method::post;
  return method == Method::get || (method == Method::head && !route.is_stream);
}

std::string nearest_path(std::span<const std::string> segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  std::vector<std::string> known;
  for (std::size_t i = 0; i + 1 < kRouteCount; ++i) known.emplace_back(name_of(static_cast<RouteId>(i)));
  return schema::nearest_name(path, known);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// Whether one media range with its parameters covers `type` (`application/json`).
bool covers(std::string_view range_and_parameters, std::string_view type) {
  const std::size_t end = std::min(range_and_parameters.find(';'), range_and_parameters.size());
  const std::string_view range = trim(range_and_parameters.substr(0, end));
  std::string_view parameters = range_and_parameters.substr(end);
  const std::size_t weight = parameters.find("q=0");
  if (weight != std::string_view::npos) {
    const std::string_view rest = parameters.substr(weight + 3);
    if (rest.empty() || rest.find_first_of("123456789") == std::string_view::npos) return false;
  }
  if (range == "*/*" || same_ignoring_case(range, type)) return true;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  return range.ends_with("/*") && same_ignoring_case(range.substr(0, range.size() - 1), family);
}

}  // namespace

RouteMatch match_route(Method method, std::span<const std::string> segments) {
  RouteMatch match;
  for (const Route& route : kRoutes) {
    auto arguments = fit(route.pattern, segments);
    if (!arguments) continue;
    match.method_fits = method_fits(route, method);
    const bool is_first = match.route == RouteId::unmatched;
    if (is_first || match.method_fits) {
      match.route = route.id;
      match.arguments = std::move(*arguments);
    }
    if (match.method_fits) return match;
    match.allow += (is_first ? "" : ", ") + std::string(allow_of(route));
  }
  if (match.route != RouteId::unmatched) return match;
  match.nearest = nearest_path(segments);
  return match;
}

const char* content_type_of(RouteId id) {
  const auto* found =
      std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) { return route.id == id; });
  return found == kRoutes.end() ? kJson : found->content_type;
}

bool accepts(std::string_view accept, std::string_view media_type) {
  const std::string_view type = trim(media_type.substr(0, media_type.find(';')));
  accept = trim(accept);
  if (accept.empty()) return true;
  for (std::size_t from = 0; from <= accept.size();) {
    const std::size_t to = std::min(accept.find(',', from), accept.size());
    if (covers(accept.substr(from, to - from), type)) return true;
    from = to + 1;
  }
  return false;
}

}  // namespace pollux::server
