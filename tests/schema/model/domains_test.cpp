// Domains in the model file, and the models that a model of several is divided into.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <stdexcept>
#include <string>

#include "schema/graph/graph.h"
#include "schema/graph/graph_analysis.h"
#include "schema/model/division.h"
#include "schema/model/model_file.h"
#include "schema/step/initial_state.h"

namespace pollux::schema {
namespace {

using testing::HasSubstr;

constexpr const char* kTypes = R"model(twin: t
types:
  Load: { kind: asset, parameters: { base: { unit: kW, default: 3 } }, observed: { more: { unit: kW } }, derived: { power: { unit: kW, is: "base + default(more, 1 kW)" } } }
  Cooler: { kind: process, inputs: { heat: { unit: W } }, derived: { warm: { unit: W, is: heat * 0.9 } } }
  Sum: { kind: process, inputs: { in: { unit: W, many: true } }, derived: { all: { unit: W, is: sum(in) } } }
  Low: { kind: constraint, inputs: { x: { unit: W } }, requires: x < 5 kW }
)model";

Model loaded(const std::string& text) {
  auto result = load_model(kTypes + text, "model.yaml");
  if (const auto* errors = std::get_if<ModelErrors>(&result)) throw std::runtime_error(errors->text());
  return std::get<Model>(std::move(result));
}

std::string refused(const std::string& text) {
  const auto result = load_model(kTypes + text, "model.yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  return errors ? errors->text() : "accepted";
}

std::string domain(const Model& model, std::string_view id) {
  return model.domain_name(model.domain_of(model.find_entity(id)));
}

constexpr const char* kTwoDomains = R"(
domains:
  cooling: { types: Cooler, entities: [low] }
  power: { entities: "rack-*", description: what heats }
links:
  heat: { from: rack-1.power, delay: 10 s, initial: 2 kW }
entities:
  rack-1: { type: Load }
  rack-2: { type: Load, domain: spare }
  cooler: { type: Cooler, inputs: { heat: heat.value } }
  low: { type: Low, inputs: { x: cooler.warm } }
)";

std::string two_domains() {
  std::string text = kTwoDomains;
  text.replace(text.find(", domain: spare"), 15, "");
  return text;
}

TEST(Domains, WithoutAnyAllBelongsToOneOfNoName) {
  const Model model = loaded("entities: { rack-1: { type: Load } }\n");
  EXPECT_EQ(model.domain_count(), 1u);
  EXPECT_EQ(model.domain_name(0), "");
  EXPECT_EQ(model.domain_of(0), 0);
}

TEST(Domains, EntitiesAreSelectedByIdAndTypeOrNameTheirOwn) {
  const Model model = loaded(two_domains());
  EXPECT_EQ(model.domain_count(), 2u);
  EXPECT_EQ(domain(model, "rack-1"), "power");
  EXPECT_EQ(domain(model, "cooler"), "cooling");
  EXPECT_EQ(domain(model, "low"), "cooling");
  const Model own = loaded(R"(
entities:
  a: { type: Load, domain: north }
  b: { type: Load, domain: south }
  c: { type: Load }
)");
  EXPECT_EQ(domain(own, "a"), "north");
  EXPECT_EQ(domain(own, "b"), "south");
  EXPECT_EQ(domain(own, "c"), "main") << "what nothing puts elsewhere";
}

TEST(Domains, ALinkBelongsWhereItIsRead) {
  const Model model = loaded(two_domains());
  EXPECT_EQ(domain(model, "heat"), "cooling");
  EXPECT_TRUE(crosses(model, model.find_entity("heat")));
  EXPECT_FALSE(crosses(model, model.find_entity("cooler")));
}

TEST(Domains, AnInputBoundAcrossTheirBorderIsAnErrorAtItsPlaceThatSaysWhatToDo) {
  const std::string text = refused(R"(
entities:
  rack-1: { type: Load, domain: power }
  rack-2: { type: Load, domain: power }
  cooler: { type: Cooler, domain: cooling, inputs: { heat: rack-1.power } }
  all: { type: Sum, domain: power, inputs: { in: [rack-1.power, cooler.warm] } }
)");
  EXPECT_THAT(text,
              HasSubstr("model.yaml:11:60: error: input 'heat' of 'cooler' in domain 'cooling' cannot be "
                        "bound to 'rack-1' in domain 'power'"));
  EXPECT_THAT(text, HasSubstr("links: { NAME: { from: rack-1.power, delay: DURATION } }"));
  EXPECT_THAT(text, HasSubstr("model.yaml:12:65: error: input 'in' of 'all' in domain 'power'"));
  EXPECT_THAT(text, HasSubstr("2 errors"));
}

TEST(Domains, ALinkReadInTwoOfThemIsAnErrorInTheSecond) {
  const std::string text = refused(R"(
links: { heat: { from: rack-1.power, delay: 1 s } }
entities:
  rack-1: { type: Load, domain: power }
  a: { type: Cooler, domain: a, inputs: { heat: heat.value } }
  b: { type: Cooler, domain: b, inputs: { heat: heat.value } }
)");
  EXPECT_THAT(text, HasSubstr("model.yaml:12:49: error: input 'heat' of 'b' in domain 'b'"));
  EXPECT_THAT(text, HasSubstr("a link of its own for each domain that reads it"));
}

TEST(Domains, MistakesInThemAreToldAtTheirPlace) {
  const std::string text = refused(R"(
domains:
  power: { entities: [rack-*, nothing-*], typ: Load }
  racks: { types: [Load, Lod] }
  empty: {}
entities:
  rack-1: { type: Load }
  b: { type: Load, domain: racs }
sources: { "domain:power": {} }
)");
  EXPECT_THAT(text, HasSubstr("model.yaml:9:31: error: this selects no entity"));
  EXPECT_THAT(text, HasSubstr("model.yaml:9:43: error: domain 'power' has no key 'typ'"));
  EXPECT_THAT(text,
              HasSubstr("model.yaml:10:20: error: entity 'rack-1' cannot belong to domain 'racks' as well "
                        "as to 'power'"));
  EXPECT_THAT(text, HasSubstr("model.yaml:10:26: error: this selects no entity"));
  EXPECT_THAT(text, HasSubstr("model.yaml:11:3: error: domain 'empty' has no entities"));
  EXPECT_THAT(text, HasSubstr("model.yaml:14:28: error: there is no such domain"));
  EXPECT_THAT(text, HasSubstr("model.yaml:15:12: error: names of sources that begin with 'domain:'"));
}

TEST(Division, AModelOfOneDomainStaysAsItIs) {
  const auto model = std::make_shared<const Model>(loaded("entities: { rack-1: { type: Load } }\n"));
  const DividedModel divided = divide(model);
  EXPECT_EQ(divided.domains.front(), model);
  EXPECT_TRUE(divided.links.empty());
  EXPECT_EQ(divided.places[0].entity, 0u);
}

TEST(Division, EachDomainIsAModelOfItsEntitiesUnderTheVersionOfTheWhole) {
  const auto model = std::make_shared<const Model>(loaded(two_domains()));
  const DividedModel divided = divide(model);
  ASSERT_EQ(divided.domains.size(), 2u);
  const Model& cooling = *divided.domains[0];
  const Model& power = *divided.domains[1];
  EXPECT_THAT(cooling.ids(), testing::ElementsAre("cooler", "low", "heat"));
  EXPECT_THAT(power.ids(), testing::ElementsAre("rack-1", "rack-2"));
  EXPECT_EQ(cooling.name(), "t/cooling");
  EXPECT_EQ(cooling.version(), model->version());
  EXPECT_EQ(cooling.source_text(), model->source_text());
  EXPECT_EQ(cooling.domain_name(0), "cooling");
  for (EntityIndex e = 0; e < model->entity_count(); ++e) {
    const DividedModel::Place place = divided.places[e];
    EXPECT_EQ(divided.domains[place.domain]->id(place.entity), model->id(e));
    EXPECT_EQ(divided.wholes[place.domain][place.entity], e);
  }
}

TEST(Division, TheFarEndOfALinkObservesWhatItIsOffered) {
  const auto model = std::make_shared<const Model>(loaded(two_domains()));
  const DividedModel divided = divide(model);
  ASSERT_EQ(divided.links.size(), 1u);
  const CrossingLink& link = divided.links.front();
  EXPECT_EQ(divided.domains[link.from]->id(link.producer), "rack-1");
  EXPECT_EQ(divided.domains[link.from]->type_of(link.producer).attributes[link.attribute].name, "power");
  const Model& cooling = *divided.domains[link.to];
  EXPECT_EQ(cooling.id(link.link), "heat");
  const Source& source = cooling.sources()[link.source];
  EXPECT_EQ(source.name, "domain:power");
  EXPECT_TRUE(source.carries);
  EXPECT_EQ(source.allowed_lateness, kCarriageSlack);
  const Attribute& carried = cooling.type_of(link.link).attributes[CrossingLink::kCarried];
  EXPECT_EQ(carried.role, Role::observed);
  EXPECT_EQ(carried.initial, Value::number(4)) << "what the producer holds before any event";
  EXPECT_EQ(cooling.bindings(cooling.find_entity("cooler"), 0).front().producer, link.link);
}

TEST(InitialState, FollowsFromParametersThroughBindingsAndLinks) {
  const Model model = loaded(two_domains());
  const auto values = initial_state(model);
  EXPECT_EQ(values[model.find_entity("rack-1")][2], Value::number(4));
  EXPECT_EQ(values[model.find_entity("cooler")][0], Value::number(2 * 1'000 * 0.9));
  EXPECT_EQ(values[model.find_entity("low")][0].as_symbol(), Model::kSatisfied);
}

TEST(Domains, ShowInTheGraphAsClustersWithDashedLinksBetweenThem) {
  const Model model = loaded(two_domains());
  const std::string dot = graph_dot(model);
  EXPECT_THAT(dot, HasSubstr("  subgraph \"cluster_cooling\" {\n    label=\"cooling\";\n    \"cooler\""));
  EXPECT_THAT(dot,
              HasSubstr("\"rack-1\" -> \"heat\" [label=\"power -> from, 10 s\", style=dashed, penwidth=2];"));
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(graph_json(model));
  EXPECT_EQ(std::string_view(root["domains"].at(1)["name"]), "power");
  EXPECT_EQ(std::uint64_t(root["domains"].at(1)["entities"]), 2u);
  EXPECT_EQ(std::string_view(root["links"].at(0)["to_domain"]), "cooling");
  EXPECT_EQ(std::string_view(root["links"].at(0)["delay"]), "10 s");
  EXPECT_EQ(std::string_view(root["entities"].at(0)["domain"]), "power");
}

TEST(Domains, AreSummedUpInTheAnalysis) {
  const Model model = loaded(two_domains());
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(graph_analysis_json(model, analyse_graph(model), 10));
  const simdjson::dom::element cooling = root["domains"].at(0);
  EXPECT_EQ(std::uint64_t(cooling["entities"]), 3u);
  EXPECT_EQ(std::uint64_t(cooling["constraints"]), 1u);
  EXPECT_EQ(std::uint64_t(cooling["links_in"]), 1u);
  EXPECT_EQ(std::uint64_t(root["domains"].at(1)["links_out"]), 1u);
}

}  // namespace
}  // namespace pollux::schema
