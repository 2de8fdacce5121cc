#include "tests/sim/oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "schema/step/aggregate.h"
#include "tests/sim/oracle_resource.h"
#include "tests/sim/oracle_sampled.h"
#include "tests/sim/oracle_temporal.h"
#include "tests/sim/standing.h"

namespace pollux::sim {
namespace {

using actors::Version;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Event;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Model;
using schema::Quality;
using schema::Reason;
using schema::Role;
using schema::Step;
using schema::Value;

using Course = std::vector<Version>;

void put(Course& course, EventTime at, const Value& value) {
  if (course.empty() || course.back().value != value) course.push_back({at, value});
}

Value time_value(EventTime time) {
  return {static_cast<std::uint64_t>(time), schema::ValueType::number, Quality::good, Reason::none, {}};
}

/// Each attribute's whole course of values, one attribute after another, from those of what it depends on.
class Interpreter {
 public:
  Interpreter(const Model& model, const schema::EventBatch& events, EventTime clock,
              const std::vector<std::size_t>& epoch_ends)
      : model_(model), events_(events), clock_(clock), sampled_(model, events, epoch_ends) {
    const Standing standing(model, events);
    for (const Event& event : events.events) {
      if (standing.counts(event)) ordered_.push_back(&event);
    }
    std::ranges::sort(ordered_, [&](const Event* a, const Event* b) { return order(*a) < order(*b); });
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      expected_.timelines.emplace_back(model.type_of(e).attributes.size());
    }
  }

  /// Over and over, until nothing changes any more: each time, what went round through links has got one
  /// delay further.
  Expected run() {
    for (EntityIndex e = 0; e < model_.entity_count(); ++e) {
      const auto& attributes = model_.type_of(e).attributes;
      for (AttributeSlot a = 0; a < attributes.size(); ++a) {
        put(course(e, a), kBeginning, Value::unknown(attributes[a].spec.type, Reason::not_yet_observed));
      }
    }
    std::vector<std::vector<Course>> before;
    do {
      before = expected_.timelines;
      for (const EntityIndex e : model_.topological_order()) {
        for (AttributeSlot a = 0; a < model_.type_of(e).attributes.size(); ++a) begin(e, a);
        for (const Step& step : model_.type_of(e).steps) follow(e, step);
      }
    } while (expected_.timelines != before);
    find_episodes();
    return std::move(expected_);
  }

 private:
  std::tuple<EventTime, std::uint32_t, std::uint64_t, std::uint64_t> order(const Event& event) const {
    return {event.time, event.source, event.sequence, schema::event_key(events_, event, model_).low};
  }

  Course& course(EntityIndex e, std::size_t a) { return expected_.timelines[e][a]; }

  /// What does not come from a step.
  void begin(EntityIndex e, AttributeSlot a) {
    const schema::Attribute& attribute = model_.type_of(e).attributes[a];
    const bool from_step = attribute.role != Role::parameter && attribute.role != Role::observed &&
                           attribute.reported == schema::kNoSlot;
    if (!from_step) course(e, a).clear();
    if (attribute.role == Role::parameter) put(course(e, a), kBeginning, model_.parameter(e, a));
    if (attribute.role == Role::observed) observe(e, a);
    if (attribute.reported != schema::kNoSlot) note_reports(e, a, attribute.reported);
  }

  /// The last report of each time; stale where the next one is too far away.
  std::map<EventTime, Value> reports(EntityIndex e, AttributeSlot a) const {
    std::map<EventTime, Value> last;
    for (const Event* event : ordered_) {
      if (event->entity != e) continue;
      for (const schema::ReportedValue& reported : events_.values_of(*event)) {
        const bool counts =
            reported.attribute == a && !sampled_.passed_over(event - events_.events.data(), a);
        if (counts) last[event->time] = reported.value;
      }
    }
    return last;
  }

  void observe(EntityIndex e, AttributeSlot a) {
    const schema::Attribute& attribute = model_.type_of(e).attributes[a];
    put(course(e, a), kBeginning, Value::unknown(attribute.spec.type, Reason::not_yet_observed));
    const auto all = reports(e, a);
    for (auto report = all.begin(); report != all.end(); ++report) {
      put(course(e, a), report->first, report->second);
      const EventTime silent = sampled_.silent_after(e, a, report->first, attribute.expect_every);
      const auto next = std::next(report);
      const bool falls_silent = attribute.expect_every != 0 && silent <= clock_ &&
                                (next == all.end() || silent < next->first) &&
                                report->second.quality < Quality::stale;
      if (!falls_silent) continue;
      Value stale = report->second;
      stale.quality = Quality::stale;
      stale.reason = Reason::no_recent_event;
      put(course(e, a), silent, stale);
    }
  }

  void note_reports(EntityIndex e, AttributeSlot a, AttributeSlot observed) {
    put(course(e, a), kBeginning, Value::unknown(schema::ValueType::number, Reason::not_yet_observed));
    for (const auto& [time, value] : reports(e, observed)) put(course(e, a), time, time_value(time));
  }

