#include "actors/inquiry/hypothesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/actors/domain.h"

namespace pollux::actors {
namespace {

using samples::Domain;
using samples::said;
using schema::kSecond;
using schema::Quality;
using schema::Reason;
using schema::Value;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated: { unit: L/s, default: 20 L/s } }
    observed: { speed: { unit: "%" } }
    derived: { flow: { unit: L/s, is: rated * speed }, runs: { type: boolean, is: speed > 5 % } }
  Loop:
    kind: process
    inputs: { water: { unit: m3/h, many: true }, runs: { type: boolean, many: true } }
    derived: { total: { unit: m3/h, is: sum(water) }, largest: { unit: m3/h, is: max(water) }, all_run: { type: boolean, is: all(runs) } }
  Enough: { kind: constraint, inputs: { total: { unit: m3/h } }, requires: total >= 60 m3/h, for: 5 s }
  Running: { kind: constraint, inputs: { run: { type: boolean } }, requires: run }
  Alarm: { kind: asset, inputs: { status: { type: symbol, values: [satisfied, violated, unknown] } }, derived: { on: { type: boolean, is: status == violated } } }
entities:
  pump-1: { type: Pump }
  pump-2: { type: Pump }
  loop: { type: Loop, inputs: { water: [pump-1.flow, pump-2.flow], runs: [pump-1.runs, pump-2.runs] } }
  enough: { type: Enough, inputs: { total: loop.total } }
  running: { type: Running, inputs: { run: loop.all_run } }
  alarm: { type: Alarm, inputs: { status: enough.status } }
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

Value percent(double x) {
  return Value::number(x);
}

class Supposing : public testing::Test {
 protected:
  Supposing() : domain_(kPlant) {
    domain_.epoch({said("pump-1.speed", kSecond, 50), said("pump-2.speed", kSecond, 50)}, 2 * kSecond);
  }

  Hypothetical suppose(std::string_view name, const Value& value,
                       std::size_t values_max = kPresentValuesMax) {
    const samples::Place place = samples::find(domain_.model(), name);
    const Cone cone = find_cone(domain_.model(), place.entity, place.attribute);
    const PresentValues present = copy_present(domain_.model(), cone, domain_.state(), values_max);
    return actors::suppose(domain_.model(), cone, present, place.attribute, value);
  }

  std::string name_of(schema::EntityIndex entity, schema::AttributeSlot attribute) const {
    return domain_.model().id(entity) + "." + domain_.model().type_of(entity).attributes[attribute].name;
  }
  std::vector<std::string> changed(const Hypothetical& result) const {
    std::vector<std::string> names;
    for (const WouldChange& change : result.changes)
      names.push_back(name_of(change.entity, change.attribute));
    return names;
  }
  std::vector<std::string> effects(const Hypothetical& result) const {
    std::vector<std::string> texts;
    for (const ConstraintEffect& effect : result.constraints) {
      texts.push_back(domain_.model().id(effect.constraint) + " " + actors::name_of(effect.effect));
    }
    return texts;
  }

