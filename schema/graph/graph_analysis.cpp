#include "schema/graph/graph_analysis.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "schema/graph/ancestor_tree.h"
#include "schema/graph/cascades.h"

namespace pollux::schema {
namespace {

bool is_fed(const EntityType& type) {
  return std::ranges::any_of(type.attributes, [](const Attribute& a) { return a.role == Role::observed; });
}

void measure(const Model& model, GraphAnalysis& analysis) {
  for (const EntityIndex entity : model.topological_order()) {
    const auto consumers = model.dependents(entity);
    analysis.fan_out[entity] = static_cast<std::uint32_t>(consumers.size());
    for (const EntityIndex consumer : consumers) {
      ++analysis.fan_in[consumer];
      if (model.is_link(consumer)) continue;
      analysis.depth[consumer] = std::max(analysis.depth[consumer], analysis.depth[entity] + 1);
    }
  }
  for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    const EntityType& type = model.type_of(entity);
    analysis.constraint_count += type.constraint.has_value();
    for (InputSlot slot = 0; slot < type.inputs.size(); ++slot) {
      analysis.binding_count += model.bindings(entity, slot).size();
    }
  }
}

/// A producer from which the longest way to `entity` comes.
EntityIndex step_back(const Model& model, const GraphAnalysis& analysis, EntityIndex entity) {
  if (model.is_link(entity)) return kNone;
  for (InputSlot slot = 0; slot < model.type_of(entity).inputs.size(); ++slot) {
    for (const Binding& binding : model.bindings(entity, slot)) {
      if (analysis.depth[binding.producer] + 1 == analysis.depth[entity]) return binding.producer;
    }
  }
  return kNone;
}

void find_longest_path(const Model& model, GraphAnalysis& analysis) {
  const auto deepest = std::ranges::max_element(analysis.depth);
  if (deepest == analysis.depth.end()) return;
  auto entity = static_cast<EntityIndex>(deepest - analysis.depth.begin());
  for (; entity != kNone; entity = step_back(model, analysis, entity))
    analysis.longest_path.push_back(entity);
  std::ranges::reverse(analysis.longest_path);
}

/// Producers come before their consumers in the order, so one pass knows them all.
void find_dominators(const Model& model, GraphAnalysis& analysis) {
  const auto root = static_cast<std::uint32_t>(model.entity_count());
  AncestorTree tree(model.entity_count() + 1, root);
  std::vector<std::uint32_t> common(model.entity_count(), kNone);  // of the producers seen so far
  for (const EntityIndex entity : model.topological_order()) {
    const bool source = common[entity] == kNone || is_fed(model.type_of(entity));
    analysis.source_count += source;
    tree.add(entity, source ? root : common[entity]);
    for (const EntityIndex consumer : model.dependents(entity)) {
      if (model.is_link(consumer)) continue;
      std::uint32_t& known = common[consumer];
      known = known == kNone ? entity : tree.lowest_common_ancestor(known, entity);
    }
  }
  const auto order = model.topological_order();
  for (std::size_t i = order.size(); i-- > 0;) {
    const EntityIndex entity = order[i];
    const std::uint32_t parent = tree.parent(entity);
    if (parent == root) continue;
    analysis.cut_off_by[entity] = parent;
    analysis.cuts_off[parent] += analysis.cuts_off[entity] + 1;
  }
}

/// All entities in evaluation order, or those that matter most in a large model.
std::vector<EntityIndex> choose(const Model& model, const GraphAnalysis& analysis, bool all) {
  const auto order = model.topological_order();
  std::vector<EntityIndex> chosen(order.begin(), order.end());
  if (all) return chosen;
  const auto matters_more = [&](EntityIndex a, EntityIndex b) {
    const auto weight = [&](EntityIndex e) { return std::max(analysis.fan_out[e], analysis.cuts_off[e]); };
    return std::tuple(weight(b), a) < std::tuple(weight(a), b);
  };
  const auto end = chosen.begin() + static_cast<std::ptrdiff_t>(std::min(chosen.size(), kCascadesChosen));
  std::partial_sort(chosen.begin(), end, chosen.end(), matters_more);
  chosen.erase(end, chosen.end());
  return chosen;
}

void find_cascades(const Model& model, GraphAnalysis& analysis) {
  const std::vector<EntityIndex> chosen = choose(model, analysis, analysis.every_cascade_counted);
  const std::vector<Cascade> cascades = count_cascades(model, chosen);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    analysis.cascade[chosen[i]] = cascades[i].entities;
    analysis.constraints[chosen[i]] = cascades[i].constraints;
  }
}

void rank(GraphAnalysis& analysis) {
  analysis.ranking.resize(analysis.depth.size());
  std::iota(analysis.ranking.begin(), analysis.ranking.end(), EntityIndex{0});
  const auto counted = [&](EntityIndex e) { return analysis.cascade[e] + 1; };  // what is not counted: 0
  std::ranges::sort(analysis.ranking, [&](EntityIndex a, EntityIndex b) {
    return std::tuple(analysis.cuts_off[b], counted(b), analysis.fan_out[b], a) <
           std::tuple(analysis.cuts_off[a], counted(a), analysis.fan_out[a], b);
  });
}

}  // namespace

GraphAnalysis analyse_graph(const Model& model, std::size_t cascades_all_max) {
  const std::size_t count = model.entity_count();
  GraphAnalysis analysis;
  analysis.fan_in.assign(count, 0);
  analysis.fan_out.assign(count, 0);
  analysis.depth.assign(count, 0);
  analysis.cut_off_by.assign(count, kNone);
  analysis.cuts_off.assign(count, 0);
  analysis.cascade.assign(count, GraphAnalysis::kNotCounted);
  analysis.constraints.assign(count, GraphAnalysis::kNotCounted);
  analysis.every_cascade_counted = count <= cascades_all_max;
  measure(model, analysis);
  find_longest_path(model, analysis);
  find_dominators(model, analysis);
  find_cascades(model, analysis);
  rank(analysis);
  return analysis;
}

std::vector<EntityIndex> constraints_downstream(const Model& model, EntityIndex entity, std::size_t limit) {
  std::vector<bool> seen(model.entity_count(), false);
  std::vector<EntityIndex> waiting = {entity};
  std::vector<EntityIndex> constraints;
  while (!waiting.empty()) {
    const EntityIndex next = waiting.back();
    waiting.pop_back();
    for (const EntityIndex consumer : model.dependents(next)) {
      if (seen[consumer] || model.is_link(consumer)) continue;
      seen[consumer] = true;
      if (model.type_of(consumer).constraint) constraints.push_back(consumer);
      waiting.push_back(consumer);
    }
  }
  std::ranges::sort(constraints);
  if (constraints.size() > limit) constraints.resize(limit);
  return constraints;
}

}  // namespace pollux::schema