  Value input(const schema::Binding& binding, EventTime at) {
    const Value value = value_at(course(binding.producer, binding.attribute), at);
    if (!value.usable() || binding.conversion.identity()) return value;
    return Value::number(binding.conversion(value.as_number()), value.quality, value.reason);
  }

  Value aggregate(EntityIndex e, const schema::AggregateUse& use, EventTime at) {
    const auto bindings = model_.bindings(e, use.input);
    schema::Aggregate aggregate(use.function, bindings.size());
    for (std::size_t m = 0; m < bindings.size(); ++m) aggregate.set(m, input(bindings[m], at));
    return aggregate.result();
  }

  /// All operands at a time; those that `step` writes are left alone.
  std::vector<Value> operands(EntityIndex e, const Step& step, EventTime at) {
    const schema::EntityType& type = model_.type_of(e);
    std::vector<Value> all(type.operand_count);
    for (const std::uint16_t operand : step.reads) {
      if (operand < type.attributes.size()) all[operand] = value_at(course(e, operand), at);
    }
    for (schema::InputSlot i = 0; i < type.inputs.size(); ++i) {
      if (!type.inputs[i].many) all[type.inputs[i].operand] = input(model_.bindings(e, i).front(), at);
    }
    for (const schema::AggregateUse& use : type.aggregates) all[use.operand] = aggregate(e, use, at);
    return all;
  }

  /// Every time at which something it reads changes.
  std::set<EventTime> moments(EntityIndex e, const Step& step) {
    const schema::EntityType& type = model_.type_of(e);
    std::set<EventTime> all;
    const auto add = [&](const Course& course) {
      for (const Version& version : course) all.insert(version.from);
    };
    for (const std::uint16_t operand : step.reads) {
      if (operand < type.attributes.size()) add(course(e, operand));
      for (schema::InputSlot i = 0; i < type.inputs.size(); ++i) {
        if (type.inputs[i].many || type.inputs[i].operand != operand) continue;
        const auto& binding = model_.bindings(e, i).front();
        add(course(binding.producer, binding.attribute));
      }
      for (const schema::AggregateUse& use : type.aggregates) {
        if (use.operand == operand) add(aggregate_course(e, use));
      }
    }
    return all;
  }

  Course aggregate_course(EntityIndex e, const schema::AggregateUse& use) {
    std::set<EventTime> times;
    for (const schema::Binding& binding : model_.bindings(e, use.input)) {
      for (const Version& version : course(binding.producer, binding.attribute)) times.insert(version.from);
    }
    Course result;
    for (const EventTime at : times) put(result, at, aggregate(e, use, at));
    return result;
  }

  void follow(EntityIndex e, const Step& step) {
    for (std::size_t i = 0; i < step.width; ++i) course(e, step.target + i).clear();
    switch (step.form) {
      case Step::Form::expression:
        put(course(e, step.target), kBeginning, step.program.evaluate(operands(e, step, kBeginning).data()));
        for (const EventTime at : moments(e, step)) {
          put(course(e, step.target), at, step.program.evaluate(operands(e, step, at).data()));
        }
        return;
      case Step::Form::constraint_status:
        return follow_status(e, step);
      case Step::Form::temporal:
        follow_temporal(step.temporal, course(e, step.argument), clock_, &course(e, step.target));
        return;
      case Step::Form::state_machine:
        return follow_machine(e, step);
      case Step::Form::copy:
        put(course(e, step.target), kBeginning, operands(e, step, kBeginning)[step.argument]);
        for (const EventTime at : moments(e, step)) {
          put(course(e, step.target), at, operands(e, step, at)[step.argument]);
        }
        return;
      case Step::Form::resource:
        return follow_resource(e, step);
      case Step::Form::claim_answer:
        return follow_answer(course(e, step.argument), &course(e, step.target));
    }
  }

  void follow_resource(EntityIndex e, const Step& step) {
    std::set<EventTime> all = moments(e, step);
    all.insert(kBeginning);
    Queue queue(static_cast<std::size_t>(step.width - schema::kResourceCounts));
    for (const EventTime at : all) {
      const std::vector<Value> values = operands(e, step, at);
      const auto first = values.begin() + step.first_claim;
      queue.move_to(at, values[step.argument], {first, first + step.width - schema::kResourceCounts});
      const std::vector<Value> own = queue.values();
      for (std::size_t i = 0; i < own.size(); ++i) put(course(e, step.target + i), at, own[i]);
    }
  }

