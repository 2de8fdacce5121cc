#include "schema/step/state_machine.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

Model loaded(const std::string& text) {
  auto result = load_model(text, "model.yaml");
  if (const auto* errors = std::get_if<ModelErrors>(&result)) throw std::runtime_error(errors->text());
  return std::get<Model>(std::move(result));
}

std::string refused(const std::string& text) {
  const auto result = load_model(text, "model.yaml");
  const auto* errors = std::get_if<ModelErrors>(&result);
  return errors ? errors->text() : "accepted";
}

std::string with_transitions(const std::string& transitions) {
  return R"(
twin: t
types:
  Pump:
    kind: asset
    observed: { button: { type: boolean }, speed: { unit: "%" } }
    states:
      off: {}
      starting: {}
      running: { entry: { starts: starts + 1, speed_then: speed } }
    variables: { starts: { default: 0 }, speed_then: { unit: "%", default: 0 } }
    transitions:
)" + transitions +
         R"(
entities: { p: { type: Pump } }
)";
}

constexpr const char* kTransitions = R"(
      - { from: off, to: starting, on: button, when: button }
      - { from: starting, to: running, when: speed > 50 % }
      - { from: starting, to: off, after: 30 s }
      - { from: running, to: off, when: speed == 0 % }
)";

/// Moves the machine of a pump along, by hand.
class Pump {
 public:
  explicit Pump(const std::string& transitions = kTransitions)
      : model_(loaded(with_transitions(transitions))),
        type_(model_.type_of(0)),
        operands_(type_.operand_count),
        machine_(*type_.steps.front().machine) {
    step(kBeginning);
  }

  void step(EventTime at) { machine_.step(at, operands_.data(), type_.find_attribute("state")); }
  void set(const char* name, Value value) { operands_[type_.find_attribute(name)] = value; }
  void report_button(EventTime at, bool pressed) {
    set("button", Value::boolean(pressed));
    operands_[type_.find_attribute("button.reported")] = {
        static_cast<std::uint64_t>(at), ValueType::number, Quality::good, Reason::none, {}};
    step(at);
  }
  Value value(const char* name) const { return operands_[type_.find_attribute(name)]; }
  std::string state() const { return std::string(model_.symbol_text(value("state").as_symbol())); }
  EventTime next(EventTime after) const {
    return machine_.next_moment(after, &operands_[type_.find_attribute("state")]);
  }

 private:
  Model model_;
  const EntityType& type_;
  std::vector<Value> operands_;
  const StateMachine& machine_;
};

TEST(StateMachine, BeginsInItsFirstStateWithItsVariables) {
  const Pump pump;
  EXPECT_EQ(pump.state(), "off");
  EXPECT_EQ(pump.value("starts"), Value::number(0));
}

TEST(StateMachine, AReportSetsOffATransitionOnlyAtItsTime) {
  Pump pump;
  pump.report_button(10 * kSecond, true);
  EXPECT_EQ(pump.state(), "starting");
  Pump late;
  late.set("button", Value::boolean(true));
  late.step(10 * kSecond);
  EXPECT_EQ(late.state(), "off");
}

TEST(StateMachine, EnteringAStateSetsItsVariablesFromTheValuesJustBefore) {
  Pump pump;
  pump.report_button(10 * kSecond, true);
  pump.set("speed", Value::number(60));
  pump.step(12 * kSecond);
  EXPECT_EQ(pump.state(), "running");
  EXPECT_EQ(pump.value("starts"), Value::number(1));
  EXPECT_EQ(pump.value("speed_then"), Value::number(60));
}

TEST(StateMachine, TimeInAStateSetsOffATransitionWhenItIsLongEnough) {
  Pump pump;
  pump.report_button(10 * kSecond, true);
  EXPECT_EQ(pump.next(10 * kSecond), 40 * kSecond);
  pump.step(39 * kSecond);
  EXPECT_EQ(pump.state(), "starting");
  pump.step(40 * kSecond);
  EXPECT_EQ(pump.state(), "off");
  EXPECT_EQ(pump.next(40 * kSecond), kNever);
}

TEST(StateMachine, AConditionThatCannotBeKnownIsNotMet) {
  Pump pump;
  pump.report_button(10 * kSecond, true);
  pump.set("speed", Value::bad(ValueType::number, Reason::reported_by_source));
  pump.step(12 * kSecond);
  EXPECT_EQ(pump.state(), "starting");
}

TEST(StateMachine, SeveralTransitionsFollowEachOtherButNoStateIsEnteredTwiceInOneMoment) {
  Pump pump(R"(
      - { from: off, to: starting, when: known(speed) }
      - { from: starting, to: running, when: known(speed) }
      - { from: running, to: off, when: known(speed) }
)");
  pump.set("speed", Value::number(1));
  pump.step(5 * kSecond);
  EXPECT_EQ(pump.state(), "off");
  EXPECT_EQ(pump.value("starts"), Value::number(1));
}

TEST(StateMachineFile, MistakesAreToldWithTheirPlaceAndTheNearestName) {
  const std::string text = refused(with_transitions(R"(
      - { from: of, to: starting, when: button }
      - { from: off, to: starting, on: buton }
      - { from: off, to: running }
      - { from: off, to: running, when: speed }
)"));
  EXPECT_NE(text.find("14:17: error: type 'Pump' has no such state"), std::string::npos) << text;
  EXPECT_NE(text.find("nearest:  off"), std::string::npos) << text;
  EXPECT_NE(text.find("nearest:  button"), std::string::npos) << text;
  EXPECT_NE(text.find("a transition needs something that sets it off"), std::string::npos) << text;
  EXPECT_NE(text.find("17:41: error: the expression does not give the kind of value"), std::string::npos)
      << text;
}

TEST(StateMachineFile, AGuardCannotReadWhatTheStateMakes) {
  const std::string text = refused(R"yaml(
twin: t
types:
  Pump:
    kind: asset
    observed: { speed: {} }
    states: { off: {}, running: {} }
    transitions: [ { to: running, when: flow > 1 } ]
    derived: { flow: { is: "if(state == running, speed, 0)"
}
}
entities: { p: { type: Pump } }
)yaml");
  EXPECT_NE(text.find("computed from each other in a circle"), std::string::npos) << text;
  EXPECT_NE(text.find("flow -> state -> flow"), std::string::npos) << text;
}

}  // namespace
}  // namespace pollux::schema
