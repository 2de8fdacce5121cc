// Resources in a running twin, that of examples/truck-yard: processes claim, are granted, and give back.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "actors/inquiry/impact.h"
#include "tests/actors/twin_samples.h"

namespace pollux::actors {
namespace {

using samples::RunningTwin;
using schema::EventTime;
using schema::kSecond;
using schema::Value;

std::string yard() {
  std::ifstream file(POLLUX_SOURCE_DIR "/examples/truck-yard/model.yaml");
  return {std::istreambuf_iterator<char>(file), {}};
}

class Yard {
 public:
  Yard() : model_(samples::load(yard())), twin_(model_, make_memory_journal(*model_)) {}

  Receipt tell(const std::string& name, EventTime second, const Value& value) {
    schema::EventBatch batch;
    samples::report(batch, *model_, "n" + std::to_string(++told_), second * kSecond, name, value);
    return twin_.submit(std::move(batch)).value();
  }
  void arrives(int truck, EventTime second) {
    tell("truck-" + std::to_string(truck) + ".gate", second, Value::boolean(true));
  }

  Value at(const std::string& name, EventTime second) {
    const samples::Place place = samples::find(*model_, name);
    return twin_.look([&](const SettledState& state) {
      return state.timeline(place.entity, place.attribute).at(second * kSecond);
    });
  }
  std::string state(int truck, EventTime second) {
    return std::string(
        model_->symbol_text(at("truck-" + std::to_string(truck) + ".state", second).as_symbol()));
  }

  const schema::Model& model() const { return *model_; }
  RunningTwin& twin() { return twin_; }

 private:
  std::shared_ptr<const schema::Model> model_;
  RunningTwin twin_;
  int told_ = 0;
};

TEST(Resource, LetsProcessesWaitForItAndTakesTurns) {
  Yard yard;
  for (const int truck : {1, 2, 3}) yard.arrives(truck, 10 * truck);
  yard.tell("crane.broken", 200, Value::number(0));
  EXPECT_EQ(yard.state(3, 40), "waiting");
  EXPECT_EQ(yard.at("crane.waiting", 40), Value::number(1));
  EXPECT_EQ(yard.at("crane.utilisation", 40), Value::number(100));
  EXPECT_EQ(yard.state(1, 70), "loading");
  EXPECT_EQ(yard.state(1, 71), "away") << "granted at 10, told at 11, done at 71";
  EXPECT_EQ(yard.state(3, 72), "loading") << "granted at 71, told at 72";
  EXPECT_EQ(yard.at("truck-3-at-crane.waited", 72), Value::number(41));
  EXPECT_EQ(yard.at("crane.in_use", 199), Value::number(0));
}

TEST(Resource, IsGivenToWhomALateEventShowsToHaveComeFirst) {
  Yard yard;
  yard.tell("crane.broken", 0, Value::number(1));
  yard.arrives(2, 20);
  yard.tell("crane.broken", 30, Value::number(1));
  EXPECT_EQ(yard.state(2, 25), "loading");
  yard.arrives(1, 10);
  EXPECT_EQ(yard.state(1, 15), "loading");
  EXPECT_EQ(yard.state(2, 25), "waiting") << "what was believed of truck 2 is revised";
  EXPECT_EQ(yard.at("crane.waiting", 25), Value::number(1));
}

TEST(Resource, KeepsWhatIsHeldWhenAUnitBreaks) {
  Yard yard;
  yard.arrives(1, 10);
  yard.arrives(2, 11);
  yard.arrives(3, 12);
  yard.tell("crane.broken", 20, Value::number(1));
  yard.arrives(4, 21);
  yard.tell("crane.broken", 300, Value::number(0));
  EXPECT_EQ(yard.state(2, 30), "loading");
  EXPECT_EQ(yard.at("crane.utilisation", 30), Value::number(200));
  EXPECT_EQ(yard.at("crane.in_use", 71), Value::number(1)) << "truck 1 left, and nobody took its place";
  EXPECT_EQ(yard.state(3, 72), "waiting");
  EXPECT_EQ(yard.state(3, 73), "loading") << "truck 2 left as well";
  ASSERT_EQ(yard.twin().episodes().size(), 1u);
  EXPECT_EQ(yard.twin().episodes().front().from, 31 * kSecond) << "two waited for more than 10 s";
}

TEST(Resource, IsFoundWhereOneAsksWhatDependsOnAClaimantAndWhyOneWaits) {
  Yard yard;
  const schema::Model& model = yard.model();
  const samples::Place gate = samples::find(model, "truck-1.gate");
  std::vector<std::string> reached;
  for (const Affected& each : find_cone(model, gate.entity, gate.attribute).entities)
    reached.push_back(model.id(each.entity));
  for (const char* id : {"crane", "short", "truck-2-at-crane", "truck-2"})
    EXPECT_NE(std::ranges::find(reached, id), reached.end()) << id;

  const samples::Place waiting = samples::find(model, "truck-2-at-crane.waiting");
  const auto why = yard.twin().look(
      [&](const SettledState& state) { return explain(model, state, waiting.entity, waiting.attribute, 2); });
  ASSERT_EQ(why.cause.inputs.size(), 1u);
  const Cause& crane = why.cause.inputs.front();
  EXPECT_EQ(model.id(crane.entity), "crane");
  EXPECT_EQ(model.type_of(crane.entity).attributes[crane.state.attribute].name, "in_use");
  EXPECT_EQ(crane.inputs.size(), 5u) << "the capacity, and four that may want it";
}

}  // namespace
}  // namespace pollux::actors
