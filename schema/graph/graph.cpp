#include "schema/graph/graph.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "schema/model/division.h"

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
    if (model.domain_count() > 1) write(json, "domain", model.domain_name(model.domain_of(entity)));
    json.EndObject();
  }
  json.EndArray();
}

void write_domains(JsonWriter& json, const Model& model) {
  const std::vector<DomainSummary> domains = summarise_domains(model);
  json.Key("domains");
  json.StartArray();
  for (std::size_t d = 0; d < domains.size(); ++d) {
    json.StartObject();
    write(json, "name", model.domain_name(static_cast<DomainIndex>(d)));
    json.Key("entities");
    json.Uint64(domains[d].entities);
    json.EndObject();
  }
  json.EndArray();
  json.Key("links");
  json.StartArray();
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    if (!crosses(model, entity)) continue;
    const Binding& from = model.bindings(entity, 0).front();
    json.StartObject();
    write(json, "id", model.id(entity));
    write(json, "from_domain", model.domain_name(model.domain_of(from.producer)));
    write(json, "from", model.id(from.producer));
    write(json, "attribute", attribute_name(model, from));
    write(json, "to_domain", model.domain_name(model.domain_of(entity)));
    write(json, "delay", format_duration(model.type_of(entity).link_delay));
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

std::string node_dot(const Model& model, EntityIndex entity, const char* indent) {
  const EntityType& type = model.type_of(entity);
  // A backslash-n within a label is DOT's own line break, so it is joined after quoting.
  const std::string id = quoted(model.id(entity));
  const std::string label = id.substr(0, id.size() - 1) + "\\n" + quoted(type.name).substr(1);
  return indent + id + " [label=" + label + ", shape=" + shape_of(type.kind) + "];\n";
}

/// The nodes of each domain in a cluster, which Graphviz draws a box around.
std::string domains_dot(const Model& model) {
  std::vector<std::string> clusters(model.domain_count());
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    clusters[model.domain_of(entity)] += node_dot(model, entity, "    ");
  }
  std::string dot;
  for (std::size_t d = 0; d < clusters.size(); ++d) {
    const std::string& name = model.domain_name(static_cast<DomainIndex>(d));
    dot += "  subgraph " + quoted("cluster_" + name) + " {\n    label=" + quoted(name) + ";\n" + clusters[d] +
           "  }\n";
  }
  return dot;
}

}  // namespace

std::string graph_dot(const Model& model) {
  std::string dot = "digraph " + quoted(model.name()) + " {\n  rankdir=LR;\n";
  if (model.domain_count() == 1) {
    for (EntityIndex entity = 0; entity < model.entity_count(); ++entity)
      dot += node_dot(model, entity, "  ");
  } else {
    dot += domains_dot(model);
  }
  for_each_binding(model, [&](EntityIndex consumer, const Input& input, const Binding& binding) {
    std::string label = attribute_name(model, binding) + " -> " + input.name;
    const bool crossing = crosses(model, consumer);
    if (crossing) label += ", " + format_duration(model.type_of(consumer).link_delay);
    dot += "  " + quoted(model.id(binding.producer)) + " -> " + quoted(model.id(consumer)) +
           " [label=" + quoted(label) + (crossing ? ", style=dashed, penwidth=2];\n" : "];\n");
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
  if (model.domain_count() > 1) write_domains(json, model);
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pollux::schema
