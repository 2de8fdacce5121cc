#include "schema/graph/graph_analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <numeric>

#include "tests/schema/random_graph.h"

namespace pollux::schema {
namespace {

using samples::kCheck;
using samples::kFed;
using samples::kNode;
using testing::ElementsAre;

/// e0 and e1 feed e2; everything behind goes through it, but e4, which e0 reaches by another way too, and e6,
/// which events feed.
Model waist() {
  return samples::shaped({kFed, kFed, kNode, kNode, kNode, kCheck, kFed, kCheck},
                         {{0, 2}, {1, 2}, {2, 3}, {2, 4}, {0, 4}, {3, 5}, {2, 6}, {6, 7}});
}

TEST(GraphAnalysis, CountsWhoReadsFromWhomAndHowDeepEachLies) {
  const GraphAnalysis analysis = analyse_graph(waist());
  EXPECT_THAT(analysis.fan_in, ElementsAre(0, 0, 2, 1, 2, 1, 1, 1));
  EXPECT_THAT(analysis.fan_out, ElementsAre(2, 1, 3, 1, 0, 0, 1, 0));
  EXPECT_THAT(analysis.depth, ElementsAre(0, 0, 1, 2, 2, 3, 2, 3));
  EXPECT_EQ(analysis.binding_count, 8u);
  EXPECT_EQ(analysis.source_count, 3u);
  EXPECT_EQ(analysis.constraint_count, 2u);
}

TEST(GraphAnalysis, SeveralBindingsBetweenTwoEntitiesAreOneNeighbour) {
  const GraphAnalysis analysis = analyse_graph(samples::shaped({kFed, kNode}, {{0, 1}, {0, 1}}));
  EXPECT_EQ(analysis.fan_in[1], 1u);
  EXPECT_EQ(analysis.fan_out[0], 1u);
  EXPECT_EQ(analysis.binding_count, 2u);
}

TEST(GraphAnalysis, AnEntityCutsOffWhatNoSourceReachesWithoutIt) {
  const GraphAnalysis analysis = analyse_graph(waist());
  EXPECT_THAT(analysis.cut_off_by, ElementsAre(kNone, kNone, kNone, 2, kNone, 3, kNone, 6));
  EXPECT_THAT(analysis.cuts_off, ElementsAre(0, 0, 2, 1, 0, 0, 1, 0));
}

TEST(GraphAnalysis, CutsOffExactlyWhatASearchWithoutTheEntityNoLongerReaches) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Model model = samples::random_shape(random);
    const GraphAnalysis analysis = analyse_graph(model);
    std::vector<EntityIndex> sources;
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      if (model.type_index(e) == kFed || analysis.fan_in[e] == 0) sources.push_back(e);
    }
    ASSERT_EQ(analysis.source_count, sources.size());
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      const std::size_t left = samples::reachable(model, sources, e).size();
      ASSERT_EQ(analysis.cuts_off[e], model.entity_count() - 1 - left)
          << "round " << round << " entity " << e;
      const EntityIndex by = analysis.cut_off_by[e];
      if (by != kNone) {
        ASSERT_FALSE(samples::reachable(model, sources, by).contains(e));
      }
    }
  }
}

TEST(GraphAnalysis, TheLongestPathLeadsFromASourceAlongBindings) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 100; ++round) {
    const Model model = samples::random_shape(random);
    const GraphAnalysis analysis = analyse_graph(model);
    const auto& path = analysis.longest_path;
    ASSERT_EQ(path.size(), 1u + *std::ranges::max_element(analysis.depth));
    ASSERT_EQ(analysis.fan_in[path.front()], 0u);
    for (std::size_t i = 1; i < path.size(); ++i) {
      ASSERT_THAT(model.dependents(path[i - 1]), testing::Contains(path[i]));
    }
  }
}

TEST(GraphAnalysis, AnEntityCanViolateTheConstraintsDownstreamOfIt) {
  const Model model = waist();
  EXPECT_THAT(analyse_graph(model).constraints, ElementsAre(2, 2, 2, 1, 0, 0, 1, 0));
  EXPECT_THAT(constraints_downstream(model, 2, 10), ElementsAre(5, 7));
  EXPECT_THAT(constraints_downstream(model, 2, 1), ElementsAre(5));
  EXPECT_THAT(constraints_downstream(model, 5, 10), ElementsAre());
}

