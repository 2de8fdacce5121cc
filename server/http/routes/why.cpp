#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/inquiry/explanation.h"
#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"
#include "server/http/whole_explanation.h"

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

/// Writes the values of an explanation, each in the words of its own domain.
class CauseWriter {
 public:
  CauseWriter(JsonWriter& json, const actors::Plant& plant, const WholeExplanation& whole)
      : json_(json), plant_(plant), whole_(whole) {}

  /// The caller opens and closes the object. Recursion is bounded by the depth that was asked for, and by the
  /// number of parts.
  void write(const ExplanationPart& part, const Cause& cause) {
    if (const auto next = part.goes_on.find(&cause); next != part.goes_on.end()) {
      const ExplanationPart& further = *whole_[next->second];
      write(further, further.explanation.cause);
      return write_carried(part, cause);
    }
    const schema::Model& model = plant_.domain(part.domain).model();
    const schema::EntityType& type = model.type_of(cause.entity);
    const schema::Attribute& attribute = type.attributes[cause.state.attribute];
    write_key(json_, "entity");
    write_text(json_, model.id(cause.entity));
    write_key(json_, "attribute");
    write_text(json_, attribute.name);
    write_domain(json_, plant_.model(), part.domain);
    write_key(json_, "role");
    write_text(json_, schema::name_of(attribute.role));
    write_value_members(json_, model, attribute, cause.state.value);
    write_provenance(json_, type, cause);
    write_key(json_, "inputs");
    json_.StartArray();
    for (const Cause& input : cause.inputs) {
      json_.StartObject();
      write(part, input);
      json_.EndObject();
    }
    json_.EndArray();
    write_key(json_, "truncated");
    json_.Bool(cause.truncated);
  }

 private:
  /// Which link brought what was just written, as of which time, and where it was noted.
  void write_carried(const ExplanationPart& part, const Cause& cause) {
    write_key(json_, "carried");
    json_.StartObject();
    write_key(json_, "by");
    write_text(json_, plant_.domain(part.domain).model().id(cause.entity));
    write_key(json_, "to");
    write_text(json_, plant_.model().domain_name(part.domain));
    write_key(json_, "time");
    write_time(json_, cause.event_time);
    write_key(json_, "position");
    if (cause.event) {
      json_.Uint64(cause.event->position);
    } else {
      json_.Null();
    }
    json_.EndObject();
  }

  JsonWriter& json_;
  const actors::Plant& plant_;
  const WholeExplanation& whole_;
};

/// Of each domain the newest state that any part was read from.
void write_read_from(JsonWriter& json, const schema::Model& model, const WholeExplanation& whole) {
  Positions positions(model.domain_count());
  std::vector<schema::EventTime> clocks(model.domain_count(), schema::kBeginning);
  std::vector<schema::DomainIndex> domains;
  for (const auto& part : whole) {
    positions[part->domain] = std::max(positions[part->domain], part->explanation.position);
    clocks[part->domain] = std::max(clocks[part->domain], part->explanation.clock);
    if (std::ranges::find(domains, part->domain) == domains.end()) domains.push_back(part->domain);
  }
  std::ranges::sort(domains);
  write_settled(json, model, domains, positions, clocks);
}

