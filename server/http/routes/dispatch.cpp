#include "schema/assert.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

using PlantRoute = kj::Promise<Reply> (*)(const Request&, Site&, actors::Plant&);

kj::Promise<Reply> with_plant(PlantRoute route, const Request& request, Site& site) {
  actors::Plant* plant = site.plant.load();
  if (plant == nullptr) return site.still_starting();
  return route(request, site, *plant);
}

}  // namespace

kj::Promise<Reply> dispatch(const Request& request, Site& site) {
  switch (request.match.route) {
    case RouteId::events:
      return with_plant(post_events, request, site);
    case RouteId::entities:
      return with_plant(list_entities, request, site);
    case RouteId::entity:
      return with_plant(show_entity, request, site);
    case RouteId::constraints:
      return with_plant(list_constraints, request, site);
    case RouteId::episodes:
      return with_plant(list_episodes, request, site);
    case RouteId::digest:
      return with_plant(show_digest, request, site);
    case RouteId::why:
      return with_plant(explain, request, site);
    case RouteId::impact:
      return with_plant(show_impact, request, site);
    case RouteId::quarantine:
      return with_plant(list_quarantine, request, site);
    case RouteId::history:
      return with_plant(show_history, request, site);
    case RouteId::backup:
      return with_plant(take_backup, request, site);
    case RouteId::snapshots:
      return with_plant(list_snapshots, request, site);
    case RouteId::snapshot_create:
      return with_plant(create_snapshot, request, site);
    case RouteId::quarantine_admit:
    case RouteId::quarantine_discard:
    case RouteId::quarantine_admit_one:
    case RouteId::quarantine_discard_one:
      return with_plant(decide_quarantine, request, site);
    case RouteId::sources:
      return with_plant(list_sources, request, site);
    case RouteId::domains:
      return with_plant(list_domains, request, site);
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
