#include <algorithm>
#include <vector>

#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 1'000;

void write_event(JsonWriter& json, const schema::Model& model, const schema::EventBatch& batch) {
  const schema::Event& event = batch.events.at(0);
  json.StartObject();
  write_key(json, "type");
  write_text(json, std::string("pollux.") + schema::name_of(event.kind));
  write_key(json, "id");
  write_text(json, batch.id(event));
  write_key(json, "source");
  write_text(json, batch.source_name(event, model));
  if (event.named_size != 0) {
    write_key(json, event.kind == schema::EventKind::retract ? "retracts" : "corrects");
    write_text(json, batch.named(event));
  }
  // A correction is made known to every domain; where its entity is not, it only names what no longer counts.
  const bool stands_in = event.kind == schema::EventKind::correct && event.values_count == 0;
  if (event.entity != schema::kNone && !stands_in) {
    write_key(json, "subject");
    write_text(json, model.id(event.entity));
  }
  write_key(json, "time");
  write_time(json, event.time);
  write_key(json, "sequence");
  json.Uint64(event.sequence);
  write_key(json, "data");
  json.StartObject();
  for (const auto& reported : batch.values_of(event)) {
    const schema::Attribute& attribute = model.type_of(event.entity).attributes[reported.attribute];
    write_key(json, attribute.name);
    json.StartObject();
    write_value_members(json, model, attribute, reported.value);
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
}

/// What one domain has set aside.
struct Part {
  schema::DomainIndex domain = 0;
  std::uint64_t from = 1;
  std::vector<actors::QuarantinedEvent> events;
  bool more = false;  ///< There may be.

  std::uint64_t next() const { return events.empty() ? from : events.back().number + 1; }
};

void write_misfits(JsonWriter& json, const actors::Plant& plant, Domains domains) {
  write_key(json, "misfits");
  json.StartArray();
  for (const schema::DomainIndex d : domains) {
    for (const schema::Misfit& misfit : plant.domain(d).misfits()) {
      json.StartObject();
      write_key(json, "reason");
      write_text(json, schema::name_of(schema::QuarantineReason::poison));
      write_key(json, "why");
      write_text(json, misfit.why);
      write_domain(json, plant.model(), d);
      write_key(json, "events");
      json.Uint64(misfit.events);
      write_key(json, "values");
      json.Uint64(misfit.values);
      json.EndObject();
    }
  }
  json.EndArray();
}

/// By the model of its domain, which knows what links have from elsewhere.
void write_quarantined(JsonWriter& json, const actors::Plant& plant, schema::DomainIndex domain,
                       const actors::QuarantinedEvent& each) {
  json.StartObject();
  write_key(json, "number");
  write_number_in(json, plant.model(), domain, each.number);
  write_domain(json, plant.model(), domain);
  write_key(json, "reason");
  write_text(json, schema::name_of(each.reason));
  write_key(json, "clock");
  write_time(json, each.clock);
  write_key(json, "event");
  if (each.why.empty()) {
    write_event(json, plant.domain(domain).model(), each.event);
  } else {
    json.Null();
    write_key(json, "why");
    write_text(json, each.why);
  }
  json.EndObject();
}

/// Where the next page begins in each domain; null where there is none.
void write_next(JsonWriter& json, const schema::Model& model, const std::vector<Part>& parts) {
  write_key(json, "next_from");
  Positions next(model.domain_count());
  bool more = false;
  std::vector<schema::DomainIndex> domains;
  for (const Part& part : parts) {
    more = more || part.more;
    next[part.domain] = part.next();
    domains.push_back(part.domain);
  }
  if (!more) {
    json.Null();
  } else if (is_divided(model)) {
    write_text(json, format_positions(model, domains, next));
  } else {
    json.Uint64(next.front());
  }
}

Reply render_quarantine(const actors::Plant& plant, const std::vector<Part>& parts) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  std::vector<schema::DomainIndex> domains;
  json.StartObject();
  write_key(json, "events");
  json.StartArray();
  for (const Part& part : parts) {
    domains.push_back(part.domain);
    for (const auto& each : part.events) write_quarantined(json, plant, part.domain, each);
  }
  json.EndArray();
  write_misfits(json, plant, domains);
  write_next(json, plant.model(), parts);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// Where to begin in each domain.
schema::Result<NamedPositions> parse_from(const Target& target, const schema::Model& model) {
  if (is_divided(model)) return parse_positions(target.parameter("from").value_or("0"), model, "from");
  const auto from = target.number("from", 1, 1, UINT64_MAX);
  if (!from.ok()) return from.error();
  return NamedPositions{*from};
}

}  // namespace

kj::Promise<Reply> list_quarantine(const Request& request, Site& site, actors::Plant& plant) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"from", "limit", "domain"}); !known.ok())
    return problem_of(known.error());
  const auto domain = parse_domain(target, *site.model);
  if (!domain.ok()) return problem_of(domain.error());
  auto from = parse_from(target, *site.model);
  if (!from.ok()) return problem_of(from.error());
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  std::vector<Part> parts;
  std::size_t room = *limit;
  for (const schema::DomainIndex d : domains_of(*site.model, *domain)) {
    Part part{d, std::max<std::uint64_t>((*from)[d].value_or(1), 1), {}, false};
    // Where there is no room left it is still to be told whether there is any.
    auto events = plant.domain(d).journal().quarantine(part.from, std::max<std::size_t>(room, 1));
    if (!events.ok()) return problem_of(events.error());
    part.more = events->size() == std::max<std::size_t>(room, 1);
    if (room > 0) part.events = std::move(*events);
    room -= part.events.size();
    parts.push_back(std::move(part));
  }
  return render_quarantine(plant, parts);
}

}  // namespace pollux::server::routes