  void follow_status(EntityIndex e, const Step& step) {
    std::set<EventTime> all = moments(e, step);
    all.insert(kBeginning);
    EventTime broken_since = kNever;
    for (auto next = all.begin(); next != all.end() && *next <= clock_; ++next) {
      const EventTime at = *next;
      const Value holds = step.program.evaluate(operands(e, step, at).data());
      const bool broken = holds.usable() && !holds.as_boolean();
      if (!broken) broken_since = kNever;
      if (broken && broken_since == kNever) {
        broken_since = at;
        if (at != kBeginning) all.insert(at + step.hold);
      }
      put(course(e, step.target + 1), at,
          broken ? time_value(broken_since) : Value::unknown(schema::ValueType::number, Reason::none));
      const bool violated = broken && (broken_since == kBeginning || at - broken_since >= step.hold);
      put(course(e, step.target), at,
          holds.usable()
              ? Value::symbol(violated ? Model::kViolated : Model::kSatisfied, holds.quality, holds.reason)
              : Value::symbol(Model::kUnknown, Quality::uncertain, holds.reason));
    }
  }

  void follow_machine(EntityIndex e, const Step& step) {
    const schema::StateMachine& machine = *step.machine;
    std::set<EventTime> all = moments(e, step);
    std::vector<Value> own = {Value::symbol(machine.states.front()), time_value(kBeginning)};
    own.insert(own.end(), machine.initial.begin(), machine.initial.end());
    EventTime since = kBeginning;
    for (EventTime at = kBeginning; at <= clock_; at = next_moment(machine, all, at, since, own[0])) {
      std::vector<Value> values = operands(e, step, at);
      std::set<schema::Symbol> entered;
      while (take_transition(machine, step, at, since, own, values, entered)) {
        since = at;
        own[1] = time_value(since);
      }
      for (std::size_t i = 0; i < own.size(); ++i) put(course(e, step.target + i), at, own[i]);
    }
  }

  /// The next change of something it reads, or time it has been long enough where it is.
  static EventTime next_moment(const schema::StateMachine& machine, const std::set<EventTime>& changes,
                               EventTime at, EventTime since, const Value& state) {
    const auto change = changes.upper_bound(at);
    EventTime next = change == changes.end() ? kNever : *change;
    for (const schema::Transition& transition : machine.transitions) {
      if (!transition.after || since == kBeginning || !leaves(transition, state.as_symbol())) continue;
      const EventTime due = since + *transition.after;
      if (due > at) next = std::min(next, due);
    }
    return next;
  }

  static bool leaves(const schema::Transition& transition, schema::Symbol state) {
    const auto& from = transition.from;
    return from.empty() ? state != transition.to : std::ranges::find(from, state) != from.end();
  }

  static bool take_transition(const schema::StateMachine& machine, const Step& step, EventTime at,
                              EventTime since, std::vector<Value>& own, std::vector<Value>& values,
                              std::set<schema::Symbol>& entered) {
    std::ranges::copy(own, values.begin() + step.target);
    const schema::Symbol state = own[0].as_symbol();
    for (const schema::Transition& transition : machine.transitions) {
      if (!leaves(transition, state) || entered.contains(transition.to)) continue;
      if (transition.after && since != kBeginning && at < since + *transition.after) continue;
      if (transition.on && values[*transition.on] != time_value(at)) continue;
      if (!transition.when.empty() && transition.when.evaluate(values.data()) != Value::boolean(true)) {
        // Uncertain and stale truth is truth.
        const Value holds = transition.when.evaluate(values.data());
        if (!holds.usable() || !holds.as_boolean()) continue;
      }
      for (std::size_t s = 0; s < machine.states.size(); ++s) {
        if (machine.states[s] != transition.to) continue;
        for (const schema::EntryAction& action : machine.entry[s]) {
          own[action.variable - step.target] = action.value.evaluate(values.data());
        }
      }
      own[0] = Value::symbol(transition.to);
      entered.insert(transition.to);
      return true;
    }
    return false;
  }

  void find_episodes() {
    const auto violated = [](const Value& v) { return v.usable() && v.as_symbol() == Model::kViolated; };
    for (EntityIndex e = 0; e < model_.entity_count(); ++e) {
      const auto& rule = model_.type_of(e).constraint;
      if (!rule) continue;
      bool open = false;
      for (const Version& version : expected_.timelines[e][rule->status]) {
        if (violated(version.value) && !open) expected_.episodes.push_back({e, version.from, kNever});
        if (!violated(version.value) && open) expected_.episodes.back().to = version.from;
        open = violated(version.value);
      }
    }
    std::ranges::sort(expected_.episodes, [](const auto& a, const auto& b) {
      return std::tie(a.from, a.constraint) < std::tie(b.from, b.constraint);
    });
  }

  const Model& model_;
  const schema::EventBatch& events_;
  const EventTime clock_;
  const Sampled sampled_;
  std::vector<const Event*> ordered_;
  Expected expected_;
};

}  // namespace

Expected interpret(const Model& model, const schema::EventBatch& events, EventTime clock,
                   const std::vector<std::size_t>& epoch_ends) {
  return Interpreter(model, events, clock, epoch_ends).run();
}

}  // namespace pollux::sim
