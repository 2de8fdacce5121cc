#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kDepthDefault = 5;
constexpr std::uint64_t kDepthMax = 32;

/// What a constraint demands, or how a derived attribute is computed; empty for what comes from outside.
std::string_view rule_of(const schema::EntityType& type, schema::AttributeSlot slot) {
  if (type.constraint && type.constraint->status == slot) return type.constraint->requires_text;
  return type.attributes[slot].expression;
}

/// Recursion is bounded by the depth that was asked for.
void write_cause(JsonWriter& json, const schema::Model& model, const actors::Cause& cause) {
  const schema::EntityType& type = model.type_of(cause.entity);
  const schema::Attribute& attribute = type.attributes[cause.state.attribute];
  json.StartObject();
  write_key(json, "entity");
  write_text(json, model.id(cause.entity));
  write_key(json, "attribute");
  write_text(json, attribute.name);
  write_key(json, "role");
  write_text(json, schema::name_of(attribute.role));
  write_value_members(json, model, attribute, cause.state.value);
  write_key(json, "time");
  write_time(json, cause.state.time);
  write_key(json, "is");
  write_text_or_null(json, rule_of(type, cause.state.attribute));
  write_key(json, "inputs");
  json.StartArray();
  for (const auto& input : cause.inputs) write_cause(json, model, input);
  json.EndArray();
  write_key(json, "truncated");
  json.Bool(cause.truncated);
  json.EndObject();
}

}  // namespace

kj::Promise<Reply> explain(const Request& request, Site& site, actors::Twin& twin) {
  const schema::Model& model = *site.model;
  if (auto known = request.target.expect_only({"depth"}); !known.ok()) return problem_of(known.error());
  auto depth = request.target.number("depth", kDepthDefault, 1, kDepthMax);
  if (!depth.ok()) return problem_of(depth.error());
  const schema::EntityIndex entity = model.find_entity(request.argument(0));
  if (entity == schema::kNone) return unknown_entity(model, request.argument(0));
  const schema::EntityType& type = model.type_of(entity);
  const schema::AttributeSlot slot = type.find_attribute(request.argument(1));
  if (slot == schema::kNoSlot || type.attributes[slot].role == schema::Role::memory) {
    return unknown_attribute(model, entity, request.argument(1));
  }
  return from_engine<actors::Cause>(
             [&](auto done) { twin.why(entity, slot, static_cast<unsigned>(*depth), std::move(done)); })
      .then([&model](actors::Cause&& cause) {
        JsonBuffer buffer;
        JsonWriter json(buffer);
        write_cause(json, model, cause);
        return Reply{200, "application/json", text_of(buffer), {}};
      });
}

}  // namespace pollux::server::routes
