#include <string>
#include <vector>

#include "actors/plant/gather.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

void write_snapshot(JsonWriter& json, schema::Position position, schema::EventTime clock,
                    schema::EventTime taken, std::uint64_t bytes) {
  write_key(json, "position");
  json.Uint64(position);
  write_key(json, "clock");
  write_time(json, clock);
  write_key(json, "taken");
  write_time(json, taken);
  write_key(json, "bytes");
  json.Uint64(bytes);
}

void write_taken(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                 const actors::SnapshotTaken& taken) {
  json.StartObject();
  write_domain(json, model, domain);
  write_snapshot(json, taken.position, taken.clock, taken.taken, taken.bytes);
  write_key(json, "is_new");
  json.Bool(taken.is_new);
  json.EndObject();
}

using Outcome = schema::Result<actors::SnapshotTaken>;

/// Of several domains, each with what it took or why it took none; a problem where all took none.
Reply render_several(const schema::Model& model, Domains domains, const std::vector<Outcome>& outcomes) {
  bool any = false;
  bool any_new = false;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "snapshots");
  json.StartArray();
  for (std::size_t i = 0; i < domains.size(); ++i) {
    any = any || outcomes[i].ok();
    if (outcomes[i].ok()) {
      any_new = any_new || outcomes[i]->is_new;
      write_taken(json, model, domains[i], *outcomes[i]);
      continue;
    }
    json.StartObject();
    write_domain(json, model, domains[i]);
    write_key(json, "problem");
    write_text(json, outcomes[i].error().text());
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  if (!any) return problem_of(outcomes.front().error());
  return {any_new ? 201u : 200u, "application/json", text_of(buffer), {}};
}

Reply render(const schema::Model& model, Domains domains, const std::vector<Outcome>& outcomes) {
  if (is_divided(model)) return render_several(model, domains, outcomes);
  if (!outcomes.front().ok()) return problem_of(outcomes.front().error());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  write_taken(json, model, 0, *outcomes.front());
  return {outcomes.front()->is_new ? 201u : 200u, "application/json", text_of(buffer), {}};
}

/// By their first blocks; whether they are whole is found out when one is loaded, or by `pollux snapshot
/// list`.
schema::Result<void> write_list(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                                const actors::SnapshotStore& store) {
  const auto all = store.list();
  if (!all.ok()) return all.error();
  for (const actors::StoredSnapshot& each : *all) {
    const auto info = store.describe(each);
    if (!info.ok() && info.error().code == schema::ErrorCode::not_found) continue;  // just replaced
    json.StartObject();
    write_domain(json, model, domain);
    if (info.ok()) {
      write_snapshot(json, info->position, info->clock, info->taken, each.bytes);
    } else {
      write_key(json, "position");
      json.Uint64(each.position);
      write_key(json, "problem");
      write_text(json, info.error().text());
    }
    json.EndObject();
  }
  return {};
}

Reply render_list(const actors::Plant& plant, Domains domains) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "snapshots");
  json.StartArray();
  for (const schema::DomainIndex d : domains) {
    const auto written = write_list(json, plant.model(), d, *plant.domain(d).snapshots());
    if (!written.ok()) return problem_of(written.error());
  }
  json.EndArray();
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Promise<Reply> list_snapshots(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({"domain"}); !known.ok()) return problem_of(known.error());
  const auto domain = parse_domain(request.target, *site.model);
  if (!domain.ok()) return problem_of(domain.error());
  if (plant.domain(0).snapshots() == nullptr)
    return problem(404, {"this twin keeps no snapshots", "", "", ""});
  return site.background.run<Reply>(
      [&plant, domains = domains_of(*site.model, *domain)] { return render_list(plant, domains); },
      site.too_busy());
}

kj::Promise<Reply> create_snapshot(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({"domain"}); !known.ok()) return problem_of(known.error());
  const auto domain = parse_domain(request.target, *site.model);
  if (!domain.ok()) return problem_of(domain.error());
  const auto domains = domains_of(*site.model, *domain);
  return from_engine<std::vector<Outcome>>([&](auto done) {
           actors::gather<Outcome>(
               domains,
               [&](schema::DomainIndex d, auto answer) { plant.domain(d).snapshot(std::move(answer)); },
               done);
         })
      .then([&site, domains](std::vector<Outcome>&& outcomes) {
        return render(*site.model, domains, outcomes);
      });
}

}  // namespace pollux::server::routes
