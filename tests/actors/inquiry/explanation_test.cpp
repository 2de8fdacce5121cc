#include "actors/inquiry/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/actors/domain.h"

namespace pollux::actors {
namespace {

using samples::Domain;
using samples::Said;
using samples::said;
using schema::EventTime;
using schema::kNever;
using schema::kSecond;
using schema::Quality;
using schema::Value;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated: { default: 20 } }
    observed: { speed: {}, load: { expect_every: 5 s } }
    derived: { flow: { is: rated * speed } }
  Coil:
    kind: process
    inputs: { water: { many: true } }
    derived: { total: { is: sum(water) } }
  Enough:
    kind: constraint
    inputs: { total: {} }
    requires: total >= 10
    for: 5 s
entities:
  pump-1: { type: Pump }
  pump-2: { type: Pump }
  coil: { type: Coil, inputs: { water: [pump-1.flow, pump-2.flow] } }
  enough: { type: Enough, inputs: { total: coil.total } }
sources: { s: { allowed_lateness: 1 h } }
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

/// `NAME(INPUT, ...)`, with `...` where there is more.
std::string text_of(const Cause& cause, const schema::Model& model) {
  const schema::EntityType& type = model.type_of(cause.entity);
  std::string text = model.id(cause.entity) + "." + type.attributes[cause.state.attribute].name;
  std::string inputs;
  for (const Cause& input : cause.inputs) inputs += (inputs.empty() ? "" : ", ") + text_of(input, model);
  if (cause.truncated) inputs += inputs.empty() ? "..." : ", ...";
  return inputs.empty() ? text : text + "(" + inputs + ")";
}
std::size_t size_of(const Cause& cause) {
  std::size_t size = 1;
  for (const Cause& input : cause.inputs) size += size_of(input);
  return size;
}
bool truncated(const Cause& cause) {
  return cause.truncated || std::ranges::any_of(cause.inputs, truncated);
}
Cause why(const Domain& domain, std::string_view name, unsigned depth = 9, EventTime at = kNever) {
  const samples::Place place = samples::find(domain.model(), name);
  return explain(domain.model(), domain.state(), place.entity, place.attribute, depth, at).cause;
}

std::vector<Said> base() {
  return {said("pump-1.speed", kSecond, 1), said("pump-2.speed", kSecond, 2)};
}

TEST(Explanation, FollowsAValueToTheEventsAndParametersItComesFrom) {
  Domain domain(kPlant);
  domain.epoch(base());
  EXPECT_EQ(text_of(why(domain, "enough.status", 9), domain.model()),
            "enough.status(coil.total(pump-1.flow(pump-1.rated, pump-1.speed), "
            "pump-2.flow(pump-2.rated, pump-2.speed)))");
  EXPECT_EQ(why(domain, "coil.total", 9).inputs.at(1).state.value, Value::number(40));
  EXPECT_EQ(text_of(why(domain, "pump-1.speed", 9), domain.model()), "pump-1.speed");
}

TEST(Explanation, StopsAtItsDepthAndSaysSo) {
  Domain domain(kPlant);
  domain.epoch(base());
  EXPECT_EQ(text_of(why(domain, "enough.status", 0), domain.model()), "enough.status(...)");
  EXPECT_EQ(text_of(why(domain, "enough.status", 2), domain.model()),
            "enough.status(coil.total(pump-1.flow(...), pump-2.flow(...)))");
  EXPECT_FALSE(truncated(why(domain, "enough.status", 3))) << "nothing lies below its leaves";
}

TEST(Explanation, IsBoundedHoweverWideOrTangledTheTwinIs) {
  std::string wide = "twin: wide\ntypes:\n  A: { kind: asset, observed: { x: {} } }\n";
  wide += "  B: { kind: asset, inputs: { all: { many: true } }, derived: { y: { is: sum(all) } } }\n";
  std::string members;
  wide += "entities:\n";
  for (int i = 0; i < 1'500; ++i) {
    wide += "  a" + std::to_string(i) + ": { type: A }\n";
    members += (i ? ", a" : "a") + std::to_string(i) + ".x";
  }
  wide += "  b: { type: B, inputs: { all: [" + members + "] } }\n";
  const Cause of_wide = why(Domain(wide), "b.y", 5);
  EXPECT_EQ(size_of(of_wide), kCausesMax + 1);
  EXPECT_TRUE(of_wide.truncated);

  // Each level is read twice by the next: 2^40 ways lead from the last to the first.
  std::string tangled = "twin: tangled\ntypes:\n  A: { kind: asset, observed: { y: {} } }\n";
  tangled += "  B: { kind: asset, inputs: { p: {}, q: {} }, derived: { y: { is: p + q } } }\n";
  tangled += "entities:\n  e0: { type: A }\n";
  for (int i = 1; i <= 40; ++i) {
    const std::string before = "e" + std::to_string(i - 1) + ".y";
    tangled +=
        "  e" + std::to_string(i) + ": { type: B, inputs: { p: " + before + ", q: " + before + " } }\n";
  }
  const Cause of_tangled = why(Domain(tangled), "e40.y", 1'000'000);
  EXPECT_EQ(size_of(of_tangled), kCausesMax + 1);
  EXPECT_TRUE(truncated(of_tangled));
}

TEST(Explanation, SaysWhatMadeEachValueAndSinceWhen) {
  Domain domain(kPlant);
  domain.epoch(base());
  domain.epoch({said("pump-1.speed", 3 * kSecond, 1)});
  const Cause flow = why(domain, "pump-1.flow");
  EXPECT_EQ(flow.origin, Origin::expression);
  EXPECT_EQ(flow.since, kSecond);
  EXPECT_EQ(flow.event_time, kNever);
  const Cause& rated = flow.inputs.at(0);
  EXPECT_EQ(rated.origin, Origin::model);
  const Cause& speed = flow.inputs.at(1);
  EXPECT_EQ(speed.origin, Origin::event);
  EXPECT_EQ(speed.event_time, kSecond) << "what repeats the value did not bring it";
  EXPECT_EQ(speed.state.time, 3 * kSecond);
  EXPECT_EQ(why(domain, "pump-1.load").origin, Origin::nothing);
}

TEST(Explanation, OfAPastTimeTellsTheValuesOfThatTimeAllTheWay) {
  Domain domain(kPlant);
  domain.epoch(base());
  domain.epoch({said("pump-1.speed", 5 * kSecond, 10), said("pump-2.speed", 8 * kSecond, 20)});
  const Cause total = why(domain, "coil.total", 9, 6 * kSecond);
  EXPECT_EQ(total.state.value, Value::number(240));
  EXPECT_EQ(total.since, 5 * kSecond);
  EXPECT_EQ(total.inputs.at(1).state.value, Value::number(40));
  EXPECT_EQ(total.inputs.at(0).inputs.at(1).event_time, 5 * kSecond);
  EXPECT_EQ(total.inputs.at(1).inputs.at(1).event_time, kSecond);
  EXPECT_EQ(why(domain, "coil.total", 9, 8 * kSecond).state.value, Value::number(600))
      << "from its very moment";
  EXPECT_EQ(why(domain, "coil.total", 9, 0).state.value.quality, Quality::unknown);
}

TEST(Explanation, OfAPastTimeFollowsARevisionOfIt) {
  Domain domain(kPlant);
  domain.epoch(base(), 10 * kSecond);
  domain.epoch({said("pump-1.speed", 4 * kSecond, 5)});
  EXPECT_EQ(why(domain, "pump-1.flow", 9, 6 * kSecond).state.value, Value::number(100));
  EXPECT_EQ(why(domain, "pump-1.flow", 9, 3 * kSecond).state.value, Value::number(20));
}

TEST(Explanation, AValueMadeByASourcesSilenceNamesTheTimerAndTheEventBeforeIt) {
  Domain domain(kPlant);
  domain.epoch({said("pump-1.load", 2 * kSecond, 7)}, 20 * kSecond);
  const Cause load = why(domain, "pump-1.load");
  EXPECT_EQ(load.state.value.quality, Quality::stale);
  EXPECT_EQ(load.origin, Origin::timer);
  EXPECT_EQ(load.since, 7 * kSecond);
  EXPECT_EQ(load.timer, 5 * kSecond);
  EXPECT_EQ(load.event_time, 2 * kSecond);
  EXPECT_EQ(why(domain, "pump-1.load", 9, 6 * kSecond).origin, Origin::event);
}

TEST(Explanation, AConstraintTellsSinceWhenItIsBrokenAndWhatMadeItViolated) {
  Domain domain(kPlant);
  domain.epoch({said("pump-1.speed", kSecond, 1), said("pump-2.speed", kSecond, 0)});
  EXPECT_EQ(why(domain, "enough.status").broken_since, kNever);
  domain.epoch({said("pump-1.speed", 3 * kSecond, 0)}, 20 * kSecond);
  const Cause violated = why(domain, "enough.status");
  EXPECT_EQ(violated.broken_since, 3 * kSecond);
  EXPECT_EQ(violated.origin, Origin::timer);
  EXPECT_EQ(violated.timer, 5 * kSecond);
  EXPECT_EQ(violated.since, 8 * kSecond);
  const Cause pending = why(domain, "enough.status", 9, 5 * kSecond);
  EXPECT_EQ(pending.state.value, Value::symbol(schema::Model::kSatisfied));
  EXPECT_EQ(pending.broken_since, 3 * kSecond) << "it is broken, not yet for long enough";
  EXPECT_EQ(pending.origin, Origin::expression);
}

TEST(Explanation, LeadsThroughWhatOperatorsAndMachinesKeepToWhatTheyLookAt) {
  Domain domain(kMachine);
  domain.epoch({said("pump.speed", kSecond, 10), {"pump.button", 2 * kSecond, Value::boolean(true)}},
               20 * kSecond);
  EXPECT_EQ(text_of(why(domain, "pump.fast"), domain.model()), "pump.fast(pump.speed)");
  EXPECT_EQ(text_of(why(domain, "pump.twice"), domain.model()),
            "pump.twice(pump.speed, pump.flow(pump.speed))");
  EXPECT_EQ(text_of(why(domain, "meter.out"), domain.model()),
            "meter.out(pump.starts(pump.button, pump.speed), pump.flow(pump.speed))");
  const Cause state = why(domain, "pump.state");
  EXPECT_EQ(state.origin, Origin::machine);
  EXPECT_EQ(state.since, 2 * kSecond);
}

TEST(Explanation, OfATimeThatMemoryNoLongerHoldsSaysSo) {
  Domain domain(kPlant);
  for (int i = 1; i <= 200; ++i)
    domain.epoch({said("pump-1.speed", i * kSecond, i)}, i * kSecond, 100 * kSecond);
  const samples::Place speed = samples::find(domain.model(), "pump-1.speed");
  const Explanation gone =
      explain(domain.model(), domain.state(), speed.entity, speed.attribute, 9, 2 * kSecond);
  EXPECT_FALSE(gone.cause.held);
  EXPECT_GT(gone.held_from, 2 * kSecond);
  EXPECT_LE(gone.held_from, 100 * kSecond);
  const Explanation held =
      explain(domain.model(), domain.state(), speed.entity, speed.attribute, 9, gone.held_from);
  EXPECT_TRUE(held.cause.held);
  EXPECT_EQ(held.cause.state.value, Value::number(static_cast<double>(gone.held_from / kSecond)));
  const Cause flow = why(domain, "pump-1.flow", 9, 2 * kSecond);
  EXPECT_FALSE(flow.held);
  EXPECT_TRUE(flow.inputs.empty());
  const Cause total = why(domain, "coil.total", 9, 2 * kSecond);
  EXPECT_TRUE(total.held) << "it has been unknown throughout";
  EXPECT_FALSE(total.inputs.at(0).held);
}

}  // namespace
}  // namespace pollux::actors
