#include "schema/graph/graph.h"
#include "server/http/etag.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

/// The model changes only with its version, so that names it.
Reply with_version(const Request& request, const schema::Model& model, const char* content_type,
                   std::string (*render)(const schema::Model&)) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  const std::string etag = "\"" + model.version() + "\"";
  if (!request.if_none_match.empty() && etag_matches(request.if_none_match, etag)) {
    return {304, content_type, "", {{"ETag", etag}}};
  }
  return {200, content_type, render(model), {{"ETag", etag}}};
}

}  // namespace

Reply show_model(const Request& request, const Site& site) {
  return with_version(request, *site.model, content_type_of(RouteId::model),
                      [](const schema::Model& model) { return model.source_text(); });
}

Reply show_graph(const Request& request, const Site& site) {
  return with_version(request, *site.model, content_type_of(RouteId::graph), schema::graph_json);
}

}  // namespace pollux::server::routes
