#include "schema/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr const char* kModel = R"(
twin: loop
types:
  Pump: { kind: asset, observed: { flow: { unit: L/s } } }
  Sum: { kind: process, inputs: { in: { unit: L/s, many: true } }, derived: { out: { unit: L/s, is: sum(in) } } }
  Low: { kind: constraint, inputs: { flow: { unit: L/s } }, requires: flow > 1 L/s }
entities:
  p1: { type: Pump }
  p2: { type: Pump }
  all: { type: Sum, inputs: { in: [p1.flow, p2.flow] } }
  low: { type: Low, inputs: { flow: all.out } }
)";

Model loaded() {
  auto result = load_model(kModel, "loop.yaml");
  if (const auto* errors = std::get_if<ModelErrors>(&result)) throw std::runtime_error(errors->text());
  return std::get<Model>(std::move(result));
}

/// All matches of a pattern with its groups joined by blanks, a line each.
std::vector<std::string> matches(const std::string& text, const char* pattern) {
  std::vector<std::string> found;
  const std::regex regex(pattern);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, regex)) continue;
    std::string joined;
    for (std::size_t i = 1; i < match.size(); ++i) joined += (i > 1 ? " " : "") + match[i].str();
    found.push_back(joined);
  }
  return found;
}

TEST(GraphDot, HasANodeOfItsKindsShapeForEachEntity) {
  EXPECT_THAT(matches(graph_dot(loaded()), R"re(  "(\w+)" \[label="\w+\\n(\w+)", shape=(\w+)\];)re"),
              ElementsAre("p1 Pump box", "p2 Pump box", "all Sum ellipse", "low Low octagon"));
}

TEST(GraphDot, HasALabelledArrowForEachBinding) {
  EXPECT_THAT(matches(graph_dot(loaded()), R"re(  "(\w+)" -> "(\w+)" \[label="(\w+) -> (\w+)"\];)re"),
              ElementsAre("p1 all flow in", "p2 all flow in", "all low out flow"));
}

TEST(GraphJson, TellsEntitiesWithTheirDepthAndBindings) {
  const Model model = loaded();
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(graph_json(model));
  EXPECT_EQ(std::string_view(root["model"]), "loop");
  EXPECT_EQ(std::string_view(root["version"]), model.version());

  std::vector<std::string> entities;
  for (const simdjson::dom::element entity : root["entities"]) {
    entities.push_back(std::string(std::string_view(entity["id"])) + " " +
                       std::string(std::string_view(entity["type"])) + " " +
                       std::string(std::string_view(entity["kind"])) + " " +
                       std::to_string(std::uint64_t(entity["depth"])));
  }
  EXPECT_THAT(entities,
              ElementsAre("p1 Pump asset 0", "p2 Pump asset 0", "all Sum process 1", "low Low constraint 2"));

  std::vector<std::string> bindings;
  for (const simdjson::dom::element binding : root["bindings"]) {
    bindings.push_back(std::string(std::string_view(binding["from"])) + "." +
                       std::string(std::string_view(binding["attribute"])) + " " +
                       std::string(std::string_view(binding["to"])) + "." +
                       std::string(std::string_view(binding["input"])));
  }
  EXPECT_THAT(bindings, UnorderedElementsAre("p1.flow all.in", "p2.flow all.in", "all.out low.flow"));
}

}  // namespace
}  // namespace pollux::schema
