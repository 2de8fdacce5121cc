// Small examples of what an entity promises; tests/sim holds the promises in general.
#include "actors/propagation/entity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/domain.h"

namespace pollux::actors {
namespace {

using samples::Domain;
using samples::said;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
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
    parameters: { limit: { default: 10 } }
    observed: { speed: { expect_every: 30 s } }
    derived: { flow: { is: "2 * speed" }, high: { is: "if(speed > limit, 1, 0)" } }
  Tank:
    kind: asset
    inputs: { high: {}, flow: {} }
    derived: { alarm: { is: "high * 100" }, half: { is: "flow / 2" } }
  Calm:
    kind: constraint
    inputs: { speed: {} }
    requires: speed <= 10
  Steady:
    kind: constraint
    inputs: { speed: {} }
    requires: speed <= 10
    for: 5 s
entities:
  pump: { type: Pump }
  tank: { type: Tank, inputs: { high: pump.high, flow: pump.flow } }
  calm: { type: Calm, inputs: { speed: pump.speed } }
  steady: { type: Steady, inputs: { speed: pump.speed } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";

constexpr EventTime s(EventTime seconds) {
  return seconds * kSecond;
}

class EntityTest : public testing::Test {
 protected:
  Episode calm(EventTime from, EventTime to) const { return {domain_.model().find_entity("calm"), from, to}; }
  Episode steady(EventTime from, EventTime to) const {
    return {domain_.model().find_entity("steady"), from, to};
  }

  Domain domain_{kPlant};
};

TEST_F(EntityTest, BeforeAnyEventAConstraintOnWhatIsNotObservedIsUnknown) {
  EXPECT_EQ(domain_.status("calm", kBeginning), "unknown");
  EXPECT_EQ(domain_.value("tank.half").quality, Quality::unknown);
  EXPECT_THAT(domain_.episodes(), IsEmpty());
}

TEST_F(EntityTest, AThresholdCrossedAndRecrossedInsideOneBatchIsNotLost) {
  domain_.epoch({said("pump.speed", s(1), 5), said("pump.speed", s(2), 50), said("pump.speed", s(3), 6)});
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(2), s(3))));
  EXPECT_EQ(domain_.timeline("pump.flow").at(s(2)), Value::number(100));
  EXPECT_EQ(domain_.value("tank.half"), Value::number(6));
}

TEST_F(EntityTest, ALateEventWithdrawsTheEpisodeThatDidNotHappen) {
  domain_.epoch({said("pump.speed", s(1), 5)});
  domain_.epoch({said("pump.speed", s(10), 50)});
  domain_.epoch({said("pump.speed", s(20), 5)});
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(10), s(20)), steady(s(15), s(20))));

  domain_.epoch({said("pump.speed", s(12), 6)});
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(10), s(12)))) << "the one with a `for` never was";
  for (const Change& change : domain_.changes()) EXPECT_TRUE(change.revision);
  EXPECT_EQ(domain_.status("steady", s(17)), "satisfied");
}

TEST_F(EntityTest, ALateEventRaisesTheEpisodeThatDidHappen) {
  domain_.epoch({said("pump.speed", s(1), 5), said("pump.speed", s(20), 5)});
  EXPECT_THAT(domain_.episodes(), IsEmpty());
  domain_.epoch({said("pump.speed", s(10), 50)});
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(10), s(20)), steady(s(15), s(20))));
  EXPECT_EQ(domain_.value("tank.half"), Value::number(5)) << "the present is as it was";
}

TEST_F(EntityTest, AForTimerFiresAtItsMomentOnceTheClockReachesIt) {
  domain_.epoch({said("pump.speed", s(10), 50)});
  EXPECT_EQ(domain_.status("steady", s(10)), "satisfied");
  EXPECT_EQ(domain_.wake("steady"), s(15));
  domain_.epoch({}, s(15) - 1);
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(10), kNever)));
  domain_.epoch({}, s(17));
  EXPECT_THAT(domain_.episodes(), ElementsAre(calm(s(10), kNever), steady(s(15), kNever)));
  EXPECT_EQ(domain_.wake("steady"), kNever);
}

TEST_F(EntityTest, ABreakStartsTheForTimerAgain) {
  domain_.epoch({said("pump.speed", s(10), 50), said("pump.speed", s(13), 5), said("pump.speed", s(14), 50)});
  domain_.epoch({}, s(18));
  EXPECT_EQ(domain_.status("steady", s(18)), "satisfied");
  domain_.epoch({}, s(19));
  EXPECT_EQ(domain_.status("steady", s(19)), "violated");
}