Reply render(const actors::Plant& plant, const WholeExplanation& whole) {
  const ExplanationPart& first = *whole.front();
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  CauseWriter(json, plant, whole).write(first, first.explanation.cause);
  write_key(json, "at");
  write_time(json, first.at == schema::kNever ? first.explanation.clock : first.at);
  write_read_from(json, plant.model(), whole);
  write_key(json, "model_version");
  write_text(json, plant.model().version());
  write_key(json, "events_truncated");
  json.Bool(std::ranges::any_of(whole, [](const auto& part) { return part->explanation.events_truncated; }));
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

schema::Result<Wanted> parse_times(const Target& target, const schema::Model& model) {
  Wanted wanted;
  if (auto known = target.expect_only({"depth", "at", "as_known_at"}); !known.ok()) return known.error();
  auto depth = target.number("depth", kDepthDefault, 1, kDepthMax);
  if (!depth.ok()) return depth.error();
  wanted.depth = static_cast<unsigned>(*depth);
  auto at = target.time("at", schema::kNever);
  if (!at.ok()) return at.error();
  wanted.at = *at;
  auto as_of = parse_as_of(target, model);
  if (!as_of.ok()) return as_of.error();
  wanted.as_of = *as_of;
  return wanted;
}

/// A time that has not come yet.
std::optional<Reply> refuse_future(schema::EventTime wanted, const Explanation& explanation) {
  if (wanted == schema::kNever || wanted <= explanation.clock) return std::nullopt;
  const std::string at = schema::format_rfc3339(wanted);
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

/// Blocks on engine and disk.
Reply follow_and_render(actors::Plant& plant, const Wanted& wanted, std::unique_ptr<ExplanationPart> first) {
  WholeExplanation whole;
  whole.push_back(std::move(first));
  const auto followed = follow_links(plant, wanted.as_of, whole);
  return followed.ok() ? render(plant, whole) : past_problem(followed.error());
}

/// Blocks on engine and disk.
Reply explain_as_known(actors::Plant& plant, const Wanted& wanted) {
  const auto& place = plant.place(wanted.entity);
  const auto as_of = wanted.as_of.in(plant.model(), place.domain);
  if (!as_of.ok()) return problem_of(as_of.error());
  auto first =
      server::explain_from_history(plant, place.domain, place.entity, wanted.attribute, wanted.depth, *as_of);
  if (!first.ok()) return past_problem(first.error());
  if (auto refusal = refuse_future((*first)->at, (*first)->explanation)) return std::move(*refusal);
  return follow_and_render(plant, wanted, std::move(first).value());
}

kj::Promise<Reply> answer_from_history(Site& site, actors::Plant& plant, const Wanted& wanted) {
  return site.background.run<Reply>([&plant, wanted] { return explain_as_known(plant, wanted); },
                                    site.too_busy());
}

kj::Promise<Reply> name_events_and_render(Site& site, actors::Plant& plant, const Wanted& wanted,
                                          Explanation&& settled) {
  const schema::DomainIndex domain = plant.place(wanted.entity).domain;
  if (auto refusal = refuse_future(wanted.at, settled)) return std::move(*refusal);
  if (plant.domain(domain).history() != nullptr && !actors::is_held(settled.cause))
    return answer_from_history(site, plant, wanted);
  if (auto refusal = refuse_forgotten(*site.model, wanted, settled)) return std::move(*refusal);
  auto part = std::make_shared<std::unique_ptr<ExplanationPart>>(std::make_unique<ExplanationPart>());
  (*part)->domain = domain;
  (*part)->depth = wanted.depth;
  (*part)->at = wanted.at;
  (*part)->explanation = std::move(settled);
  const auto work = [&plant, wanted, part]() -> Reply {
    const auto named = name_present_events(plant, **part);
    return named.ok() ? follow_and_render(plant, wanted, std::move(*part)) : problem_of(named.error());
  };
  // What goes on in other domains waits for their engines and disks.
  if (is_divided(*site.model)) return site.background.run<Reply>(work, site.too_busy());
  if (site.worker.is_full()) return site.too_busy();
  return site.worker.compute<Reply>(work);
}

}  // namespace

kj::Promise<Reply> explain(const Request& request, Site& site, actors::Plant& plant) {
  const schema::Model& model = *site.model;
  auto parsed = parse_times(request.target, model);
  if (!parsed.ok()) return problem_of(parsed.error());
  Wanted wanted = *parsed;
  wanted.entity = model.find_entity(request.argument(0));
  if (wanted.entity == schema::kNone) return unknown_entity(model, request.argument(0));
  const schema::EntityType& type = model.type_of(wanted.entity);
  wanted.attribute = type.find_attribute(request.argument(1));
  if (wanted.attribute == schema::kNoSlot || type.attributes[wanted.attribute].role == schema::Role::memory) {
    return unknown_attribute(model, wanted.entity, request.argument(1));
  }
  if (wanted.as_of.asks_known()) return answer_from_history(site, plant, wanted);
  return from_engine<Explanation>([&](auto done) {
           const auto& place = plant.place(wanted.entity);
           plant.domain(place.domain)
               .why(place.entity, wanted.attribute, wanted.depth, wanted.at, std::move(done));
         })
      .then([&site, &plant, wanted](Explanation&& explanation) {
        return name_events_and_render(site, plant, wanted, kj::mv(explanation));
      });
}

}  // namespace pollux::server::routes
