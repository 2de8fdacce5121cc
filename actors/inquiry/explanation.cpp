#include "actors/inquiry/explanation.h"

#include <algorithm>
#include <utility>

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EntityType;
using schema::EventTime;
using schema::InputSlot;
using schema::kBeginning;
using schema::kNever;
using schema::kNoSlot;
using schema::Model;
using schema::Result;
using schema::Role;
using schema::Step;

namespace {

/// The step that writes an attribute; null where none does.
const Step* step_of(const EntityType& type, AttributeSlot attribute) {
  const auto writes = [&](const Step& step) {
    return attribute >= step.target && attribute < step.target + step.width;
  };
  const auto step = std::ranges::find_if(type.steps, writes);
  return step == type.steps.end() ? nullptr : &*step;
}

/// The operands that people know: those behind what a step reads of memory, which operators and machines
/// keep, are taken for it. Ascending.
std::vector<std::uint16_t> shown_reads(const EntityType& type, const Step& step) {
  std::vector<std::uint16_t> shown;
  std::vector<std::uint16_t> waiting = step.reads;
  std::vector<bool> seen(type.operand_count, false);
  while (!waiting.empty()) {
    const std::uint16_t operand = waiting.back();
    waiting.pop_back();
    if (seen[operand]) continue;
    seen[operand] = true;
    const bool memory = operand < type.attributes.size() && type.attributes[operand].role == Role::memory;
    if (!memory) {
      shown.push_back(operand);
    } else if (const AttributeSlot reported = type.attributes[operand].reported; reported != kNoSlot) {
      waiting.push_back(reported);
    } else if (const Step* behind = step_of(type, operand); behind != nullptr && behind != &step) {
      waiting.insert(waiting.end(), behind->reads.begin(), behind->reads.end());
    }
  }
  std::ranges::sort(shown);
  return shown;
}

/// The input behind an operand that is none of the entity's own attributes.
InputSlot input_of(const EntityType& type, std::uint16_t operand) {
  for (InputSlot i = 0; i < type.inputs.size(); ++i) {
    if (type.inputs[i].operand == operand) return i;
  }
  for (const schema::AggregateUse& use : type.aggregates) {
    if (use.operand == operand) return use.input;
  }
  return kNoSlot;
}

/// What people know of what is bound: for a claimant's place with a resource, how much of that is in use.
AttributeSlot shown_for(const EntityType& type, AttributeSlot bound) {
  return type.attributes[bound].role == Role::memory ? step_of(type, bound)->target : bound;
}

/// What held at a time; nothing where that is not known any more.
using Look = std::function<std::optional<Version>(EntityIndex, AttributeSlot, EventTime)>;

/// Versions of a status looked at for when it came to be violated; they differ in quality.
constexpr unsigned kVersionsBackMax = 100;

bool is_violated(const Version& status) {
  return status.value.usable() && status.value.as_symbol() == Model::kViolated;
}

class Explainer {
 public:
  /// `state`: read for when a value was last reported; null where the past is explained.
  Explainer(const Model& model, Look look, EventTime at, const SettledState* present)
      : model_(model), look_(std::move(look)), at_(at), present_(present) {}

  Cause explain(EntityIndex entity, AttributeSlot attribute, unsigned depth) {
    Cause cause;
    cause.entity = entity;
    const EntityType& type = model_.type_of(entity);
    const std::optional<Version> version = look_(entity, attribute, at_);
    cause.held = version.has_value();
    if (!cause.held) {
      cause.state.attribute = attribute;
      cause.state.value.type = type.attributes[attribute].spec.type;
      return cause;
    }
    cause.since = version->from;
    cause.state = {attribute, version->value, version->from};
    switch (type.attributes[attribute].role) {
      case Role::parameter:
        cause.origin = Origin::model;
        break;
      case Role::observed:
        explain_observed(type.attributes[attribute], cause);
        break;
      case Role::derived:
      case Role::state:
      case Role::memory:
        explain_derived(type, depth, cause);
        break;
    }
    return cause;
  }

 private:
  /// A version begins with an event, or where the silence after one has lasted too long.
  void explain_observed(const schema::Attribute& attribute, Cause& cause) {
    if (cause.since == kBeginning) {
      cause.origin = Origin::nothing;
      return;
    }
    const bool silent = cause.state.value.reason == schema::Reason::no_recent_event;
    cause.origin = silent ? Origin::timer : Origin::event;
    cause.timer = silent ? attribute.expect_every : 0;
    cause.event_time = schema::before(cause.since, cause.timer);
    cause.state.time = present_ != nullptr ? present_->attribute(cause.entity, cause.state.attribute).time
                                           : cause.event_time;
  }

