// One function a route: from a request to its answer. All run on the server's thread.
#pragma once

#include <kj/async.h>

#include "server/http/json.h"
#include "server/http/message.h"
#include "server/http/site.h"

namespace pollux::server::routes {

// With what runs; the dispatcher answers 503 while nothing does.
kj::Promise<Reply> post_events(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_entities(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> show_entity(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_constraints(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_episodes(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> explain(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> show_impact(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> show_digest(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_snapshots(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> create_snapshot(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> take_backup(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> show_history(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_quarantine(const Request& request, Site& site, actors::Plant& plant);
/// All four ways to decide on what lies there: admit or discard, one event or several.
kj::Promise<Reply> decide_quarantine(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_domains(const Request& request, Site& site, actors::Plant& plant);
kj::Promise<Reply> list_sources(const Request& request, Site& site, actors::Plant& plant);

// Without it.
Reply show_page(const Request& request);
Reply show_model(const Request& request, const Site& site);
Reply show_graph(const Request& request, const Site& site);
kj::Promise<Reply> show_graph_analysis(const Request& request, Site& site);
Reply show_metrics(const Site& site);
Reply show_liveness();
Reply show_readiness(const Site& site);

/// `ready`, `disk_full` or `failed`.
std::string_view status_of(const actors::Twin& twin);
/// What /readyz says of one domain beside its status.
void write_health(JsonWriter& json, const actors::Twin& twin);

/// Checks the head of a POST before its body is read: 415, or nothing. The first is for events.
kj::Maybe<Reply> refuse_media_type(const Request& request);
kj::Maybe<Reply> refuse_other_than_json(const Request& request);

/// To the route the request matched. REQUIRES: matched, its method fits, and it is not the change feed.
/// `request` must stay valid until the promise resolves.
kj::Promise<Reply> dispatch(const Request& request, Site& site);

}  // namespace pollux::server::routes
