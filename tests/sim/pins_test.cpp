// A pinned state stays what it was, whatever happens to the twin and to other pins; and it holds no more than
// what has changed since.
#include "actors/propagation/pin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "schema/model/model_file.h"
#include "tests/actors/twin_samples.h"
#include "tests/bench/engine_models.h"
#include "tests/sim/random_twin.h"

namespace pollux::sim {
namespace {

using actors::PinPtr;
using actors::SettledState;
using actors::samples::RunningTwin;
using actors::samples::wait_for;
using schema::AttributeSlot;
using schema::EntityIndex;

PinPtr pin(RunningTwin& twin) {
  std::promise<schema::Result<PinPtr>> promise;
  twin->pin([&](schema::Result<PinPtr> pin) { promise.set_value(std::move(pin)); });
  auto pinned = wait_for(promise.get_future());
  return pinned.ok() ? *pinned : nullptr;
}

/// Everything that is to be seen of a twin, as text.
std::string all_of(const SettledState& state, const schema::Model& model) {
  std::string text = state.digest().hex + " " + std::to_string(state.position()) + "\n";
  for (EntityIndex e = 0; e < model.entity_count(); ++e) {
    for (AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a) {
      text += "\n" + std::to_string(e) + "." + std::to_string(a) + " " +
              std::to_string(state.attribute(e, a).time) + ":";
      for (const actors::Version& version : state.timeline(e, a).versions()) {
        text += " " + std::to_string(version.from) + "=" + std::to_string(version.value.bits) + "q" +
                std::to_string(static_cast<int>(version.value.quality));
      }
    }
    const actors::EntityImage image = state.image(e);
    text += " wakes " + std::to_string(image.wake);
    for (const auto& observed : image.observed)
      text +=
          " " + std::to_string(observed.standing.size()) + "/" + std::to_string(observed.withdrawn.size());
  }
  for (const actors::Episode& each :
       state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 1'000'000)) {
    text += "\nepisode " + std::to_string(each.constraint) + " " + std::to_string(each.from) + " " +
            std::to_string(each.to);
  }
  return text;
}

/// Waits until pins let go of before this are gone. The last one may be held by a query that has just run; it
/// is gone when the next one runs.
void let_go(RunningTwin& twin) {
  for (int i = 0; i < 2; ++i) twin.look([](const SettledState&) { return 0; });
}

std::string all_at(RunningTwin& twin, const PinPtr& pin) {
  std::promise<std::string> promise;
  twin->query(pin, [&](const SettledState& state) { promise.set_value(all_of(state, twin->model())); });
  return wait_for(promise.get_future());
}

class Pins : public testing::TestWithParam<int> {};

TEST_P(Pins, KeepWhatRandomTwinsWere) {
  constexpr std::uint64_t kCases = 100;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 1'000'000u * static_cast<unsigned>(GetParam()));
    RandomCase one;
    one.model_text = random_model(random);
    const auto model = std::make_shared<const schema::Model>(
        std::get<schema::Model>(schema::load_model(one.model_text, "random.yaml")));
    random_events(random, *model, one);
    actors::TwinOptions options = actors::samples::clocked_by_events();
    options.portion_entities = GetParam() == 0 ? 2 : 256;
    RunningTwin twin(model, actors::make_memory_journal(*model), options);
    std::map<PinPtr, std::string> pinned;
    for (const schema::EventBatch& batch : one.deliveries) {
      if (random() % 2 == 0) {
        const PinPtr now = pin(twin);
        ASSERT_NE(now, nullptr);
        pinned.emplace(now, all_at(twin, now));
        EXPECT_EQ(pinned.at(now), twin.look([&](const SettledState& s) { return all_of(s, *model); }));
      }
      if (!pinned.empty() && random() % 3 == 0) {
        pinned.erase(std::next(pinned.begin(), static_cast<std::ptrdiff_t>(random() % pinned.size())));
      }
      ASSERT_TRUE(twin.submit(batch).ok());
      if (pinned.empty()) continue;
      const auto any = std::next(pinned.begin(), static_cast<std::ptrdiff_t>(random() % pinned.size()));
      ASSERT_EQ(all_at(twin, any->first), any->second);
    }
    for (const auto& [held, was] : pinned) ASSERT_EQ(all_at(twin, held), was);
    pinned.clear();
    let_go(twin);
    EXPECT_EQ(twin->probe().pins.value(), 0);
    EXPECT_EQ(twin->probe().pinned_entities.value(), 0);
    EXPECT_EQ(twin->probe().pinned_bytes.value(), 0);
  }
}
INSTANTIATE_TEST_SUITE_P(Shared, Pins, testing::Values(0, 1));

TEST(Pins, OfAMillionEntitiesHoldWhatHasChangedSinceAndNothingElse) {
  const bench::Bench bench = bench::random_graph(100'000, 900'000);
  actors::TwinOptions options = actors::samples::clocked_by_events();
  options.check_invariants = false;
  options.keep_history = false;
  RunningTwin twin(bench.model, actors::make_memory_journal(*bench.model), options);
  const actors::DomainProbe& probe = twin->probe();
  const std::string was = twin.digest().hex;
  std::vector<PinPtr> pins;
  for (int i = 0; i < 100; ++i) pins.push_back(pin(twin));
  EXPECT_EQ(probe.pins.value(), 100);
  EXPECT_EQ(probe.pinned_bytes.value(), 0);

  const std::uint64_t before = probe.entities_evaluated.value();
  ASSERT_TRUE(twin.submit(bench.round(1, 7, 1, schema::kSecond)).ok());
  const auto reached = static_cast<std::int64_t>(probe.entities_evaluated.value() - before);
  EXPECT_GT(reached, 0);
  EXPECT_LT(reached, 500'000);
  EXPECT_EQ(probe.pinned_entities.value(), reached) << "one image each, for all pins together";
  ASSERT_TRUE(twin.submit(bench.round(2, 7, 1, 2 * schema::kSecond)).ok());
  EXPECT_EQ(probe.pinned_entities.value(), reached);
  EXPECT_NE(twin.digest().hex, was);
  std::promise<std::string> then;
  twin->query(pins.front(), [&](const SettledState& state) { then.set_value(state.digest().hex); });
  EXPECT_EQ(wait_for(then.get_future()), was);

  pins.resize(1);
  let_go(twin);
  EXPECT_EQ(probe.pinned_entities.value(), reached) << "the oldest needs them too";
  pins.clear();
  let_go(twin);
  EXPECT_EQ(probe.pinned_bytes.value(), 0);
}

TEST(Pins, AreRefusedWhereTooManyAreHeldAndOutliveTheTwin) {
  const bench::Bench bench = bench::chain(3);
  std::vector<PinPtr> pins;
  {
    RunningTwin twin(bench.model, actors::make_memory_journal(*bench.model));
    for (std::size_t i = 0; i < actors::Pins::kPinsMax; ++i) pins.push_back(pin(twin));
    EXPECT_THAT(pins, testing::Each(testing::NotNull()));
    EXPECT_EQ(pin(twin), nullptr);
    pins.pop_back();
    let_go(twin);
    pins.push_back(pin(twin));
    EXPECT_NE(pins.back(), nullptr);
  }
  pins.clear();
}

}  // namespace
}  // namespace pollux::sim
