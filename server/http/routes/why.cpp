#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/inquiry/event_search.h"
#include "actors/inquiry/explanation.h"
#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

using actors::Cause;
using actors::Explanation;
using actors::Origin;

constexpr std::uint64_t kDepthDefault = 5;
constexpr std::uint64_t kDepthMax = 32;

/// What is asked to be explained.
struct Wanted {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  unsigned depth = 0;
  schema::EventTime at = schema::kNever;  ///< `kNever`: at present.
  AsOf as_of;
};

/// What a constraint demands, or how a derived attribute is computed; empty for what comes from outside.
std::string_view rule_of(const schema::EntityType& type, schema::AttributeSlot slot) {
  if (type.constraint && type.constraint->status == slot) return type.constraint->requires_text;
  return type.attributes[slot].expression;
}

bool is_status(const schema::EntityType& type, const Cause& cause) {
  return type.constraint && type.constraint->status == cause.state.attribute;
}

/// The event that brought the value; null where it was not found.
void write_event(JsonWriter& json, const Cause& cause) {
  if (cause.event_time == schema::kNever) return;
  write_key(json, "event");
  if (!cause.event) {
    json.Null();
    return;
  }
  json.StartObject();
  write_key(json, "source");
  write_text(json, cause.event->source);
  write_key(json, "id");
  write_text(json, cause.event->id);
  write_key(json, "type");
  write_text(json, std::string("pollux.") + schema::name_of(cause.event->kind));
  write_key(json, "time");
  write_time(json, cause.event->time);
  write_key(json, "position");
  json.Uint64(cause.event->position);
  json.EndObject();
}

void write_timer(JsonWriter& json, const schema::EntityType& type, const Cause& cause) {
  if (cause.origin != Origin::timer) return;
  write_key(json, "timer");
  json.StartObject();
  write_key(json, "kind");
  write_text(json, is_status(type, cause) ? "for" : "staleness");
  write_key(json, "span");
  write_text(json, schema::format_duration(cause.timer));
  write_key(json, "due");
  write_time(json, cause.since);
  json.EndObject();
}

/// `held` stands only where it is false.
void write_provenance(JsonWriter& json, const schema::EntityType& type, const Cause& cause) {
  write_key(json, "time");
  write_time(json, cause.state.time);
  write_key(json, "since");
  write_time(json, cause.since);
  if (!cause.held) {
    write_key(json, "held");
    json.Bool(false);
  } else {
    write_key(json, "origin");
    write_text(json, actors::name_of(cause.origin));
  }
  write_event(json, cause);
  write_timer(json, type, cause);
  write_key(json, "is");
  write_text_or_null(json, rule_of(type, cause.state.attribute));
  if (!is_status(type, cause)) return;
  write_key(json, "broken_since");
  write_time(json, cause.broken_since);
  write_key(json, "for");
  write_text(json, schema::format_duration(type.constraint->hold));
}

/// Recursion is bounded by the depth that was asked for. The caller opens and closes the object.
void write_cause_members(JsonWriter& json, const schema::Model& model, const Cause& cause) {
  const schema::EntityType& type = model.type_of(cause.entity);
  const schema::Attribute& attribute = type.attributes[cause.state.attribute];
  write_key(json, "entity");
  write_text(json, model.id(cause.entity));
  write_key(json, "attribute");
  write_text(json, attribute.name);
  write_key(json, "role");
  write_text(json, schema::name_of(attribute.role));
  write_value_members(json, model, attribute, cause.state.value);
  write_provenance(json, type, cause);
  write_key(json, "inputs");
  json.StartArray();
  for (const Cause& input : cause.inputs) {
    json.StartObject();
    write_cause_members(json, model, input);
    json.EndObject();
  }
  json.EndArray();
  write_key(json, "truncated");
  json.Bool(cause.truncated);
}

Reply render(const schema::Model& model, const Wanted& wanted, const Explanation& explanation) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_cause_members(json, model, explanation.cause);
  write_key(json, "at");
  write_time(json, wanted.at == schema::kNever ? explanation.clock : wanted.at);
  write_key(json, "position");
  json.Uint64(explanation.position);
  write_key(json, "clock");
  write_time(json, explanation.clock);
  write_key(json, "model_version");
  write_text(json, model.version());
  write_key(json, "events_truncated");
  json.Bool(explanation.events_truncated);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

schema::Result<Wanted> parse_times(const Target& target) {
  Wanted wanted;
  if (auto known = target.expect_only({"depth", "at", "as_known_at"}); !known.ok()) return known.error();
  auto depth = target.number("depth", kDepthDefault, 1, kDepthMax);
  if (!depth.ok()) return depth.error();
  wanted.depth = static_cast<unsigned>(*depth);
  auto at = target.time("at", schema::kNever);
  if (!at.ok()) return at.error();
  wanted.at = *at;
  auto as_of = parse_as_of(target);
  if (!as_of.ok()) return as_of.error();
  wanted.as_of = *as_of;
  return wanted;
}

/// A time that has not come yet.
std::optional<Reply> refuse_future(const Wanted& wanted, const Explanation& explanation) {
  if (wanted.at == schema::kNever || wanted.at <= explanation.clock) return std::nullopt;
  const std::string at = schema::format_rfc3339(wanted.at);
  const std::string clock = schema::format_rfc3339(explanation.clock);
  return problem(400, {at + " lies ahead of the twin's clock, which stands at " +
                           (clock.empty() ? "no time yet" : clock),
                       "at", "leave out `at` for the present", ""});
}

