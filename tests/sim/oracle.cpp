#include "tests/sim/oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "schema/aggregate.h"

namespace pollux::sim {
namespace {

using actors::Version;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Event;
using schema::EventKind;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Model;
using schema::Quality;
using schema::Reason;
using schema::Role;
using schema::Step;
using schema::Value;

/// Which events count, told from the whole set: see actors/revisions.h for the rule. By name, not by hash.
class Standing {
 public:
  Standing(const Model& model, const schema::EventBatch& events) : model_(model), events_(events) {
    for (const Event& event : events.events) by_name_[name(event, events.id(event))] = &event;
  }

  bool counts(const Event& event) const {
    if (event.kind == EventKind::retract || retracted(event)) return false;
    const std::string own = name(event, events_.id(event));
    if (last_correction(own) != nullptr) return false;
    std::set<const Event*> seen;
    for (const Event* at = &event; at->kind == EventKind::correct;) {
      if (!seen.insert(at).second) return false;  // they correct each other
      const std::string replaced = name(*at, events_.named(*at));
      if (retracted(replaced) || last_correction(replaced) != at) return false;
      const auto found = by_name_.find(replaced);
      if (found == by_name_.end()) return true;
      at = found->second;
      if (at->kind == EventKind::retract) return false;
    }
    return true;
  }

 private:
  std::string name(const Event& event, std::string_view id) const {
    return std::string(events_.source_name(event, model_)) + "/" + std::string(id);
  }
  bool retracted(const Event& event) const { return retracted(name(event, events_.id(event))); }
  bool retracted(const std::string& what) const {
    return std::ranges::any_of(events_.events, [&](const Event& event) {
      return event.kind == EventKind::retract && name(event, events_.named(event)) == what;
    });
  }
  const Event* last_correction(const std::string& what) const {
    const auto order = [&](const Event& event) {
      return std::tuple(event.time, event.sequence, schema::event_key(events_, event, model_));
    };
    const Event* last = nullptr;
    for (const Event& event : events_.events) {
      const bool corrects = event.kind == EventKind::correct && name(event, events_.named(event)) == what;
      if (corrects && !retracted(event) && (last == nullptr || order(*last) < order(event))) last = &event;
    }
    return last;
  }

  const Model& model_;
  const schema::EventBatch& events_;
  std::map<std::string, const Event*> by_name_;
};

/// The twin at one moment, moved on from moment to moment.
class Interpreter {
 public:
  Interpreter(const Model& model, const schema::EventBatch& events) : model_(model), events_(events) {
    const Standing standing(model, events);
    for (const Event& event : events.events) {
      if (standing.counts(event)) ordered_.push_back(&event);
    }
    std::ranges::sort(ordered_, [&](const Event* a, const Event* b) { return order(*a) < order(*b); });
    const std::size_t n = model.entity_count();
    values_.resize(n);
    observed_.resize(n);
    broken_since_.assign(n, kNever);
    expected_.timelines.resize(n);
    for (EntityIndex e = 0; e < n; ++e) {
      const auto& attributes = model.type_of(e).attributes;
      expected_.timelines[e].resize(attributes.size());
      observed_[e].assign(attributes.size(), kBeginning);
      for (AttributeSlot a = 0; a < attributes.size(); ++a) {
        values_[e].push_back(attributes[a].role == Role::parameter
                                 ? model.parameter(e, a)
                                 : Value::unknown(attributes[a].spec.type, Reason::not_yet_observed));
      }
    }
  }

  Expected run(EventTime clock) {
    evaluate_all(kBeginning);
    auto next = ordered_.begin();
    EventTime at = kBeginning;
    while (true) {
      at = std::min(next == ordered_.end() ? kNever : (*next)->time, next_deadline(at));
      if (at > clock || at == kNever) break;
      let_values_go_stale(at);
      for (; next != ordered_.end() && (*next)->time == at; ++next) observe(**next);
      evaluate_all(at);
    }
    find_episodes();
    return std::move(expected_);
  }

 private:
  std::tuple<EventTime, std::uint32_t, std::uint64_t, std::uint64_t> order(const Event& event) const {
    return {event.time, event.source, event.sequence, schema::event_key(events_, event, model_).low};
  }

  void observe(const Event& event) {
    for (const schema::ReportedValue& reported : events_.values_of(event)) {
      values_[event.entity][reported.attribute] = reported.value;
      observed_[event.entity][reported.attribute] = event.time;
    }
  }

