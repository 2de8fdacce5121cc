#include "schema/graph.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace pollux::schema {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

const char* shape_of(Kind kind) {
  switch (kind) {
    case Kind::asset:
      return "box";
    case Kind::process:
      return "ellipse";
    case Kind::constraint:
      return "octagon";
    case Kind::flow:
      return "cds";
    case Kind::resource:
      return "cylinder";
  }
  return "";
}

/// A DOT string: quotes and backslashes are escaped.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// Calls `visit(consumer, input, binding)` for every binding, by consumer.
template <class Visit>
void for_each_binding(const Model& model, Visit&& visit) {
  for (EntityIndex consumer = 0; consumer < model.entity_count(); ++consumer) {
    const EntityType& type = model.type_of(consumer);
    for (InputSlot slot = 0; slot < type.inputs.size(); ++slot) {
      for (const Binding& binding : model.bindings(consumer, slot))
        visit(consumer, type.inputs[slot], binding);
    }
  }
}

const std::string& attribute_name(const Model& model, const Binding& binding) {
  return model.type_of(binding.producer).attributes[binding.attribute].name;
}

/// The length of the longest way from an entity without inputs.
std::vector<unsigned> depths(const Model& model) {
  std::vector<unsigned> depth(model.entity_count(), 0);
  for (const EntityIndex entity : model.topological_order()) {
    for (const EntityIndex consumer : model.dependents(entity)) {
      depth[consumer] = std::max(depth[consumer], depth[entity] + 1);
    }
  }
  return depth;
}

void write(JsonWriter& json, const char* key, std::string_view text) {
  json.Key(key);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_entities(JsonWriter& json, const Model& model) {
  const std::vector<unsigned> depth = depths(model);
  json.Key("entities");
  json.StartArray();
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    json.StartObject();
    write(json, "id", model.id(entity));
    write(json, "type", model.type_of(entity).name);
    write(json, "kind", name_of(model.type_of(entity).kind));
    json.Key("depth");
    json.Uint(depth[entity]);
    json.EndObject();
  }
  json.EndArray();
}

void write_bindings(JsonWriter& json, const Model& model) {
  json.Key("bindings");
  json.StartArray();
  for_each_binding(model, [&](EntityIndex consumer, const Input& input, const Binding& binding) {
    json.StartObject();
    write(json, "from", model.id(binding.producer));
    write(json, "attribute", attribute_name(model, binding));
    write(json, "to", model.id(consumer));
    write(json, "input", input.name);
    json.EndObject();
  });
  json.EndArray();
}

}  // namespace

std::string graph_dot(const Model& model) {
  std::string dot = "digraph " + quoted(model.name()) + " {\n  rankdir=LR;\n";
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    const EntityType& type = model.type_of(entity);
    // A backslash-n within a label is DOT's own line break, so it is joined after quoting.
    const std::string id = quoted(model.id(entity));
    const std::string label = id.substr(0, id.size() - 1) + "\\n" + quoted(type.name).substr(1);
    dot += "  " + id + " [label=" + label + ", shape=" + shape_of(type.kind) + "];\n";
  }
  for_each_binding(model, [&](EntityIndex consumer, const Input& input, const Binding& binding) {
    const std::string label = attribute_name(model, binding) + " -> " + input.name;
    dot += "  " + quoted(model.id(binding.producer)) + " -> " + quoted(model.id(consumer)) +
           " [label=" + quoted(label) + "];\n";
  });
  return dot + "}\n";
}

std::string graph_json(const Model& model) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write(json, "model", model.name());
  write(json, "version", model.version());
  write_entities(json, model);
  write_bindings(json, model);
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pollux::schema
