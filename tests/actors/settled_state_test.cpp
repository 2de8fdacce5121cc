#include "actors/settled_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/actors/domain.h"

namespace pollux::actors {
namespace {

using samples::Domain;
using samples::Said;
using samples::said;
using schema::kSecond;
using schema::Quality;
using schema::Value;
using testing::ElementsAre;

constexpr std::string_view kPlant = R"yaml(
twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated: { default: 20 } }
    observed: { speed: {}, load: {} }
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

std::vector<Said> base() {
  return {said("pump-1.speed", kSecond, 1), said("pump-2.speed", kSecond, 2), said("pump-1.load", kSecond, 3),
          said("pump-2.load", kSecond, 4)};
}
std::string digest_after(const std::vector<Said>& all) {
  Domain domain(kPlant);
  domain.epoch(all, 10 * kSecond);
  return domain.state().digest().hex;
}

TEST(SettledState, ReadTellsWhenAnObservedValueWasLastReportedAndSinceWhenADerivedOneHolds) {
  Domain domain(kPlant);
  domain.epoch(base());
  domain.epoch({said("pump-1.speed", 7 * kSecond, 1)});
  const samples::Place speed = samples::find(domain.model(), "pump-1.speed");
  const samples::Place flow = samples::find(domain.model(), "pump-1.flow");
  const AttributeState observed = domain.state().attribute(speed.entity, speed.attribute);
  EXPECT_EQ(observed.value, Value::number(1));
  EXPECT_EQ(observed.time, 7 * kSecond);
  EXPECT_EQ(domain.state().attribute(flow.entity, flow.attribute).time, kSecond);
}

TEST(SettledState, ReadShowsNoMemoryAndKeepsTheOrderAskedFor) {
  Domain domain(kPlant);
  domain.epoch(base());
  const schema::EntityIndex enough = domain.model().find_entity("enough");
  const schema::EntityIndex pump = domain.model().find_entity("pump-1");
  const StateView view = domain.state().read(std::vector<schema::EntityIndex>{enough, pump});
  EXPECT_EQ(view.position, 1u);
  EXPECT_EQ(view.clock, kSecond);
  ASSERT_EQ(view.entities.size(), 2u);
  EXPECT_EQ(view.entities[0].entity, enough);
  EXPECT_EQ(view.entities[1].entity, pump);
  EXPECT_EQ(view.entities[1].attributes.size(), 4u);
  ASSERT_EQ(view.entities[0].attributes.size(), 1u) << "the status alone";
}

TEST(SettledState, TheDigestDiffersWhereverAnyAttributeDoes) {
  std::set<std::string> digests = {digest_after(base())};
  std::size_t variations = 1;
  const auto expect_another = [&](const std::vector<Said>& all, const std::string& what) {
    digests.insert(digest_after(all));
    EXPECT_EQ(digests.size(), ++variations) << what;
  };
  for (std::size_t i = 0; i < base().size(); ++i) {
    const std::string name(base()[i].name);
    std::vector<Said> other = base();
    other[i].value = Value::number(99);
    expect_another(other, "another value of " + name);
    other[i].value = Value::number(99, Quality::uncertain, schema::Reason::reported_by_source);
    expect_another(other, "another reason of " + name);
    other[i].value.quality = Quality::stale;
    expect_another(other, "another quality of " + name);
    other = base();
    other[i].time = 2 * kSecond;
    expect_another(other, "another time of " + name);
    other = base();
    other.push_back(base()[i]);
    other.back().time = 2 * kSecond;
    expect_another(other, "the same reported again of " + name);
    other.erase(other.begin() + static_cast<std::ptrdiff_t>(i));
    other.pop_back();
    expect_another(other, "no report of " + name);
  }
  std::vector<Said> swapped = base();
  std::swap(swapped[0].value, swapped[1].value);
  expect_another(swapped, "values of two entities exchanged");
  swapped = base();
  std::swap(swapped[0].value, swapped[2].value);
  expect_another(swapped, "values of two attributes exchanged");
}

TEST(SettledState, TheDigestIsThatOfTheEventsNotOfTheirArrival) {
  std::vector<Said> all;
  for (int i = 0; i < 12; ++i) {
    const char* name = i % 3 == 0 ? "pump-1.speed" : i % 3 == 1 ? "pump-2.speed" : "pump-1.load";
    all.push_back(said(name, i * kSecond, i % 5 * 0.3));
  }
  const std::string expected = digest_after(all);
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    std::shuffle(all.begin(), all.end(), random);
    Domain domain(kPlant);
    for (std::size_t i = 0; i < all.size();) {
      const std::size_t count = std::min<std::size_t>(1 + random() % 4, all.size() - i);
      domain.epoch({all.begin() + static_cast<std::ptrdiff_t>(i),
                    all.begin() + static_cast<std::ptrdiff_t>(i + count)});
      i += count;
    }
    domain.epoch({}, 11 * kSecond);
    const Digest digest = domain.state().digest();
    ASSERT_EQ(digest.hex, expected) << "round " << round;
    ASSERT_EQ(digest.hex.size(), 32u);
  }
}

}  // namespace
}  // namespace pollux::actors
