#include "actors/inquiry/impact.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "actors/inquiry/hypothesis.h"
#include "server/http/crossing.h"
#include "server/http/given_value.h"
#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

using actors::Affected;
using actors::Cone;
using actors::Hypothetical;
using actors::PresentValues;

constexpr std::uint64_t kLimitDefault = 1'000;
constexpr std::uint64_t kLimitMax = 10'000;

/// What is asked: the impact of what, and of which value.
struct Wanted {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;  ///< `kNoSlot`: of the whole entity.
  std::optional<schema::Value> value;
  std::uint64_t limit = kLimitDefault;
};

std::variant<Wanted, Reply> parse_wanted(const Request& request, const schema::Model& model) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"value", "quality", "limit"}); !known.ok())
    return problem_of(known.error());
  Wanted wanted;
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  wanted.limit = *limit;
  wanted.entity = model.find_entity(request.argument(0));
  if (wanted.entity == schema::kNone) return unknown_entity(model, request.argument(0));
  const auto value = target.parameter("value");
  const auto quality = target.parameter("quality");
  if (request.match.arguments.size() < 2) {
    if (!value && !quality) return wanted;
    return problem(400, {"a value can be supposed for one attribute, not for an entity", "value",
                         "name the attribute: /v1/impact/ENTITY/ATTRIBUTE?value=...", ""});
  }
  const schema::EntityType& type = model.type_of(wanted.entity);
  wanted.attribute = type.find_attribute(request.argument(1));
  if (wanted.attribute == schema::kNoSlot || type.attributes[wanted.attribute].role == schema::Role::memory) {
    return unknown_attribute(model, wanted.entity, request.argument(1));
  }
  if (!value && !quality) return wanted;
  auto given =
      parse_given_value(model, type.attributes[wanted.attribute], value.value_or(""), quality.value_or(""));
  if (auto* refusal = std::get_if<Reply>(&given)) return std::move(*refusal);
  wanted.value = std::get<schema::Value>(given);
  return wanted;
}

void write_id(JsonWriter& json, const char* key, const schema::Model& model, schema::EntityIndex entity) {
  write_key(json, key);
  write_text(json, model.id(entity));
}

void write_number_member(JsonWriter& json, const char* key, std::size_t number) {
  write_key(json, key);
  json.Uint64(number);
}

/// What was asked about.
void write_subject(JsonWriter& json, const schema::Model& model, const Wanted& wanted) {
  write_id(json, "entity", model, wanted.entity);
  write_key(json, "attribute");
  if (wanted.attribute == schema::kNoSlot) {
    json.Null();
  } else {
    write_text(json, model.type_of(wanted.entity).attributes[wanted.attribute].name);
  }
  write_key(json, "model_version");
  write_text(json, model.version());
}

void write_affected(JsonWriter& json, const schema::Model& model, const Affected& affected) {
  const schema::EntityType& type = model.type_of(affected.entity);
  json.StartObject();
  write_id(json, "entity", model, affected.entity);
  write_key(json, "kind");
  write_text(json, schema::name_of(type.kind));
  write_key(json, "attributes");
  json.StartArray();
  for (const schema::AttributeSlot a : affected.attributes) write_text(json, type.attributes[a].name);
  json.EndArray();
  json.EndObject();
}