  Domain domain_;
};

TEST_F(Supposing, AnotherValueTellsWhatWouldChangeByLevel) {
  const Hypothetical result = suppose("pump-1.speed", percent(25));
  EXPECT_EQ(result.was, percent(50));
  EXPECT_THAT(changed(result), ElementsAre("pump-1.flow", "loop.total", "enough.status", "alarm.on"))
      << "the other pump has the largest flow still, and both run";
  const WouldChange& total = result.changes.at(1);
  EXPECT_EQ(total.level, 1u);
  EXPECT_EQ(total.was, Value::number(72));
  EXPECT_EQ(total.would_be, Value::number(54));
  EXPECT_FALSE(result.truncated);
}

TEST_F(Supposing, ThePresentValueChangesNothing) {
  const Hypothetical result = suppose("pump-1.speed", percent(50));
  EXPECT_THAT(result.changes, IsEmpty());
  EXPECT_THAT(result.constraints, IsEmpty());
  EXPECT_EQ(result.evaluated, 5u);
}

TEST_F(Supposing, ConstraintsThatWouldBreakAreToldWithoutWaitingForTheirHold) {
  const Hypothetical result = suppose("pump-1.speed", percent(0));
  EXPECT_THAT(effects(result), ElementsAre("enough would_break", "running would_break"));
  EXPECT_EQ(result.constraints.at(0).status, Value::symbol(schema::Model::kSatisfied));
  EXPECT_EQ(result.changes.back().would_be, Value::boolean(true)) << "and what looks at a status sees it";
}

TEST_F(Supposing, ConstraintsThatWouldBeSatisfiedOrUnknownAreToldToo) {
  domain_.epoch({said("pump-1.speed", 3 * kSecond, 0)}, 60 * kSecond);
  EXPECT_THAT(effects(suppose("pump-1.speed", percent(50))),
              ElementsAre("enough would_be_satisfied", "running would_be_satisfied"));
  EXPECT_THAT(
      effects(suppose("pump-2.speed", Value::bad(schema::ValueType::number, Reason::reported_by_source))),
      ElementsAre("enough would_be_unknown"))
      << "one pump stands still, so it is known that not all run";
}

TEST_F(Supposing, AConstraintThatIsBrokenAndWaitsForItsHoldIsLeftWaiting) {
  domain_.epoch({said("pump-1.speed", 3 * kSecond, 25)}, 4 * kSecond);
  ASSERT_EQ(domain_.status("enough", 4 * kSecond), "satisfied");
  const Hypothetical result = suppose("pump-1.speed", percent(20));
  EXPECT_THAT(effects(result), IsEmpty()) << "it is broken now and would be then";
  EXPECT_THAT(changed(result), ElementsAre("pump-1.flow", "loop.total"));
}

TEST_F(Supposing, WhatDependsOnADerivedAttributeIsComputedFromTheValueGivenForIt) {
  const Hypothetical result = suppose("pump-1.flow", Value::number(1));
  EXPECT_EQ(result.was, Value::number(10));
  EXPECT_THAT(changed(result), ElementsAre("loop.total", "enough.status", "alarm.on"));
}

TEST_F(Supposing, AParameterMayDifferToo) {
  const Hypothetical result = suppose("pump-1.rated", Value::number(40));
  EXPECT_THAT(changed(result), ElementsAre("pump-1.flow", "loop.total", "loop.largest"));
}

TEST_F(Supposing, QualityIsHandedOn) {
  const Hypothetical result =
      suppose("pump-1.speed", Value::number(50, Quality::uncertain, Reason::reported_by_source));
  ASSERT_THAT(changed(result), testing::Contains("enough.status"));
  EXPECT_THAT(effects(result), IsEmpty()) << "what is demanded is met all the same";
}

TEST_F(Supposing, TheTwinDoesNotNotice) {
  const std::string before = domain_.state().digest().hex;
  suppose("pump-1.speed", percent(0));
  EXPECT_EQ(domain_.state().digest().hex, before);
  domain_.epoch({}, 20 * kSecond);
  EXPECT_EQ(domain_.value("enough.status"), Value::symbol(schema::Model::kSatisfied));
}

TEST_F(Supposing, WhereThereIsNoRoomForMoreWhatIsToldIsRightAndSaidToBePart) {
  const Hypothetical all = suppose("pump-1.speed", percent(0));
  bool cut = false;
  for (std::size_t room = 0; room < 40; ++room) {
    const Hypothetical part = suppose("pump-1.speed", percent(0), room);
    EXPECT_EQ(part.truncated, part.evaluated < all.evaluated);
    cut |= part.truncated;
    for (const WouldChange& change : part.changes) {
      const bool known = std::ranges::any_of(all.changes, [&](const WouldChange& each) {
        return each.entity == change.entity && each.attribute == change.attribute &&
               each.would_be == change.would_be;
      });
      EXPECT_TRUE(known) << room << " " << name_of(change.entity, change.attribute);
    }
  }
  EXPECT_TRUE(cut);
}

TEST_F(Supposing, AStepThatRemembersIsHeldAtItsPresentValueAndNamed) {
  // A form of step that cannot be computed from present values, as later models will have.
  auto loaded = schema::load_model(kPlant, "test.yaml");
  const auto& original = std::get<schema::Model>(loaded);
  schema::ModelBuilder builder("plant");
  schema::EntityType type = original.types()[0];
  ASSERT_EQ(type.name, "Pump");
  for (schema::Step& step : type.steps) {
    if (step.target == type.find_attribute("runs")) step.form = static_cast<schema::Step::Form>(0xff);
  }
  builder.add_type(type);
  const schema::EntityIndex pump = builder.add_entity("pump", 0);
  const schema::Model model = std::move(builder).build();
  const auto speed = type.find_attribute("speed");
  PresentValues present;
  present.entities = 1;
  present.attributes.assign(type.attributes.size(), Value::number(1));
  present.attributes[type.find_attribute("runs")] = Value::boolean(true);
  const Hypothetical result =
      actors::suppose(model, find_cone(model, pump, speed), present, speed, percent(0));
  ASSERT_EQ(result.held.size(), 1u);
  EXPECT_EQ(result.held[0].attribute, type.find_attribute("runs"));
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.changes[0].attribute, type.find_attribute("flow"));
}

