#include "schema/step/state_machine.h"

#include <algorithm>

namespace pollux::schema {
namespace {

EventTime as_time(const Value& value) {
  return static_cast<EventTime>(value.bits);
}

Value time_value(EventTime time) {
  return {static_cast<std::uint64_t>(time), ValueType::number, Quality::good, Reason::none, {}};
}

bool leaves(const Transition& transition, Symbol state) {
  if (transition.from.empty()) return state != transition.to;
  return std::ranges::find(transition.from, state) != transition.from.end();
}

/// What began at the beginning of time has lasted for ever.
bool has_lasted(EventTime since, Duration span, EventTime at) {
  return since == kBeginning || after(since, span) <= at;
}

bool is_due(const Transition& transition, EventTime at, EventTime since, const Value* operands) {
  if (transition.after && !has_lasted(since, *transition.after, at)) return false;
  if (transition.on) {
    const Value& reported = operands[*transition.on];
    if (!reported.usable() || as_time(reported) != at) return false;
  }
  if (transition.when.empty()) return true;
  const Value holds = transition.when.evaluate(operands);
  return holds.usable() && holds.as_boolean();
}

/// The values of all actions are found before any variable is set.
void enter(const std::vector<EntryAction>& actions, Value* operands) {
  std::vector<Value> values;
  values.reserve(actions.size());
  for (const EntryAction& action : actions) values.push_back(action.value.evaluate(operands));
  for (std::size_t i = 0; i < actions.size(); ++i) operands[actions[i].variable] = values[i];
}

}  // namespace

void StateMachine::step(EventTime at, Value* operands, std::uint16_t own) const {
  Value& state = operands[own];
  Value& since = operands[own + 1];
  if (at == kBeginning) {
    state = Value::symbol(states.front());
    since = time_value(kBeginning);
    std::ranges::copy(initial, operands + own + 2);
  }
  std::vector<Symbol> entered;
  for (bool moved = true; moved;) {
    moved = false;
    for (const Transition& transition : transitions) {
      const bool again = std::ranges::find(entered, transition.to) != entered.end();
      if (again || !leaves(transition, state.as_symbol())) continue;
      if (!is_due(transition, at, as_time(since), operands)) continue;
      const auto index = std::ranges::find(states, transition.to) - states.begin();
      enter(entry[static_cast<std::size_t>(index)], operands);
      state = Value::symbol(transition.to);
      since = time_value(at);
      entered.push_back(transition.to);
      moved = true;
      break;
    }
  }
}

EventTime StateMachine::next_moment(EventTime time, const Value* own) const {
  EventTime next = kNever;
  const EventTime since = as_time(own[1]);
  if (since == kBeginning) return next;
  for (const Transition& transition : transitions) {
    if (!transition.after || !leaves(transition, own[0].as_symbol())) continue;
    const EventTime due = after(since, *transition.after);
    if (due > time) next = std::min(next, due);
  }
  return next;
}

}  // namespace pollux::schema
