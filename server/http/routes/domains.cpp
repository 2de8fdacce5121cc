#include <algorithm>

#include "schema/model/division.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

void write_count(JsonWriter& json, const char* key, std::uint64_t count) {
  write_key(json, key);
  json.Uint64(count);
}

/// What is before this can no longer be revised by an ordinary event of any source.
schema::EventTime final_time(const actors::Twin& twin) {
  const schema::EventTime clock = twin.clock();
  schema::Duration lateness = 0;
  for (const schema::Source& source : twin.model().sources()) {
    lateness = std::max(lateness, source.allowed_lateness);
  }
  return clock == schema::kBeginning ? clock : schema::before(clock, lateness);
}

void write_domain_state(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                        const schema::DomainSummary& summary, const actors::Twin& twin) {
  const actors::DomainProbe& probe = twin.probe();
  json.StartObject();
  write_key(json, "domain");
  write_text_or_null(json, model.domain_name(domain));
  write_key(json, "status");
  write_text(json, status_of(twin));
  write_health(json, twin);
  write_key(json, "final");
  write_time(json, final_time(twin));
  write_count(json, "entities", summary.entities);
  write_count(json, "constraints", summary.constraints);
  write_count(json, "links_in", summary.links_in);
  write_count(json, "links_out", summary.links_out);
  write_count(json, "queue_events", static_cast<std::uint64_t>(probe.queue_events.value()));
  write_count(json, "queue_events_limit", static_cast<std::uint64_t>(probe.queue_events_max.value()));
  json.EndObject();
}

/// `behind`: positions of the producer that have yet to be looked at or to settle where they lead.
void write_carrier(JsonWriter& json, const actors::Plant& plant, const actors::LinkCarrier& carrier) {
  const schema::Model& model = plant.model();
  const schema::CrossingLink& first = carrier.links().front();
  const actors::CarrierProbe& probe = carrier.probe();
  const auto carried = static_cast<std::uint64_t>(probe.carried_position.value());
  const schema::Position settled = plant.domain(first.from).settled_position();
  json.StartObject();
  write_key(json, "from");
  write_text(json, model.domain_name(first.from));
  write_key(json, "to");
  write_text(json, model.domain_name(first.to));
  write_key(json, "links");
  json.StartArray();
  for (const schema::CrossingLink& link : carrier.links()) write_text(json, model.id(link.whole));
  json.EndArray();
  write_count(json, "carried_position", carried);
  write_count(json, "behind", settled > carried ? settled - carried : 0);
  write_count(json, "observations", probe.observations.value());
  write_count(json, "too_late", probe.too_late.value());
  write_count(json, "refused", probe.refused.value());
  write_count(json, "resumed_from_memory", probe.resumed_from_memory.value());
  json.EndObject();
}

}  // namespace

kj::Promise<Reply> list_domains(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  const auto summaries = schema::summarise_domains(*site.model);
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "domains");
  json.StartArray();
  for (const schema::DomainIndex d : plant.domains()) {
    write_domain_state(json, *site.model, d, summaries[d], plant.domain(d));
  }
  json.EndArray();
  write_key(json, "carriers");
  json.StartArray();
  for (const actors::LinkCarrier* carrier : plant.carriers()) write_carrier(json, plant, *carrier);
  json.EndArray();
  json.EndObject();
  return Reply{200, "application/json", text_of(buffer), {}};
}

}  // namespace pollux::server::routes
