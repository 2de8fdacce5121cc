#include "schema/assert.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

using TwinRoute = kj::Promise<Reply> (*)(const Request&, Site&, actors::Twin&);

kj::Promise<Reply> with_twin(TwinRoute route, const Request& request, Site& site) {
  actors::Twin* twin = site.twin.load();
  if (twin == nullptr) return site.still_starting();
  return route(request, site, *twin);
}

}  // namespace

kj::Promise<Reply> dispatch(const Request& request, Site& site) {
  switch (request.match.route) {
    case RouteId::events:
      return with_twin(post_events, request, site);
    case RouteId::entities:
      return with_twin(list_entities, request, site);
    case RouteId::entity:
      return with_twin(show_entity, request, site);
    case RouteId::constraints:
      return with_twin(list_constraints, request, site);
    case RouteId::episodes:
      return with_twin(list_episodes, request, site);
    case RouteId::digest:
      return with_twin(show_digest, request, site);
    case RouteId::why:
      return with_twin(explain, request, site);
    case RouteId::impact:
      return with_twin(show_impact, request, site);
    case RouteId::quarantine:
      return with_twin(list_quarantine, request, site);
    case RouteId::history:
      return with_twin(show_history, request, site);
    case RouteId::backup:
      return with_twin(take_backup, request, site);
    case RouteId::snapshots:
      return with_twin(list_snapshots, request, site);
    case RouteId::snapshot_create:
      return with_twin(create_snapshot, request, site);
    case RouteId::quarantine_admit:
    case RouteId::quarantine_discard:
    case RouteId::quarantine_admit_one:
    case RouteId::quarantine_discard_one:
      return with_twin(decide_quarantine, request, site);
    case RouteId::sources:
      return with_twin(list_sources, request, site);
    case RouteId::page:
      return show_page(request);
    case RouteId::model:
      return show_model(request, site);
    case RouteId::graph:
      return show_graph(request, site);
    case RouteId::graph_analysis:
      return show_graph_analysis(request, site);
    case RouteId::metrics:
      return show_metrics(site);
    case RouteId::livez:
      return show_liveness();
    case RouteId::readyz:
      return show_readiness(site);
    case RouteId::changes:
    case RouteId::unmatched:
      break;
  }
  POLLUX_ASSERT(false, "this route is not one of request and reply");
  return Reply{};
}

}  // namespace pollux::server::routes