/// `[{"level","entities":[...]}]`, the nearest first.
void write_levels(JsonWriter& json, const schema::Model& model, std::span<const Affected* const> by_level) {
  write_key(json, "levels");
  json.StartArray();
  for (std::size_t i = 0; i < by_level.size();) {
    const std::uint32_t level = by_level[i]->level;
    json.StartObject();
    write_number_member(json, "level", level);
    write_key(json, "entities");
    json.StartArray();
    for (; i < by_level.size() && by_level[i]->level == level; ++i) write_affected(json, model, *by_level[i]);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

std::string render_cone(const schema::Model& model, const Wanted& wanted, const Cone& cone) {
  std::vector<const Affected*> by_level;
  std::size_t attributes = 0;
  std::size_t constraints = 0;
  for (const Affected& affected : cone.entities) {
    by_level.push_back(&affected);
    if (affected.level == 0) continue;
    attributes += affected.attributes.size();
    constraints += model.type_of(affected.entity).constraint.has_value();
  }
  std::ranges::stable_sort(by_level, {}, [](const Affected* each) { return each->level; });
  const std::size_t shown = std::min<std::size_t>(by_level.size(), wanted.limit + 1);  // and the subject
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_subject(json, model, wanted);
  write_number_member(json, "entities", by_level.size() - 1);
  write_number_member(json, "attributes", attributes);
  write_number_member(json, "constraints", constraints);
  write_levels(json, model, std::span(by_level).first(shown));
  write_key(json, "truncated");
  json.Bool(cone.truncated || shown < by_level.size());
  json.EndObject();
  return text_of(buffer);
}

void write_whole_value(JsonWriter& json, const char* key, const schema::Model& model,
                       const schema::Attribute& attribute, const schema::Value& value) {
  write_key(json, key);
  json.StartObject();
  write_value_members(json, model, attribute, value);
  json.EndObject();
}

void write_changes(JsonWriter& json, const schema::Model& model,
                   std::span<const actors::WouldChange> changes) {
  write_key(json, "changes");
  json.StartArray();
  for (const auto& change : changes) {
    const schema::Attribute& attribute = model.type_of(change.entity).attributes[change.attribute];
    json.StartObject();
    write_id(json, "entity", model, change.entity);
    write_key(json, "attribute");
    write_text(json, attribute.name);
    write_number_member(json, "level", change.level);
    write_whole_value(json, "was", model, attribute, change.was);
    write_whole_value(json, "would_be", model, attribute, change.would_be);
    json.EndObject();
  }
  json.EndArray();
}

void write_effects(JsonWriter& json, const schema::Model& model,
                   std::span<const actors::ConstraintEffect> effects) {
  write_key(json, "constraints");
  json.StartArray();
  for (const auto& each : effects) {
    const schema::ConstraintRule& rule = *model.type_of(each.constraint).constraint;
    json.StartObject();
    write_id(json, "constraint", model, each.constraint);
    write_key(json, "effect");
    write_text(json, actors::name_of(each.effect));
    write_key(json, "status");
    write_value(json, model, each.status);
    write_key(json, "requires");
    write_text(json, rule.requires_text);
    write_key(json, "for");
    write_text(json, schema::format_duration(rule.hold));
    write_key(json, "severity");
    write_text(json, schema::name_of(rule.severity));
    json.EndObject();
  }
  json.EndArray();
}

void write_held(JsonWriter& json, const schema::Model& model, std::span<const actors::HeldAttribute> held) {
  write_key(json, "held");
  json.StartArray();
  for (const auto& each : held) {
    json.StartObject();
    write_id(json, "entity", model, each.entity);
    write_key(json, "attribute");
    write_text(json, model.type_of(each.entity).attributes[each.attribute].name);
    json.EndObject();
  }
  json.EndArray();
}

template <class T>
std::span<const T> first_of(const std::vector<T>& all, std::uint64_t limit, bool& truncated) {
  truncated |= all.size() > limit;
  return std::span(all).first(std::min<std::size_t>(all.size(), limit));
}

std::string render_hypothesis(const schema::Model& model, const Wanted& wanted,
                              const actors::Plant::Values& present, const Hypothetical& result) {
  const schema::Attribute& attribute = model.type_of(wanted.entity).attributes[wanted.attribute];
  bool truncated = result.truncated;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_subject(json, model, wanted);
  write_settled(json, model, domains_of(model, {}), present.positions, present.clocks);
  write_whole_value(json, "was", model, attribute, result.was);
  write_whole_value(json, "supposed", model, attribute, *wanted.value);
  write_key(json, "assumes");
  write_text(json, "the supposed value lasts: what a constraint demands `for` some time is not waited for");
  write_number_member(json, "evaluated", result.evaluated);
  write_changes(json, model, first_of(result.changes, wanted.limit, truncated));
  write_effects(json, model, first_of(result.constraints, wanted.limit, truncated));
  write_held(json, model, first_of(result.held, wanted.limit, truncated));
  write_key(json, "truncated");
  json.Bool(truncated);
  json.EndObject();
  return text_of(buffer);
}

kj::Promise<Reply> show_cone(const Wanted& wanted, Site& site) {
  return site.worker
      .compute<std::string>([&model = *site.model, wanted] {
        return render_cone(model, wanted, actors::find_cone(model, wanted.entity, wanted.attribute));
      })
      .then([](std::string&& text) {
        return Reply{200, "application/json", std::move(text), {}};
      });
}

/// The cone of a hypothesis, and which values it is computed from.
struct Question {
  Cone cone;
  actors::NeededValues needed;
};
using QuestionPtr = std::shared_ptr<const Question>;

QuestionPtr make_question(const schema::Model& model, const Wanted& wanted) {
  auto question = std::make_shared<Question>();
  question->cone = actors::find_cone(model, wanted.entity, wanted.attribute);
  question->needed = actors::needed_values(model, question->cone);
  return question;
}

std::string answer(const schema::Model& model, const Wanted& wanted, const Question& question,
                   const actors::Plant::Values& values) {
  const auto bound = values.values.begin() + static_cast<std::ptrdiff_t>(question.needed.attributes.size());
  const PresentValues present{
      0, 0, question.needed.entities, {values.values.begin(), bound}, {bound, values.values.end()}};
  const Hypothetical result = actors::suppose(model, question.cone, present, wanted.attribute, *wanted.value);
  return render_hypothesis(model, wanted, values, result);
}

/// Finds the cone aside, copies its values in the twin, evaluates aside.
kj::Promise<Reply> show_hypothesis(const Wanted& wanted, Site& site, actors::Plant& plant) {
  return site.worker
      .compute<QuestionPtr>([&model = *site.model, wanted] { return make_question(model, wanted); })
      .then([&site, &plant, wanted](QuestionPtr&& question) {
        using Values = actors::Plant::Values;
        return from_engine<Values>([&](auto done) {
                 std::vector<actors::Series> all = question->needed.attributes;
                 all.insert(all.end(), question->needed.bound.begin(), question->needed.bound.end());
                 plant.look(std::move(all), std::move(done));
               })
            .then([&site, wanted, question](Values&& values) -> kj::Promise<Reply> {
              if (site.worker.is_full()) return site.too_busy();
              auto present = std::make_shared<const Values>(std::move(values));
              return site.worker
                  .compute<std::string>([&model = *site.model, wanted, question, present] {
                    return answer(model, wanted, *question, *present);
                  })
                  .then([](std::string&& text) {
                    return Reply{200, "application/json", std::move(text), {}};
                  });
            });
      });
}

}  // namespace

kj::Promise<Reply> show_impact(const Request& request, Site& site, actors::Plant& plant) {
  auto wanted = parse_wanted(request, *site.model);
  if (auto* refusal = std::get_if<Reply>(&wanted)) return std::move(*refusal);
  if (site.worker.is_full()) return site.too_busy();
  const Wanted& what = std::get<Wanted>(wanted);
  return what.value ? show_hypothesis(what, site, plant) : show_cone(what, site);
}

}  // namespace pollux::server::routes
