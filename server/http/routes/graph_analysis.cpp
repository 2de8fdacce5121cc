#include "schema/graph/graph_analysis.h"

#include <string>

#include "server/http/etag.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 10'000;

}  // namespace

kj::Promise<Reply> show_graph_analysis(const Request& request, Site& site) {
  if (auto known = request.target.expect_only({"limit"}); !known.ok()) return problem_of(known.error());
  auto limit = request.target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  const std::string etag = "\"" + site.model->version().substr(0, 12) + "-" + std::to_string(*limit) + "\"";
  if (!request.if_none_match.empty() && etag_matches(request.if_none_match, etag)) {
    return Reply{304, "application/json", "", {{"ETag", etag}}};
  }
  if (site.worker.is_full()) return site.too_busy();
  // The analysis belongs to the worker's thread, which makes it once.
  return site.worker
      .compute<std::string>([&site, limit = *limit] {
        if (site.graph_analysis == nullptr) {
          site.graph_analysis =
              std::make_unique<const schema::GraphAnalysis>(schema::analyse_graph(*site.model));
        }
        return schema::graph_analysis_json(*site.model, *site.graph_analysis, limit);
      })
      .then([etag](std::string&& text) {
        return Reply{200, "application/json", std::move(text), {{"ETag", etag}}};
      });
}

}  // namespace pollux::server::routes
