// Models of any acyclic shape: entities that read sums of others, some fed by events, some constraints.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schema/model/model_file.h"

namespace pollux::schema::samples {

enum ShapeType : TypeIndex { kFed, kNode, kCheck };

/// Entities `e0`, `e1`, ... of the types given, each reading from lower ones as the edges say.
inline Model shaped(const std::vector<ShapeType>& types,
                    const std::vector<std::pair<EntityIndex, EntityIndex>>& edges) {
  auto loaded = load_model(R"(
twin: shape
types:
  Fed: { kind: asset, observed: { x: {} }, inputs: { in: { many: true } }, derived: { y: { is: x + sum(in) } } }
  Node: { kind: process, inputs: { in: { many: true } }, derived: { y: { is: sum(in) } } }
  Check: { kind: constraint, inputs: { in: { many: true } }, requires: sum(in) > 0 }
entities:
  fed: { type: Fed, inputs: { in: [] } }
)",
                           "shape.yaml");
  if (const auto* errors = std::get_if<ModelErrors>(&loaded)) {
    ADD_FAILURE() << errors->text();
    std::abort();
  }
  const Model& templates = std::get<Model>(loaded);
  ModelBuilder builder("shape");
  for (const EntityType& type : templates.types()) builder.add_type(type);
  for (std::size_t i = 0; i < types.size(); ++i) builder.add_entity("e" + std::to_string(i), types[i]);
  for (const auto& [from, to] : edges) {
    builder.bind(
        to, 0,
        {from, templates.types()[types[from]].find_attribute(types[from] == kCheck ? "status" : "y"), {}});
  }
  return std::move(builder).build();
}

/// Up to 40 entities.
inline Model random_shape(std::mt19937_64& random) {
  const std::size_t count = 1 + random() % 40;
  std::vector<ShapeType> types;
  std::set<std::pair<EntityIndex, EntityIndex>> edges;
  for (std::size_t i = 0; i < count; ++i) {
    const auto roll = random() % 8;
    types.push_back(roll == 0 ? kFed : roll == 1 ? kCheck : kNode);
  }
  for (EntityIndex to = 1; to < count; ++to) {
    for (std::size_t i = random() % 4; i > 0; --i) {
      const auto from = static_cast<EntityIndex>(random() % to);
      if (types[from] != kCheck) edges.insert({from, to});
    }
  }
  return shaped(types, {edges.begin(), edges.end()});
}

/// Everything that can be reached from `starts`, which are part of it, without passing `without`.
inline std::set<EntityIndex> reachable(const Model& model, const std::vector<EntityIndex>& starts,
                                       EntityIndex without = kNone) {
  std::set<EntityIndex> reached;
  std::vector<EntityIndex> waiting;
  const auto reach = [&](EntityIndex entity) {
    if (entity != without && reached.insert(entity).second) waiting.push_back(entity);
  };
  for (const EntityIndex start : starts) reach(start);
  while (!waiting.empty()) {
    const EntityIndex next = waiting.back();
    waiting.pop_back();
    for (const EntityIndex consumer : model.dependents(next)) reach(consumer);
  }
  return reached;
}

}  // namespace pollux::schema::samples
