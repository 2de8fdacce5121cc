#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>

#include "schema/graph/graph_analysis.h"
#include "schema/model/division.h"

namespace pollux::schema {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(JsonWriter& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write(JsonWriter& json, const char* key, std::string_view text) {
  json.Key(key);
  write_text(json, text);
}

void write(JsonWriter& json, const char* key, std::size_t number) {
  json.Key(key);
  json.Uint64(number);
}

void write_counted(JsonWriter& json, const char* key, std::uint32_t number) {
  json.Key(key);
  if (number == GraphAnalysis::kNotCounted) {
    json.Null();
  } else {
    json.Uint(number);
  }
}

void write_ids(JsonWriter& json, const char* key, const Model& model, std::span<const EntityIndex> entities) {
  json.Key(key);
  json.StartArray();
  for (const EntityIndex entity : entities) write_text(json, model.id(entity));
  json.EndArray();
}

void write_summary(JsonWriter& json, const Model& model, const GraphAnalysis& analysis) {
  write(json, "model", model.name());
  write(json, "version", model.version());
  write(json, "entity_count", model.entity_count());
  write(json, "binding_count", analysis.binding_count);
  write(json, "source_count", analysis.source_count);
  write(json, "constraint_count", analysis.constraint_count);
  write(json, "height", analysis.longest_path.empty() ? 0 : analysis.longest_path.size() - 1);
  write(json, "cascades", analysis.every_cascade_counted ? "all" : "chosen");
  write_ids(json, "longest_path", model, analysis.longest_path);
}

void write_domains(JsonWriter& json, const Model& model) {
  const std::vector<DomainSummary> domains = summarise_domains(model);
  json.Key("domains");
  json.StartArray();
  for (std::size_t d = 0; d < domains.size(); ++d) {
    json.StartObject();
    write(json, "name", model.domain_name(static_cast<DomainIndex>(d)));
    write(json, "entities", domains[d].entities);
    write(json, "constraints", domains[d].constraints);
    write(json, "links_in", domains[d].links_in);
    write(json, "links_out", domains[d].links_out);
    json.EndObject();
  }
  json.EndArray();
}

void write_bottlenecks(JsonWriter& json, const Model& model, const GraphAnalysis& analysis,
                       std::size_t limit) {
  json.Key("bottlenecks");
  json.StartArray();
  for (std::size_t i = 0; i < std::min(limit, kBottlenecksShown); ++i) {
    const EntityIndex entity = analysis.ranking[i];
    if (analysis.cuts_off[entity] == 0) break;
    const auto constraints = constraints_downstream(model, entity, kConstraintsNamedMax + 1);
    const std::size_t named = std::min(constraints.size(), kConstraintsNamedMax);
    json.StartObject();
    write(json, "id", model.id(entity));
    write(json, "cuts_off", analysis.cuts_off[entity]);
    write_ids(json, "constraints", model, std::span(constraints).first(named));
    json.Key("constraints_truncated");
    json.Bool(constraints.size() > named);
    json.EndObject();
  }
  json.EndArray();
}

void write_entity(JsonWriter& json, const Model& model, const GraphAnalysis& analysis, EntityIndex entity) {
  json.StartObject();
  write(json, "id", model.id(entity));
  write(json, "type", model.type_of(entity).name);
  write(json, "kind", name_of(model.type_of(entity).kind));
  write(json, "depth", analysis.depth[entity]);
  write(json, "fan_in", analysis.fan_in[entity]);
  write(json, "fan_out", analysis.fan_out[entity]);
  json.Key("cut_off_by");
  if (analysis.cut_off_by[entity] == kNone) {
    json.Null();
  } else {
    write_text(json, model.id(analysis.cut_off_by[entity]));
  }
  write(json, "cuts_off", analysis.cuts_off[entity]);
  write_counted(json, "cascade", analysis.cascade[entity]);
  write_counted(json, "constraints", analysis.constraints[entity]);
  if (model.domain_count() > 1) write(json, "domain", model.domain_name(model.domain_of(entity)));
  json.EndObject();
}

}  // namespace

std::string graph_analysis_json(const Model& model, const GraphAnalysis& analysis, std::size_t limit) {
  const std::size_t shown = std::min(limit, analysis.ranking.size());
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_summary(json, model, analysis);
  if (model.domain_count() > 1) write_domains(json, model);
  write_bottlenecks(json, model, analysis, shown);
  json.Key("entities");
  json.StartArray();
  for (std::size_t i = 0; i < shown; ++i) write_entity(json, model, analysis, analysis.ranking[i]);
  json.EndArray();
  json.Key("truncated");
  json.Bool(shown < analysis.ranking.size());
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pollux::schema
