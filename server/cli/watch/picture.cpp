#include "server/cli/watch/picture.h"

#include <simdjson.h>

#include "server/cli/position_text.h"

namespace pollux::server::cli {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// Levels of an explanation that are read; the server gives at most 32.
constexpr int kDepthMax = 64;

schema::Error unexpected(std::string_view what) {
  return {schema::ErrorCode::corrupt, "the server's answer has no readable " + std::string(what), "",
          "is the server another version of Pollux than this program?"};
}

/// The text of a member; empty where it is missing, null, or no text.
std::string text_in(const object& json, const char* key) {
  std::string_view text;
  return json[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

ShownValue read_value(const object& json) {
  ShownValue shown;
  element value;
  double number = 0;
  std::string_view text;
  bool truth = false;
  if (json["value"].get(value) == simdjson::SUCCESS) {
    if (value.get(number) == simdjson::SUCCESS) {
      shown.number = number;
    } else if (value.get(text) == simdjson::SUCCESS) {
      shown.text = text;
    } else if (value.get(truth) == simdjson::SUCCESS) {
      shown.text = truth ? "true" : "false";
    }
  }
  shown.unit = text_in(json, "unit");
  shown.quality = text_in(json, "quality");
  shown.reason = text_in(json, "reason");
  return shown;
}

ShownEntity read_entity(const object& json) {
  ShownEntity entity{text_in(json, "id"), text_in(json, "type"), text_in(json, "kind"), {}};
  object attributes;
  if (json["attributes"].get(attributes) != simdjson::SUCCESS) return entity;
  for (const auto& [name, value] : attributes) {
    object members;
    if (value.get(members) != simdjson::SUCCESS) continue;
    entity.attributes.push_back({std::string(name), text_in(members, "role"), read_value(members)});
  }
  return entity;
}

bool read_cause(const object& json, int depth, ShownCause& cause) {
  cause.entity = text_in(json, "entity");
  cause.attribute = text_in(json, "attribute");
  cause.role = text_in(json, "role");
  cause.value = read_value(json);
  array inputs;
  if (cause.entity.empty() || json["inputs"].get(inputs) != simdjson::SUCCESS) return false;
  if (depth == kDepthMax) return true;
  for (const element& input : inputs) {
    object members;
    if (input.get(members) != simdjson::SUCCESS) return false;
    if (!read_cause(members, depth + 1, cause.inputs.emplace_back())) return false;
  }
  return true;
}

}  // namespace

schema::Result<EntityPage> read_entities(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  object json;
  array entities;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      root.get(json) != simdjson::SUCCESS || json["entities"].get(entities) != simdjson::SUCCESS) {
    return unexpected("list of entities");
  }
  EntityPage page;
  page.clock = text_in(json, "clock");
  page.next_cursor = text_in(json, "next_cursor");
  page.position = position_text(root);
  if (page.position.empty()) return unexpected("position");
  for (const element& each : entities) {
    object members;
    if (each.get(members) != simdjson::SUCCESS) return unexpected("entity");
    page.entities.push_back(read_entity(members));
  }
  return page;
}

schema::Result<std::vector<ShownConstraint>> read_constraints(std::string_view body) {
  simdjson::dom::parser parser;
  object json;
  array constraints;
  if (parser.parse(body.data(), body.size()).get(json) != simdjson::SUCCESS ||
      json["constraints"].get(constraints) != simdjson::SUCCESS) {
    return unexpected("list of constraints");
  }
  std::vector<ShownConstraint> shown;
  for (const element& each : constraints) {
    object members;
    if (each.get(members) != simdjson::SUCCESS) return unexpected("constraint");
    shown.push_back({text_in(members, "id"), text_in(members, "status"), text_in(members, "since"),
                     text_in(members, "severity"), text_in(members, "requires"), text_in(members, "for")});
  }
  return shown;
}

schema::Result<ShownCause> read_explanation(std::string_view body) {
  simdjson::dom::parser parser;
  object json;
  ShownCause cause;
  if (parser.parse(body.data(), body.size()).get(json) != simdjson::SUCCESS || !read_cause(json, 0, cause)) {
    return unexpected("explanation");
  }
  return cause;
}

}  // namespace pollux::server::cli
