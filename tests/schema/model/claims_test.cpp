// Claims in the model file, and what the compiled model says of them and of their resources.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

constexpr const char* kTypes = R"(
twin: t
types:
  Crane:
    kind: resource
    parameters: { capacity: { default: 1 } }
    inputs: { loads: { many: true }, wind: {} }
    derived: { busy: { is: "moving_mean(in_use, 1 h) / capacity + sum(loads) + wind" } }
  Truck:
    kind: process
    observed: { here: { type: boolean }, weight: {} }
    inputs: { granted: { type: boolean } }
    derived: { at_work: { type: boolean, is: here and granted } }
  Tank: { kind: resource, parameters: { capacity: { unit: L, default: 5 } } }
)";

constexpr const char* kEntities = R"(
entities:
  truck-1: { type: Truck, inputs: { granted: one.granted } }
  crane: { type: Crane, inputs: { loads: [truck-1.weight, truck-2.weight], wind: truck-1.weight } }
  truck-2: { type: Truck, inputs: { granted: two.granted } }
  spare: { type: Crane, inputs: { loads: [], wind: truck-1.weight } }
  tank: { type: Tank }
)";

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

const Step* queue_of(const EntityType& type) {
  for (const Step& step : type.steps) {
    if (step.form == Step::Form::resource) return &step;
  }
  return nullptr;
}

TEST(Claims, MakeACircleOfClaimantAndResourceLegal) {
  const Model model = loaded(std::string(kEntities) + R"(
claims:
  two: { by: truck-2.here, of: crane, delay: 1 s }
  one: { by: truck-1.at_work, of: crane, delay: 2 s }
)");
  const EntityIndex one = model.find_entity("one");
  EXPECT_TRUE(model.is_link(one));
  EXPECT_EQ(model.type_of(one).link_delay, 2 * kSecond);
  EXPECT_EQ(model.type_of(one).kind, Kind::flow);
  EXPECT_EQ(model.topological_order().size(), 7u);
}

TEST(Claims, GiveTheirResourcePlacesBehindItsCountsAndLeaveAllElseAsItWas) {
  const Model model = loaded(std::string(kEntities) + R"(
claims:
  two: { by: truck-2.here, of: crane, delay: 1 s }
  one: { by: truck-1.at_work, of: crane, delay: 2 s }
)");
  const EntityIndex crane = model.find_entity("crane");
  const EntityType& claimed = model.type_of(crane);
  const EntityType& free = model.type_of(model.find_entity("spare"));
  ASSERT_NE(queue_of(claimed), nullptr);
  const Step& queue = *queue_of(claimed);
  EXPECT_EQ(queue.width, kResourceCounts + 2);
  EXPECT_EQ(claimed.attributes.at(queue.target + 2u).name, "place.two");
  EXPECT_TRUE(claimed.attributes.at(queue.target + 2u).handed_on);
  for (const char* name : {"capacity", "busy", "in_use", "waiting"})
    EXPECT_EQ(claimed.find_attribute(name), free.find_attribute(name)) << name;
  EXPECT_EQ(claimed.inputs.size(), free.inputs.size() + 2);
  EXPECT_EQ(claimed.operand_count, free.operand_count + 4);
  EXPECT_EQ(model.bindings(crane, 2).front().producer, model.find_entity("truck-2"))
      << "the first in the file is the first in the queue";
}

TEST(Claims, MayBeMadeByWhatALinkCarriesAndLinksMayCarryWhatTheyAreTold) {
  const Model model = loaded(std::string(kEntities) + R"(
claims:
  one: { by: later.value, of: crane, delay: 1 s }
  two: { by: one.granted, of: spare, delay: 1 s }
links: { later: { from: two.waiting, delay: 5 s } }
)");
  EXPECT_EQ(model.entity_count(), 8u);
}

TEST(Claims, CannotBeMadeByWhatFollowsFromTheirResourceAtOnce) {
  const auto result = load_model(R"(
twin: t
types:
  Crane: { kind: resource, parameters: { capacity: { default: 1 } } }
  Nosy: { kind: process, inputs: { queue: {} }, derived: { wants: { type: boolean, is: queue < 3 } } }
entities:
  crane: { type: Crane }
  truck: { type: Nosy, inputs: { queue: crane.waiting } }
claims:
  one: { by: truck.wants, of: crane, delay: 1 s }
)",
                                 "model.yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  ASSERT_NE(errors, nullptr);
  EXPECT_NE(errors->text().find("10:14: error: entities depend on each other in a circle"), std::string::npos)
      << errors->text();
}

TEST(Claims, MistakesInThemAreToldAtTheirPlace) {
  const std::string text = refused(std::string(kEntities) + R"(
claims:
  truck-1: { by: truck-1.here, of: crane, delay: 1 s }
  one: { by: truck-1.weight, of: crane, delay: 1 s }
  two: { by: truck-2.here, of: crain, delay: 1 s }
  c: { by: truck-2.here, of: tank, delay: 1 s }
  d: { by: truck-2.here, of: truck-1, delay: 1 s }
  e: { by: truck-2.here, of: crane, delay: 0 s }
  f: { by: truck-2.hear, of: crane, delay: 1 s, prio: 1 }
  g: { of: crane }
)");
  const auto expect = [&](const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  };
  expect("24:3: error: 'truck-1' is the id of an entity already");
  expect("25:14: error: a claim stands while a truth value is true");
  expect("26:32: error: there is no entity 'crain'");
  expect("27:30: error: 'tank' cannot be claimed");
  expect("kind: resource, without a 'capacity' that is a plain number");
  expect("28:30: error: 'truck-1' cannot be claimed");
  expect("29:44: error: a link takes some time");
  expect("30:20: error: type 'Truck' of 'truck-2' has no attribute 'hear'");
  expect("'prio'");
  expect("claim 'g' has no 'by'");
  EXPECT_EQ(text.find("no entity 'two'"), std::string::npos) << "it is there, though wrong\n" << text;
}

TEST(Claims, AResourceHasItsCountsToItself) {
  const auto result = load_model(R"(
twin: t
types:
  Crane: { kind: resource, parameters: { capacity: { default: 1 } }, observed: { in_use: {} } }
entities: { crane: { type: Crane } }
)",
                                 "model.yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  ASSERT_NE(errors, nullptr);
  EXPECT_NE(
      errors->text().find("4:82: error: a resource with a capacity counts 'in_use' and 'waiting' itself"),
      std::string::npos)
      << errors->text();
}

}  // namespace
}  // namespace pollux::schema