  template <class Visit>
  void for_each_silence(Visit visit) {
    for (EntityIndex e = 0; e < model_.entity_count(); ++e) {
      const auto& attributes = model_.type_of(e).attributes;
      for (AttributeSlot a = 0; a < attributes.size(); ++a) {
        if (attributes[a].expect_every == 0 || observed_[e][a] == kBeginning) continue;
        if (values_[e][a].quality < Quality::stale) visit(e, a, observed_[e][a] + attributes[a].expect_every);
      }
    }
  }

  EventTime next_deadline(EventTime after) {
    EventTime next = kNever;
    const auto consider = [&](EventTime at) {
      if (at > after) next = std::min(next, at);
    };
    for_each_silence([&](EntityIndex, AttributeSlot, EventTime at) { consider(at); });
    for (EntityIndex e = 0; e < model_.entity_count(); ++e) {
      const auto& rule = model_.type_of(e).constraint;
      if (rule && broken_since_[e] != kNever && broken_since_[e] != kBeginning)
        consider(broken_since_[e] + rule->hold);
    }
    return next;
  }

  void let_values_go_stale(EventTime at) {
    for_each_silence([&](EntityIndex e, AttributeSlot a, EventTime silent) {
      if (silent != at) return;
      values_[e][a].quality = Quality::stale;
      values_[e][a].reason = Reason::no_recent_event;
    });
  }

  Value input(const schema::Binding& binding) const {
    const Value& value = values_[binding.producer][binding.attribute];
    if (!value.usable() || binding.conversion.identity()) return value;
    return Value::number(binding.conversion(value.as_number()), value.quality, value.reason);
  }

  std::vector<Value> operands(EntityIndex e) const {
    const schema::EntityType& type = model_.type_of(e);
    std::vector<Value> all(type.operand_count);
    std::ranges::copy(values_[e], all.begin());
    for (schema::InputSlot i = 0; i < type.inputs.size(); ++i) {
      if (!type.inputs[i].many) all[type.inputs[i].operand] = input(model_.bindings(e, i).front());
    }
    for (const schema::AggregateUse& use : type.aggregates) {
      const auto bindings = model_.bindings(e, use.input);
      schema::Aggregate aggregate(use.function, bindings.size());
      for (std::size_t m = 0; m < bindings.size(); ++m) aggregate.set(m, input(bindings[m]));
      all[use.operand] = aggregate.result();
    }
    return all;
  }

  void evaluate_all(EventTime at) {
    for (const EntityIndex e : model_.topological_order()) {
      for (const Step& step : model_.type_of(e).steps) {
        const Value value = step.program.evaluate(operands(e).data());
        values_[e][step.target] = step.form == Step::Form::expression ? value : status(e, step, value, at);
      }
      for (AttributeSlot a = 0; a < values_[e].size(); ++a) record(e, a, at);
    }
  }

  Value status(EntityIndex e, const Step& step, const Value& holds, EventTime at) {
    const bool broken = holds.usable() && !holds.as_boolean();
    if (!broken) broken_since_[e] = kNever;
    if (broken && broken_since_[e] == kNever) broken_since_[e] = at;
    values_[e][step.memory] = broken ? Value{static_cast<std::uint64_t>(broken_since_[e]),
                                             schema::ValueType::number,
                                             Quality::good,
                                             Reason::none,
                                             {}}
                                     : Value::unknown(schema::ValueType::number, Reason::none);
    if (!holds.usable()) return Value::symbol(Model::kUnknown, Quality::uncertain, holds.reason);
    const bool violated = broken && (broken_since_[e] == kBeginning || at - broken_since_[e] >= step.hold);
    return Value::symbol(violated ? Model::kViolated : Model::kSatisfied, holds.quality, holds.reason);
  }

  void record(EntityIndex e, AttributeSlot a, EventTime at) {
    auto& timeline = expected_.timelines[e][a];
    if (timeline.empty() || timeline.back().value != values_[e][a]) timeline.push_back({at, values_[e][a]});
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
  std::vector<const Event*> ordered_;
  std::vector<std::vector<Value>> values_;
  std::vector<std::vector<EventTime>> observed_;  // when last reported
  std::vector<EventTime> broken_since_;
  Expected expected_;
};

}  // namespace

Expected interpret(const Model& model, const schema::EventBatch& events, EventTime clock) {
  return Interpreter(model, events).run(clock);
}

}  // namespace pollux::sim
