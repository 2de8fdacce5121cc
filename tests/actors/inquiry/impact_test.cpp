#include "actors/inquiry/impact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/actors/model_samples.h"

namespace pollux::actors {
namespace {

using schema::kNoSlot;
using testing::ElementsAre;

/// A pump's power feeds nothing but the meter; its flow goes round two ways to the loop. The lamp is bound to
/// the speed and does not look at it.
constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated: { default: 20 } }
    observed: { speed: {} }
    derived: { flow: { is: rated * speed }, power: { is: 2 * flow } }
  Pipe: { kind: process, inputs: { in: {} }, derived: { out: { is: in } } }
  Loop: { kind: process, inputs: { all: { many: true } }, derived: { total: { is: sum(all) }, count: { is: count(all) } } }
  Lamp: { kind: asset, inputs: { in: {} }, derived: { light: { is: 1 } } }
  Enough: { kind: constraint, inputs: { total: {} }, requires: total > 1, for: 5 s }
entities:
  enough: { type: Enough, inputs: { total: loop.total } }
  loop: { type: Loop, inputs: { all: [pump.flow, pipe.out, other.flow] } }
  pipe: { type: Pipe, inputs: { in: pump.flow } }
  pump: { type: Pump }
  other: { type: Pump }
  meter: { type: Pipe, inputs: { in: pump.power } }
  lamp: { type: Lamp, inputs: { in: pump.speed } }
)yaml";

constexpr std::string_view kMachine = R"yaml(
twin: machine
types:
  Pump:
    kind: asset
    observed: { button: { type: boolean }, speed: {} }
    derived:
      flow: { is: "2 * speed" }
      fast: { type: boolean, is: "held_for(speed > 5, 5 s)" }
      twice: { is: flow + previous(speed + 1) }
    states: { off: {}, running: { entry: { starts: starts + 1 } } }
    variables: { starts: { default: 0 } }
    transitions:
      - { from: off, to: running, on: button, when: button }
      - { to: off, when: speed < 1 }
  Meter: { kind: process, inputs: { n: {}, f: {} }, derived: { out: { is: n + f } } }
entities:
  pump: { type: Pump }
  meter: { type: Meter, inputs: { n: pump.starts, f: pump.flow } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

std::vector<std::string> text_of(const Cone& cone, const schema::Model& model) {
  std::vector<std::string> lines;
  for (const Affected& affected : cone.entities) {
    std::string line = std::to_string(affected.level) + " " + model.id(affected.entity);
    for (const auto a : affected.attributes) line += " " + model.type_of(affected.entity).attributes[a].name;
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> cone_of(std::string_view id, std::string_view attribute = {},
                                 std::size_t limit = 100) {
  const auto model = samples::load(kPlant);
  const auto entity = model->find_entity(id);
  const auto slot = attribute.empty() ? kNoSlot : model->type_of(entity).find_attribute(attribute);
  const Cone cone = find_cone(*model, entity, slot, limit);
  std::vector<std::string> lines = text_of(cone, *model);
  if (cone.truncated) lines.emplace_back("...");
  return lines;
}

TEST(Impact, FollowsAnAttributeThroughExpressionsAndBindingsToConstraints) {
  EXPECT_THAT(cone_of("pump", "speed"), ElementsAre("0 pump speed flow power", "1 pipe out",
                                                    "1 loop total count", "2 enough status", "1 meter out"));
}

TEST(Impact, OfAnAttributeThatLittleReadsIsSmall) {
  EXPECT_THAT(cone_of("pump", "power"), ElementsAre("0 pump power", "1 meter out"));
  EXPECT_THAT(cone_of("enough", "status"), ElementsAre("0 enough status"));
}

TEST(Impact, OfAnEntityIsThatOfAllItsAttributes) {
  EXPECT_THAT(cone_of("pump"), ElementsAre("0 pump rated speed flow power", "1 pipe out",
                                           "1 loop total count", "2 enough status", "1 meter out"));
}

TEST(Impact, LeadsThroughOperatorsThatLookBackAndStateMachines) {
  const auto model = samples::load(kMachine);
  const samples::Place speed = samples::find(*model, "pump.speed");
  EXPECT_THAT(text_of(find_cone(*model, speed.entity, speed.attribute), *model),
              ElementsAre("0 pump speed flow fast twice state starts", "1 meter out"));
  const samples::Place button = samples::find(*model, "pump.button");
  EXPECT_THAT(text_of(find_cone(*model, button.entity, button.attribute), *model),
              ElementsAre("0 pump button state starts", "1 meter out"));
}

TEST(Impact, ComesToAnEndWhereALinkLeadsBack) {
  const auto model = samples::load(R"yaml(
twin: loop
types:
  Pump: { kind: asset, observed: { speed: {} }, inputs: { back: {} }, derived: { flow: { is: speed + back } } }
  Tower: { kind: asset, inputs: { in: {} }, derived: { out: { is: in } } }
links:
  return: { from: tower.out, delay: 30 s, initial: 24 }
entities:
  pump: { type: Pump, inputs: { back: return.value } }
  tower: { type: Tower, inputs: { in: pump.flow } }
sources: { s: {} }
)yaml");
  const samples::Place speed = samples::find(*model, "pump.speed");
  const Cone cone = find_cone(*model, speed.entity, speed.attribute);
  std::vector<std::string> ids;
  for (const Affected& affected : cone.entities) ids.push_back(model->id(affected.entity));
  EXPECT_THAT(ids, ElementsAre("pump", "tower", "return"));
  EXPECT_FALSE(cone.truncated);
}

TEST(Impact, StopsAtItsBoundInEvaluationOrderAndSaysSo) {
  EXPECT_THAT(cone_of("pump", "speed", 3),
              ElementsAre("0 pump speed flow power", "1 pipe out", "1 loop total count", "..."));
  EXPECT_THAT(cone_of("pump", "speed", 5), testing::Not(testing::Contains("...")));
}

}  // namespace
}  // namespace pollux::actors