  void explain_derived(const EntityType& type, unsigned depth, Cause& cause) {
    const Step* step = step_of(type, cause.state.attribute);
    if (step == nullptr) return;
    if (step->form == Step::Form::constraint_status) explain_status(*step, cause);
    if (step->form == Step::Form::state_machine) cause.origin = Origin::machine;
    const std::vector<std::uint16_t> reads = shown_reads(type, *step);
    if (reads.empty()) return;
    if (depth == 0) {
      cause.truncated = true;
      return;
    }
    for (const std::uint16_t operand : reads) {
      if (operand < type.attributes.size()) {
        descend(cause.entity, operand, depth, cause);
        continue;
      }
      for (const schema::Binding& binding : model_.bindings(cause.entity, input_of(type, operand))) {
        descend(binding.producer, shown_for(model_.type_of(binding.producer), binding.attribute), depth,
                cause);
      }
    }
  }

  void explain_status(const Step& step, Cause& cause) {
    const std::optional<Version> since = look_(cause.entity, step.target + 1, at_);
    if (since && since->value.usable()) {
      cause.broken_since = static_cast<EventTime>(since->value.bits);
    } else if (!since) {
      cause.broken_since = broken_since(step, cause);
    }
    const bool ran_out = step.hold != 0 && cause.broken_since != kBeginning && cause.broken_since != kNever &&
                         schema::after(cause.broken_since, step.hold) == cause.since &&
                         is_violated({cause.since, cause.state.value});
    if (!ran_out) return;
    cause.origin = Origin::timer;
    cause.timer = step.hold;
  }

  /// By when it came to be violated, where memory does not tell.
  EventTime broken_since(const Step& step, const Cause& cause) const {
    std::optional<Version> status = Version{cause.since, cause.state.value};
    EventTime begun = kNever;
    for (unsigned i = 0; i < kVersionsBackMax && status && is_violated(*status); ++i) {
      begun = status->from;
      if (begun == kBeginning) return begun;
      status = look_(cause.entity, cause.state.attribute, begun - 1);
    }
    return begun == kNever ? kNever : schema::before(begun, step.hold);
  }

  void descend(EntityIndex to, AttributeSlot attribute, unsigned depth, Cause& cause) {
    if (budget_ == 0) {
      cause.truncated = true;
      return;
    }
    --budget_;
    cause.inputs.push_back(explain(to, attribute, depth - 1));
  }

  const Model& model_;
  const Look look_;
  const EventTime at_;
  const SettledState* present_;
  std::size_t budget_ = kCausesMax;
};

}  // namespace

const char* name_of(Origin origin) {
  switch (origin) {
    case Origin::nothing:
      return "nothing";
    case Origin::model:
      return "model";
    case Origin::event:
      return "event";
    case Origin::expression:
      return "expression";
    case Origin::machine:
      return "machine";
    case Origin::timer:
      return "timer";
  }
  return "";
}

Explanation explain(const Model& model, const SettledState& state, EntityIndex entity,
                    AttributeSlot attribute, unsigned depth, EventTime at) {
  Explanation explanation;
  explanation.position = state.position();
  explanation.clock = state.clock();
  explanation.held_from = state.timeline(entity, attribute).first().from;
  const auto look = [&](EntityIndex e, AttributeSlot a, EventTime when) -> std::optional<Version> {
    const TimelineView timeline = state.timeline(e, a);
    if (timeline.first().from > when) return std::nullopt;
    return timeline.version_at(when);
  };
  explanation.cause =
      Explainer(model, look, at, at == kNever ? &state : nullptr).explain(entity, attribute, depth);
  return explanation;
}

Result<Explanation> explain(const Model& model, const History& history, const Moment& moment, EventTime clock,
                            const PresentValue& present, EntityIndex entity, AttributeSlot attribute,
                            unsigned depth) {
  Result<void> outcome;
  // The history has nothing of memory attributes.
  const auto look = [&](EntityIndex e, AttributeSlot a, EventTime when) -> std::optional<Version> {
    if (!outcome.ok() || model.type_of(e).attributes[a].role == Role::memory) return std::nullopt;
    const schema::Value now = present(e, a);
    const auto believed = value_at(history, {e, a}, {when, moment.known});
    if (!believed.ok()) {
      outcome = believed.error();
      return std::nullopt;
    }
    if (!*believed) return Version{kBeginning, now};
    return Version{(**believed).since, (**believed).value};
  };
  Explanation explanation;
  explanation.position = moment.known;
  explanation.clock = clock;
  explanation.held_from = history.bounds().dropped_clock;
  explanation.cause = Explainer(model, look, moment.at, nullptr).explain(entity, attribute, depth);
  if (!outcome.ok()) return outcome.error();
  return explanation;
}

bool is_held(const Cause& cause) {
  return cause.held && std::ranges::all_of(cause.inputs, is_held);
}

}  // namespace pollux::actors