/// A past that memory does not hold any more, where no history is kept.
std::optional<Reply> refuse_forgotten(const schema::Model& model, const Wanted& wanted,
                                      const Explanation& explanation) {
  if (explanation.cause.held) return std::nullopt;
  const std::string name =
      model.id(wanted.entity) + "." + model.type_of(wanted.entity).attributes[wanted.attribute].name;
  const std::string from = schema::format_rfc3339(explanation.held_from);
  return problem(410, {"what `" + name + "` was at " + schema::format_rfc3339(wanted.at) +
                           " is no longer in memory, which holds it from " + from +
                           " on; the events are still in the journal",
                       "at", "ask for a time from then on, or run the server with its history", ""});
}

/// Blocks until the twin has answered; for a thread of the server's that may wait.
std::vector<bool> ask_standing(actors::Twin& twin, const std::vector<schema::EventKey>& keys) {
  auto answer = std::make_shared<std::promise<std::vector<bool>>>();
  auto future = answer->get_future();
  twin.standing(keys, [answer](std::vector<bool> stands) { answer->set_value(std::move(stands)); });
  return future.get();
}

/// The same, for the attributes of one entity after another.
class PresentValues {
 public:
  explicit PresentValues(actors::Twin& twin) : twin_(twin) {}

  schema::Value operator()(schema::EntityIndex entity, schema::AttributeSlot attribute) {
    auto known = entities_.find(entity);
    if (known == entities_.end()) known = entities_.emplace(entity, ask(entity)).first;
    const auto& attributes = known->second.attributes;
    return std::ranges::find(attributes, attribute, &actors::AttributeState::attribute)->value;
  }

 private:
  actors::EntityState ask(schema::EntityIndex entity) {
    auto answer = std::make_shared<std::promise<actors::EntityState>>();
    auto future = answer->get_future();
    twin_.read({entity},
               [answer](actors::StateView view) { answer->set_value(std::move(view.entities[0])); });
    return future.get();
  }

  actors::Twin& twin_;
  std::map<schema::EntityIndex, actors::EntityState> entities_;
};

/// Blocks on engine and disk.
Reply explain_as_known(const schema::Model& model, actors::Twin& twin, const Wanted& wanted) {
  const auto resolved = resolve(wanted.as_of, twin);
  if (!resolved.ok()) return past_problem(resolved.error());
  Wanted then = wanted;
  then.at = resolved->moment.at;
  auto explanation = actors::explain(model, *twin.history(), resolved->moment, resolved->clock,
                                     PresentValues(twin), wanted.entity, wanted.attribute, wanted.depth);
  if (!explanation.ok()) return past_problem(explanation.error());
  if (auto refusal = refuse_future(then, *explanation)) return std::move(*refusal);
  actors::SearchBounds bounds;
  bounds.known = resolved->moment.known;
  const auto standing = actors::standing_as_known(twin.journal(), model, bounds);
  const auto named = actors::name_events(twin.journal(), model, standing, *explanation, bounds);
  return named.ok() ? render(model, then, *explanation) : problem_of(named.error());
}

kj::Promise<Reply> explain_from_history(Site& site, actors::Twin& twin, const Wanted& wanted) {
  return site.background.run<Reply>(
      [&model = *site.model, &twin, wanted] { return explain_as_known(model, twin, wanted); },
      site.too_busy());
}

kj::Promise<Reply> name_events_and_render(Site& site, actors::Twin& twin, const Wanted& wanted,
                                          Explanation&& settled) {
  if (auto refusal = refuse_future(wanted, settled)) return std::move(*refusal);
  if (twin.history() != nullptr && !actors::is_held(settled.cause))
    return explain_from_history(site, twin, wanted);
  if (auto refusal = refuse_forgotten(*site.model, wanted, settled)) return std::move(*refusal);
  if (site.worker.is_full()) return site.too_busy();
  auto explanation = std::make_shared<Explanation>(std::move(settled));
  return site.worker.compute<Reply>([&model = *site.model, &twin, wanted, explanation] {
    const auto standing = [&](const auto& keys, schema::Position) { return ask_standing(twin, keys); };
    const auto named = actors::name_events(twin.journal(), model, standing, *explanation);
    return named.ok() ? render(model, wanted, *explanation) : problem_of(named.error());
  });
}

}  // namespace

kj::Promise<Reply> explain(const Request& request, Site& site, actors::Twin& twin) {
  const schema::Model& model = *site.model;
  auto parsed = parse_times(request.target);
  if (!parsed.ok()) return problem_of(parsed.error());
  Wanted wanted = *parsed;
  wanted.entity = model.find_entity(request.argument(0));
  if (wanted.entity == schema::kNone) return unknown_entity(model, request.argument(0));
  const schema::EntityType& type = model.type_of(wanted.entity);
  wanted.attribute = type.find_attribute(request.argument(1));
  if (wanted.attribute == schema::kNoSlot || type.attributes[wanted.attribute].role == schema::Role::memory) {
    return unknown_attribute(model, wanted.entity, request.argument(1));
  }
  if (wanted.as_of.known || wanted.as_of.known_clock) return explain_from_history(site, twin, wanted);
  return from_engine<Explanation>([&](auto done) {
           twin.why(wanted.entity, wanted.attribute, wanted.depth, wanted.at, std::move(done));
         })
      .then([&site, &twin, wanted](Explanation&& explanation) {
        return name_events_and_render(site, twin, wanted, kj::mv(explanation));
      });
}

}  // namespace pollux::server::routes
