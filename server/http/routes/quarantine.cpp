#include <vector>

#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

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
  if (event.entity != schema::kNone) {
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

void write_misfits(JsonWriter& json, const std::vector<schema::Misfit>& misfits) {
  write_key(json, "misfits");
  json.StartArray();
  for (const schema::Misfit& misfit : misfits) {
    json.StartObject();
    write_key(json, "reason");
    write_text(json, schema::name_of(schema::QuarantineReason::poison));
    write_key(json, "why");
    write_text(json, misfit.why);
    write_key(json, "events");
    json.Uint64(misfit.events);
    write_key(json, "values");
    json.Uint64(misfit.values);
    json.EndObject();
  }
  json.EndArray();
}

Reply render_quarantine(const schema::Model& model, const std::vector<actors::QuarantinedEvent>& events,
                        const std::vector<schema::Misfit>& misfits, bool there_may_be_more) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "events");
  json.StartArray();
  for (const auto& each : events) {
    json.StartObject();
    write_key(json, "number");
    json.Uint64(each.number);
    write_key(json, "reason");
    write_text(json, schema::name_of(each.reason));
    write_key(json, "clock");
    write_time(json, each.clock);
    write_key(json, "event");
    if (each.why.empty()) {
      write_event(json, model, each.event);
    } else {
      json.Null();
      write_key(json, "why");
      write_text(json, each.why);
    }
    json.EndObject();
  }
  json.EndArray();
  write_misfits(json, misfits);
  write_key(json, "next_from");
  if (there_may_be_more) {
    json.Uint64(events.back().number + 1);
  } else {
    json.Null();
  }
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Promise<Reply> list_quarantine(const Request& request, Site& site, actors::Twin& twin) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"from", "limit"}); !known.ok()) return problem_of(known.error());
  auto from = target.number("from", 1, 1, UINT64_MAX);
  if (!from.ok()) return problem_of(from.error());
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  auto events = twin.journal().quarantine(*from, *limit);
  if (!events.ok()) return problem_of(events.error());
  return render_quarantine(*site.model, *events, twin.misfits(), events->size() == *limit);
}

}  // namespace pollux::server::routes