TEST(GraphAnalysis, InALargeModelTheCascadesOfThoseThatMatterMostAreCounted) {
  // Every tenth entity is read by nine; those are chosen first.
  std::vector<samples::ShapeType> types;
  std::vector<std::pair<EntityIndex, EntityIndex>> edges;
  for (EntityIndex e = 0; e < 10'000; ++e) {
    types.push_back(e % 10 == 0 ? kFed : kNode);
    if (e % 10 != 0) edges.emplace_back(e - e % 10, e);
  }
  const Model model = samples::shaped(types, edges);
  const GraphAnalysis analysis = analyse_graph(model, 9'999);
  EXPECT_FALSE(analysis.every_cascade_counted);
  EXPECT_EQ(analysis.cascade[0], 9u);
  EXPECT_EQ(analysis.cascade[1], GraphAnalysis::kNotCounted);
  EXPECT_EQ(std::ranges::count(analysis.cascade, GraphAnalysis::kNotCounted),
            static_cast<std::ptrdiff_t>(10'000 - kCascadesChosen));
  EXPECT_TRUE(analyse_graph(model, 10'000).every_cascade_counted);
}

TEST(GraphAnalysis, EndsAtALinkAndBeginsAnewBehindIt) {
  auto loaded = load_model(R"yaml(
twin: loop
types:
  Pump: { kind: asset, inputs: { back: {} }, derived: { flow: { is: back + 1 } } }
  Tower: { kind: asset, inputs: { in: {} }, derived: { out: { is: in } } }
links:
  return: { from: tower.out, delay: 30 s, initial: 24 }
entities:
  pump: { type: Pump, inputs: { back: return.value } }
  tower: { type: Tower, inputs: { in: pump.flow } }
)yaml",
                           "loop.yaml");
  ASSERT_TRUE(std::holds_alternative<Model>(loaded)) << std::get<ModelErrors>(loaded).text();
  const Model& model = std::get<Model>(loaded);
  const GraphAnalysis analysis = analyse_graph(model);
  const EntityIndex link = model.find_entity("return");
  const EntityIndex pump = model.find_entity("pump");
  EXPECT_EQ(analysis.source_count, 1u);
  EXPECT_EQ(analysis.cut_off_by[link], kNone);
  EXPECT_EQ(analysis.cuts_off[link], 2u);
  EXPECT_EQ(analysis.cascade[link], 2u);
  EXPECT_EQ(analysis.cascade[pump], 1u);
  EXPECT_THAT(analysis.longest_path, ElementsAre(link, pump, model.find_entity("tower")));
}

TEST(GraphAnalysis, AModelWithoutEntitiesHasAnEmptyOne) {
  const GraphAnalysis analysis = analyse_graph(samples::shaped({}, {}));
  EXPECT_TRUE(analysis.longest_path.empty());
  EXPECT_TRUE(analysis.ranking.empty());
}

TEST(GraphAnalysisJson, ShowsTheFirstOfTheRankingAndSaysWhatIsLeftOut) {
  const Model model = waist();
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(graph_analysis_json(model, analyse_graph(model), 3));
  EXPECT_EQ(std::uint64_t(root["entity_count"]), 8u);
  EXPECT_EQ(std::uint64_t(root["height"]), 3u);
  EXPECT_EQ(std::string_view(root["cascades"]), "all");
  EXPECT_EQ(root["longest_path"].get_array().size(), 4u);
  EXPECT_TRUE(bool(root["truncated"]));
  const simdjson::dom::element first = root["entities"].at(0);
  EXPECT_EQ(std::string_view(first["id"]), "e2");
  EXPECT_EQ(std::uint64_t(first["cuts_off"]), 2u);
  EXPECT_EQ(std::uint64_t(first["cascade"]), 5u);
  EXPECT_TRUE(first["cut_off_by"].is_null());
  EXPECT_EQ(root["entities"].get_array().size(), 3u);
  const simdjson::dom::element bottleneck = root["bottlenecks"].at(0);
  EXPECT_EQ(std::string_view(bottleneck["id"]), "e2");
  EXPECT_EQ(std::string_view(bottleneck["constraints"].at(1)), "e7");
  EXPECT_FALSE(bool(bottleneck["constraints_truncated"]));
}

TEST(GraphAnalysisJson, WhatWasNotCountedIsNull) {
  const Model model = samples::shaped(std::vector(1'000, kNode), {});
  simdjson::dom::parser parser;
  const simdjson::dom::element root =
      parser.parse(graph_analysis_json(model, analyse_graph(model, 0), model.entity_count()));
  EXPECT_EQ(std::string_view(root["cascades"]), "chosen");
  EXPECT_TRUE(root["entities"].at(999)["cascade"].is_null());
  EXPECT_FALSE(bool(root["truncated"]));
}

}  // namespace
}  // namespace pollux::schema
