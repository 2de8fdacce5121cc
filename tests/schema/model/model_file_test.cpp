#include "schema/model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace pollux::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Model loaded(const std::string& text, const std::vector<ParameterFile>& parameters = {}) {
  auto result = load_model(text, "model.yaml", parameters);
  if (const auto* errors = std::get_if<ModelErrors>(&result)) throw std::runtime_error(errors->text());
  return std::get<Model>(std::move(result));
}

std::string refused(const std::string& text, const std::vector<ParameterFile>& parameters = {}) {
  const auto result = load_model(text, "model.yaml", parameters);
  const auto* errors = std::get_if<ModelErrors>(&result);
  return errors ? errors->text() : "accepted";
}

std::string content(const char* path) {
  std::ifstream file(std::string(POLLUX_SOURCE_DIR "/") + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string plant_text() {
  return content("tests/data/chilled-water-plant.yaml");
}

const Attribute& attribute(const Model& model, std::string_view entity, std::string_view name) {
  const EntityType& type = model.type_of(model.find_entity(entity));
  return type.attributes.at(type.find_attribute(name));
}

Value parameter(const Model& model, std::string_view entity, std::string_view name) {
  const EntityIndex index = model.find_entity(entity);
  return model.parameter(index, model.type_of(index).find_attribute(name));
}

/// Computes one step of a type over the operands given, the rest being unknown.
Value evaluated(const EntityType& type, std::string_view target,
                const std::vector<std::pair<std::uint16_t, Value>>& operands) {
  std::vector<Value> values(type.operand_count);
  for (const auto& [operand, value] : operands) values.at(operand) = value;
  for (const Step& step : type.steps) {
    const Value value = step.program.evaluate(values.data());
    if (step.target == type.find_attribute(target)) return value;
    values[step.target] = value;
  }
  throw std::runtime_error("no such step");
}

TEST(ModelFile, ThePlantOfTheDesignIsRead) {
  const Model model = loaded(plant_text());

  EXPECT_EQ(model.name(), "chilled-water-plant");
  EXPECT_EQ(model.entity_count(), 6u);
  EXPECT_EQ(parameter(model, "pump-1", "rated_flow"), Value::number(20));
  EXPECT_EQ(parameter(model, "pump-2", "rated_flow"), Value::number(25));
  const Attribute& speed = attribute(model, "pump-1", "speed");
  EXPECT_EQ(speed.role, Role::observed);
  EXPECT_EQ(speed.range, std::pair(0.0, 100.0));
  EXPECT_EQ(speed.expect_every, 5 * kSecond);
  ASSERT_TRUE(model.find_source("bms"));
  EXPECT_EQ(model.sources()[*model.find_source("bms")].allowed_lateness, 10 * kMinute);
  EXPECT_EQ(model.find_source("plc"), std::nullopt);

  const EntityType& coil = model.type_of(model.find_entity("coil-1"));
  ASSERT_EQ(coil.aggregates.size(), 1u);
  EXPECT_EQ(coil.aggregates[0].function, AggregateFunction::sum);
  // 45 L/s warmed by 5 K: 4.186 * 45 * 5 kW.
  const Value cooling = evaluated(coil, "cooling",
                                  {{coil.inputs[1].operand, Value::number(7)},
                                   {coil.inputs[2].operand, Value::number(12)},
                                   {coil.aggregates[0].operand, Value::number(45)}});
  EXPECT_NEAR(cooling.as_number(), 941.85, 1e-9);
}

TEST(ModelFile, TheExampleInTheGrammarIsAModel) {
  const std::string page = content("schema/model/MODEL.md");
  const std::size_t start = page.find("```yaml\n") + 8;
  const Model model = loaded(page.substr(start, page.find("```", start) - start));
  EXPECT_EQ(model.entity_count(), 3u);
  EXPECT_THAT(model.tags(model.find_entity("pump-2")), ElementsAre("standby"));
  EXPECT_EQ(parameter(model, "pump-2", "rated_flow"), Value::number(25));
}

TEST(ModelFile, AConstraintHasAStatusAndAHiddenMemoryOfItsHold) {
  const Model model = loaded(plant_text());
  const EntityType& comfort = model.type_of(model.find_entity("zone-3-comfort"));

  ASSERT_TRUE(comfort.constraint);
  EXPECT_EQ(comfort.constraint->severity, Severity::warning);
  EXPECT_EQ(comfort.constraint->hold, 5 * kMinute);
  EXPECT_EQ(comfort.constraint->requires_text, "abs(temp - setpoint) <= 1.5 K");
  const Attribute& status = comfort.attributes.at(comfort.constraint->status);
  EXPECT_EQ(status.name, "status");
  EXPECT_EQ(status.role, Role::derived);
  EXPECT_THAT(status.spec.symbols, ElementsAre(Model::kSatisfied, Model::kViolated, Model::kUnknown));
  ASSERT_EQ(comfort.steps.size(), 1u);
  const Step& step = comfort.steps[0];
  EXPECT_EQ(step.form, Step::Form::constraint_status);
  EXPECT_EQ(step.target, comfort.constraint->status);
  EXPECT_EQ(comfort.attributes.at(step.target + 1).role, Role::memory);
  EXPECT_EQ(step.hold, 5 * kMinute);
  const auto requires_holds = [&](double temp) {
    return evaluated(
        comfort, "status",
        {{comfort.inputs[0].operand, Value::number(temp)}, {comfort.inputs[1].operand, Value::number(22)}});
  };
  EXPECT_EQ(requires_holds(23.5), Value::boolean(true));
  EXPECT_EQ(requires_holds(23.6), Value::boolean(false));
}

TEST(ModelFile, BindingsConvertTheProducersUnitToTheInputs) {
  const Model model = loaded(R"(
twin: units
types:
  Meter: { kind: asset, observed: { flow: { unit: m^3/h }, temp: { unit: degC } } }
  Use: { kind: process, inputs: { flow: { unit: L/s }, temp: { unit: degF }, same: { unit: degC } } }
entities:
  use: { type: Use, inputs: { flow: meter.flow, temp: meter.temp, same: meter.temp } }
  meter: { type: Meter }
)");
  EXPECT_DOUBLE_EQ(model.bindings(0, 0)[0].conversion(36), 10);
  EXPECT_DOUBLE_EQ(model.bindings(0, 1)[0].conversion(100), 212);
  EXPECT_TRUE(model.bindings(0, 2)[0].conversion.identity());
  EXPECT_EQ(model.bindings(0, 0)[0].producer, 1u);
}

TEST(ModelFile, ParametersAreNumbersInTheDeclaredUnitOrCarryTheirOwn) {
  const Model model = loaded(R"(
twin: parameters
types:
  T:
    kind: asset
    parameters:
      power: { unit: kW, default: 1500 W, range: [0, 2 MW] }
      share: { default: 50 % }
      on: { type: boolean, default: false }
      mode: { type: symbol, values: [auto, manual], default: auto }
entities:
  plain: { type: T }
  own: { type: T, parameters: { power: 0.5 MW, on: true, mode: manual, share: 0.25 } }
)");
  EXPECT_EQ(parameter(model, "plain", "power"), Value::number(1.5));
  EXPECT_EQ(parameter(model, "plain", "share"), Value::number(0.5));
  EXPECT_EQ(parameter(model, "plain", "on"), Value::boolean(false));
  EXPECT_EQ(parameter(model, "plain", "mode"), Value::symbol(*model.find_symbol("auto")));
  EXPECT_EQ(parameter(model, "own", "power"), Value::number(500));
  EXPECT_EQ(parameter(model, "own", "share"), Value::number(0.25));
  EXPECT_EQ(parameter(model, "own", "on"), Value::boolean(true));
  EXPECT_EQ(parameter(model, "own", "mode"), Value::symbol(*model.find_symbol("manual")));
}

TEST(ModelFile, AnExpressionMayStandInAnyOrderWithinItsType) {
  const Model model = loaded(R"(
twin: order
types:
  T:
    kind: constraint
    observed: { x: {} }
    derived:
      alarm: { type: boolean, is: status == violated and c > 5 }
      c: { is: 2 * b }
      a: { is: x + 1 }
      b: { is: a + 1 }
    requires: c < 100
entities: { t: { type: T } }
)");
  std::vector<std::string> order;
  const EntityType& type = model.type(0);
  for (const Step& step : type.steps) order.push_back(type.attributes[step.target].name);
  EXPECT_THAT(order, ElementsAre("a", "b", "c", "status", "alarm"));
  EXPECT_EQ(evaluated(type, "c", {{type.find_attribute("x"), Value::number(3)}}), Value::number(10));
}

constexpr const char* kBounds = R"(
twin: learned
types:
  Bound:
    kind: constraint
    parameters:
      high: { unit: bar, default: 3, baseline: { of: pressure, statistic: quantile, quantile: 0.999, margin: 10 % } }
      spread: { unit: K, default: 1, baseline: { of: temp, statistic: stddev } }
      floor: { unit: bar }
    observed: { temp: { unit: degF } }
    inputs: { pressure: { unit: kPa } }
    requires: pressure <= high and pressure >= floor
  Sensor: { kind: asset, observed: { pressure: { unit: bar } } }
entities:
  sensor: { type: Sensor }
  b1: { type: Bound, parameters: { floor: 1 }, inputs: { pressure: sensor.pressure } }
  b2: { type: Bound, inputs: { pressure: sensor.pressure } }
)";

TEST(ModelFile, ABaselineRuleKnowsItsOperandAndHowToConvertIt) {
  const Model model = loaded(kBounds, {{"p.yaml", "parameters: { b2: { floor: 0 } }"}});
  const EntityType& type = model.type_of(model.find_entity("b1"));
  const auto& high = type.attributes[type.find_attribute("high")].baseline;
  ASSERT_TRUE(high);
  EXPECT_EQ(high->of, "pressure");
  EXPECT_EQ(high->operand, type.inputs[0].operand);
  EXPECT_EQ(high->statistic, Statistic::quantile);
  EXPECT_EQ(high->quantile, 0.999);
  EXPECT_DOUBLE_EQ(high->margin, 0.1);
  EXPECT_DOUBLE_EQ(high->conversion(250), 2.5);
  const auto& spread = type.attributes[type.find_attribute("spread")].baseline;
  ASSERT_TRUE(spread);
  EXPECT_DOUBLE_EQ(spread->conversion(9), 5);
  EXPECT_FALSE(type.attributes[type.find_attribute("floor")].baseline);
}

TEST(ModelFile, ParameterFilesLieOverTheModelAndLaterOnesWin) {
  const ParameterFile first{"first.yaml",
                            "parameters: { b1: { high: 400 kPa, floor: 2 }, b2: { floor: 0.5 } }"};
  const ParameterFile second{"second.yaml",
                             "parameters: { b1: { high: { value: 5, evidence: { runs: [1, 2] } } } }"};
  const Model model = loaded(kBounds, {first, second});
  EXPECT_EQ(parameter(model, "b1", "high"), Value::number(5));
  EXPECT_EQ(parameter(model, "b1", "floor"), Value::number(2));
  EXPECT_EQ(parameter(model, "b2", "floor"), Value::number(0.5));
  EXPECT_EQ(parameter(model, "b2", "high"), Value::number(3));
  EXPECT_NE(model.version(), loaded(kBounds, {first}).version());
}

TEST(ModelFile, MistakesInAParameterFileAreReportedUnderItsName) {
  EXPECT_EQ(refused(kBounds, {{"good.yaml", "parameters: { b2: { floor: 0 } }"},
                              {"p.yaml",
                               "parameters:\n"
                               "  b3: { floor: 1 }\n"
                               "  b1: { hihg: 1, floor: 3 K }\n"
                               "  b2: { high: { vlaue: 1 }, temp: 3 }\n"}}),
            "p.yaml:2:3: error: the model has no entity 'b3'\n"
            "    found:    b3\n"
            "    expected: an entity of the model\n"
            "    nearest:  b1\n"
            "p.yaml:3:9: error: type 'Bound' has no parameter 'hihg'\n"
            "    found:    hihg\n"
            "    expected: high, spread, floor\n"
            "    nearest:  high\n"
            "p.yaml:3:25: error: 'floor' has a unit that does not fit\n"
            "    found:    3 K, K\n"
            "    expected: bar (kg/(m*s^2))\n"
            "p.yaml:4:17: error: parameter 'high' has no key 'vlaue'\n"
            "    found:    vlaue\n"
            "    expected: value, evidence\n"
            "    nearest:  value\n"
            "p.yaml:4:29: error: only parameters are given a value here\n"
            "    found:    temp, which is observed\n"
            "    expected: a parameter of type 'Bound'\n"
            "5 errors\n");
}

TEST(ModelFile, AParameterThatNoOneGivesIsAskedForUnlessAFileGivesIt) {
  EXPECT_THAT(refused(kBounds), HasSubstr("parameter 'floor' of entity 'b2' has no value"));
  EXPECT_THAT(refused(kBounds, {{"p.yaml", "parameters: { b2: { floor: 0 } }"}}), "accepted");
}

TEST(ModelFile, WithoutSourcesAnySourceMayReport) {
  const Model model = loaded("twin: t\ntypes: {}\nentities: {}\n");
  ASSERT_TRUE(model.find_source("whoever"));
  EXPECT_EQ(model.sources()[*model.find_source("whoever")].allowed_lateness, 0);
}

TEST(ModelFile, TheVersionFollowsTheText) {
  const std::string text = "twin: t\ntypes: {}\nentities: {}\n";
  EXPECT_EQ(loaded(text).version(), loaded(text).version());
  EXPECT_NE(loaded(text).version(), loaded(text + "# a remark\n").version());
  EXPECT_EQ(loaded(text).source_text(), text);
}

TEST(ModelFile, AnAliasStandsForWhatItNames) {
  const Model model = loaded(R"(
twin: aliases
types:
  T: { kind: asset, parameters: &common { limit: { default: 3 } } }
  U: { kind: asset, parameters: *common }
entities: { u: { type: U } }
)");
  EXPECT_EQ(parameter(model, "u", "limit"), Value::number(3));
}

TEST(ModelFile, TheNearestOfManyEntitiesIsNamed) {
  const Model model = loaded(plant_text());
  EXPECT_EQ(model.nearest_entity("pmp-1"), "pump-1");
  EXPECT_EQ(model.nearest_entity("boiler"), "");
}

TEST(ModelFile, NoMoreMistakesAreShownThanAPersonCanUse) {
  std::string text = "twin: t\ntypes: {}\nentities:\n";
  for (int i = 0; i < 500; ++i) text += "  e" + std::to_string(i) + ": { type: Nothing }\n";
  EXPECT_THAT(refused(text), HasSubstr("\n100 errors shown; there may be more\n"));
}

}  // namespace
}  // namespace pollux::schema