TEST_F(EntityTest, SilenceMakesAValueAndWhatFollowsFromItStaleAtTheMomentItIsDue) {
  domain_.epoch({said("pump.speed", s(10), 5)});
  EXPECT_EQ(domain_.wake("pump"), s(40));
  domain_.epoch({}, s(60));
  EXPECT_EQ(domain_.value("pump.speed"), Value::number(5, Quality::stale, Reason::no_recent_event));
  EXPECT_EQ(domain_.timeline("pump.speed").last().from, s(40));
  EXPECT_EQ(domain_.value("tank.half").quality, Quality::stale);
  EXPECT_EQ(domain_.wake("pump"), kNever);

  domain_.epoch({said("pump.speed", s(39), 5)});
  EXPECT_EQ(domain_.timeline("pump.speed").at(s(50)), Value::number(5)) << "it was not silent until 69 s";
  EXPECT_EQ(domain_.wake("pump"), s(69));
}

TEST_F(EntityTest, AnUnchangedOutputHandsNothingOn) {
  domain_.epoch({said("pump.speed", s(1), 5)});
  EXPECT_THAT(domain_.changed(), ElementsAre("pump", "tank", "calm", "steady"));
  domain_.epoch({said("pump.speed", s(2), 5)});
  EXPECT_THAT(domain_.changed(), IsEmpty());
  EXPECT_THAT(domain_.changes(), IsEmpty());
  domain_.epoch({said("pump.speed", s(3), 6)});
  EXPECT_THAT(domain_.changed(), ElementsAre("pump", "tank")) << "the constraints' statuses did not change";
}

TEST_F(EntityTest, OfSeveralOutputsOnlyTheChangedOnesAreRecorded) {
  domain_.epoch({said("pump.speed", s(1), 5)});
  domain_.epoch({said("pump.speed", s(2), 6)});
  std::vector<std::string> names;
  for (const Change& change : domain_.changes()) {
    names.push_back(domain_.model().type_of(change.entity).attributes[change.attribute].name);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("speed", "flow", "half"));
}

TEST(Entity, ADivisionByZeroMakesTheOutputBadAndTheWaveGoesOn) {
  constexpr std::string_view kDivision = R"yaml(
twin: division
types:
  A: { kind: asset, observed: { x: {} }, derived: { inverse: { is: "1 / x" }, twice: { is: "2 * x" } } }
  B: { kind: asset, inputs: { x: {} }, derived: { y: { is: "default(x, 7)" } } }
entities:
  a: { type: A }
  b: { type: B, inputs: { x: a.inverse } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";
  Domain domain(kDivision);
  domain.epoch({said("a.x", s(1), 0)});
  EXPECT_EQ(domain.value("a.inverse"), Value::bad(schema::ValueType::number, Reason::division_by_zero));
  EXPECT_EQ(domain.value("a.twice"), Value::number(0));
  EXPECT_EQ(domain.value("b.y").as_number(), 7);
}

TEST(Entity, AnAggregateDependsOnItsPresentInputsAlone) {
  constexpr std::string_view kSum = R"yaml(
twin: sums
types:
  A: { kind: asset, observed: { x: {} } }
  B: { kind: asset, inputs: { all: { many: true } }, derived: { sum: { is: sum(all) } } }
entities:
  a: { type: A }
  b: { type: A }
  c: { type: A }
  sum: { type: B, inputs: { all: [a.x, b.x, c.x] } }
sources: { s: { allowed_lateness: 1 h } }
)yaml";
  Domain wandering(kSum);
  for (int i = 0; i < 50; ++i) {
    wandering.epoch({said("a.x", s(i), 0.1 * i), said("b.x", s(i), 1e17 - i), said("c.x", s(i), -1e17)});
  }
  wandering.epoch({said("a.x", s(100), 0.1), said("b.x", s(100), 0.2), said("c.x", s(100), 0.3)});
  Domain straight(kSum);
  straight.epoch({said("a.x", s(100), 0.1), said("b.x", s(100), 0.2), said("c.x", s(100), 0.3)});
  EXPECT_EQ(wandering.value("sum.sum"), straight.value("sum.sum"));
}

}  // namespace
}  // namespace pollux::actors
