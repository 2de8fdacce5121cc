#include "schema/step/step.h"

#include <algorithm>
#include <utility>

#include "schema/well_known.h"

namespace pollux::schema {
namespace {

Value time_value(EventTime time) {
  return {static_cast<std::uint64_t>(time), ValueType::number, Quality::good, Reason::none, {}};
}

void evaluate_status(const Step& step, EventTime at, Value* operands) {
  const Value holds = step.program.evaluate(operands);
  Value& status = operands[step.target];
  Value& since = operands[step.target + 1];
  const bool broken = holds.usable() && !holds.as_boolean();
  if (!broken) {
    since = Value::unknown(ValueType::number, Reason::none);
  } else if (at == kBeginning || !since.usable()) {
    since = time_value(at);
  }
  if (!holds.usable()) {
    status = Value::symbol(symbols::kUnknown, Quality::uncertain, holds.reason);
    return;
  }
  const auto broken_since = static_cast<EventTime>(since.bits);
  const bool violated = broken && (broken_since == kBeginning || after(broken_since, step.hold) <= at);
  status = Value::symbol(violated ? symbols::kViolated : symbols::kSatisfied, holds.quality, holds.reason);
}

EventTime next_status(const Step& step, const Value* own) {
  const bool waiting = own[1].usable() && own[0].as_symbol() != symbols::kViolated;
  return waiting ? after(static_cast<EventTime>(own[1].bits), step.hold) : kNever;
}

void add_reads(std::vector<std::uint16_t>& to, const Program& program) {
  to.insert(to.end(), program.reads().begin(), program.reads().end());
}

/// Everything its guards and actions look at, but itself.
std::vector<std::uint16_t> reads_of(const StateMachine& machine, const Step& step) {
  std::vector<std::uint16_t> reads;
  for (const Transition& transition : machine.transitions) {
    add_reads(reads, transition.when);
    if (transition.on) reads.push_back(*transition.on);
  }
  for (const auto& actions : machine.entry) {
    for (const EntryAction& action : actions) add_reads(reads, action.value);
  }
  std::erase_if(reads, [&](std::uint16_t operand) {
    return operand >= step.target && operand < step.target + step.width;
  });
  std::ranges::sort(reads);
  reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
  return reads;
}

}  // namespace

Step Step::expression(AttributeSlot target, Program program) {
  Step step;
  step.target = target;
  step.reads = program.reads();
  step.program = std::move(program);
  return step;
}

Step Step::constraint_status(AttributeSlot target, Program program, Duration hold) {
  Step step = expression(target, std::move(program));
  step.form = Form::constraint_status;
  step.width = 2;
  step.remembered = 1;
  step.hold = hold;
  return step;
}

Step Step::of(const Temporal& temporal, AttributeSlot target, AttributeSlot argument) {
  Step step;
  step.form = Form::temporal;
  step.target = target;
  step.temporal = temporal;
  step.argument = argument;
  step.width = static_cast<std::uint16_t>(1 + temporal.memory_count());
  step.remembered = static_cast<std::uint16_t>(temporal.memory_count() + temporal.remembers_result());
  step.reads = {argument};
  return step;
}

Step Step::of(std::shared_ptr<const StateMachine> machine, AttributeSlot target) {
  Step step;
  step.form = Form::state_machine;
  step.target = target;
  step.width = static_cast<std::uint16_t>(2 + machine->variables);
  step.remembered = step.width;
  step.reads = reads_of(*machine, step);
  step.machine = std::move(machine);
  return step;
}

Step Step::copy(AttributeSlot target, std::uint16_t argument) {
  Step step;
  step.form = Form::copy;
  step.target = target;
  step.argument = argument;
  step.reads = {argument};
  return step;
}

Step Step::resource(AttributeSlot target, AttributeSlot capacity, std::uint16_t first_claim,
                    std::uint16_t claims) {
  Step step;
  step.form = Form::resource;
  step.target = target;
  step.width = static_cast<std::uint16_t>(kResourceCounts + claims);
  step.remembered = claims;
  step.argument = capacity;
  step.first_claim = first_claim;
  step.reads = {capacity};
  for (std::uint16_t i = 0; i < claims; ++i)
    step.reads.push_back(static_cast<std::uint16_t>(first_claim + i));
  return step;
}

Step Step::claim_answer(AttributeSlot target, AttributeSlot place) {
  Step step;
  step.form = Form::claim_answer;
  step.target = target;
  step.width = 3;
  step.remembered = 1;
  step.argument = place;
  step.reads = {place};
  return step;
}

void Step::renumber(const std::vector<std::uint16_t>& to) {
  target = to[target];
  if (argument != kNoSlot) argument = to[argument];
  if (first_claim != kNoSlot) first_claim = to[first_claim];
  program.renumber(to);
  if (machine == nullptr) {
    for (std::uint16_t& operand : reads) operand = to[operand];
    std::ranges::sort(reads);
    return;
  }
  auto renumbered = std::make_shared<StateMachine>(*machine);
  for (Transition& transition : renumbered->transitions) {
    transition.when.renumber(to);
    if (transition.on) transition.on = to[*transition.on];
  }
  for (auto& actions : renumbered->entry) {
    for (EntryAction& action : actions) {
      action.variable = to[action.variable];
      action.value.renumber(to);
    }
  }
  machine = std::move(renumbered);
  reads = reads_of(*machine, *this);
}

void Step::evaluate(EventTime at, Value* operands, History argument_past) const {
  switch (form) {
    case Form::expression:
      program.evaluate(operands, operands[target]);
      return;
    case Form::constraint_status:
      evaluate_status(*this, at, operands);
      return;
    case Form::temporal:
      schema::evaluate(temporal, argument_past, at, operands + target);
      return;
    case Form::state_machine:
      machine->step(at, operands, target);
      return;
    case Form::copy:
      operands[target] = operands[argument];
      return;
    case Form::resource:
      allocate(at, operands[argument], {operands + first_claim, std::size_t{width} - kResourceCounts},
               operands + target);
      return;
    case Form::claim_answer:
      answer_claim(at, operands[argument], operands + target);
      return;
  }
}

EventTime Step::next_moment(EventTime time, const Value* own, History argument_past) const {
  switch (form) {
    case Form::expression:
    case Form::copy:
    case Form::resource:
    case Form::claim_answer:
      return kNever;
    case Form::constraint_status:
      return next_status(*this, own);
    case Form::temporal:
      return schema::next_moment(temporal, argument_past, time, own);
    case Form::state_machine:
      return machine->next_moment(time, own);
  }
  __builtin_unreachable();
}

}  // namespace pollux::schema