TEST(Hypothesis, WhatLooksBackAndStateMachinesAreHeldAndNamed) {
  Domain domain(kMachine);
  domain.epoch({said("pump.speed", kSecond, 8), said("pump.speed", 2 * kSecond, 10)}, 20 * kSecond);
  const auto held_by = [&](std::string_view name, const Value& value, std::vector<std::string>& changed) {
    const samples::Place place = samples::find(domain.model(), name);
    const Cone cone = find_cone(domain.model(), place.entity, place.attribute);
    const Hypothetical result = suppose(
        domain.model(), cone, copy_present(domain.model(), cone, domain.state()), place.attribute, value);
    std::vector<std::string> held;
    const auto name_of = [&](const auto& each) {
      return domain.model().id(each.entity) + "." +
             domain.model().type_of(each.entity).attributes[each.attribute].name;
    };
    for (const WouldChange& each : result.changes) changed.push_back(name_of(each));
    for (const HeldAttribute& each : result.held) held.push_back(name_of(each));
    return held;
  };
  std::vector<std::string> changed;
  EXPECT_THAT(held_by("pump.speed", percent(3), changed),
              testing::UnorderedElementsAre("pump.fast", "pump.twice", "pump.state", "pump.starts"));
  EXPECT_THAT(changed, testing::UnorderedElementsAre("pump.flow", "meter.out"));
  EXPECT_THAT(held_by("pump.speed", percent(10), changed), IsEmpty()) << "nothing differs";
  EXPECT_THAT(held_by("pump.button", Value::boolean(true), changed),
              testing::UnorderedElementsAre("pump.state", "pump.starts"))
      << "a report may set the machine going";
}

TEST(Hypothesis, IsWhatWouldHappenIfTheValueWereReported) {
  std::mt19937_64 random(21);
  for (int round = 0; round < 300; ++round) {
    const double first = static_cast<double>(random() % 100);
    const double second = static_cast<double>(random() % 100);
    const Value supposed = random() % 8 == 0
                               ? Value::bad(schema::ValueType::number, Reason::reported_by_source)
                               : Value::number(static_cast<double>(random() % 100));
    // Long enough ago that no hold is running.
    const std::vector<samples::Said> base = {said("pump-1.speed", kSecond, first),
                                             said("pump-2.speed", kSecond, second)};
    Domain here(kPlant);
    here.epoch(base, 60 * kSecond);
    Domain there(kPlant);
    there.epoch(base, 60 * kSecond);
    there.epoch({{"pump-1.speed", 60 * kSecond, supposed}}, 120 * kSecond);

    const samples::Place speed = samples::find(here.model(), "pump-1.speed");
    const Cone cone = find_cone(here.model(), speed.entity, speed.attribute);
    const Hypothetical result = suppose(here.model(), cone, copy_present(here.model(), cone, here.state()),
                                        speed.attribute, supposed);
    std::size_t differing = 0;
    for (schema::EntityIndex e = 0; e < here.model().entity_count(); ++e) {
      for (schema::AttributeSlot a = 0; a < here.model().type_of(e).attributes.size(); ++a) {
        if (here.model().type_of(e).attributes[a].role != schema::Role::derived) continue;
        const Value was = here.state().timeline(e, a).last().value;
        const Value is = there.state().timeline(e, a).last().value;
        differing += was != is;
        for (const WouldChange& change : result.changes) {
          if (change.entity != e || change.attribute != a) continue;
          ASSERT_EQ(change.was, was) << "round " << round;
          ASSERT_EQ(change.would_be, is) << "round " << round << " " << here.model().id(e);
        }
      }
    }
    ASSERT_EQ(result.changes.size(), differing) << "round " << round;
  }
}

}  // namespace
}  // namespace pollux::actors
