#include "actors/inquiry/hypothesis.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "schema/assert.h"
#include "schema/step/aggregate.h"

namespace pollux::actors {

using schema::AggregateUse;
using schema::AttributeSlot;
using schema::Binding;
using schema::EntityIndex;
using schema::EntityType;
using schema::InputSlot;
using schema::Model;
using schema::Quality;
using schema::Step;
using schema::Value;

namespace {

bool is_affected(const Affected& affected, AttributeSlot attribute) {
  return std::ranges::binary_search(affected.attributes, attribute) ||
         std::ranges::binary_search(affected.memory, attribute);
}

/// Marks the operands that the steps to be evaluated read.
void mark_operands(const EntityType& type, const Affected& affected, std::vector<bool>& needed) {
  needed.assign(type.operand_count, false);
  for (const Step& step : type.steps) {
    if (!is_affected(affected, step.target)) continue;
    for (const std::uint16_t operand : step.reads) needed[operand] = true;
  }
}

bool needs_input(const EntityType& type, InputSlot input, const std::vector<bool>& needed) {
  if (!type.inputs[input].many) return needed[type.inputs[input].operand];
  return std::ranges::any_of(
      type.aggregates, [&](const AggregateUse& use) { return use.input == input && needed[use.operand]; });
}

Value converted(const Value& value, const schema::Conversion& conversion) {
  if (conversion.identity() || !value.usable()) return value;
  return Value::number(conversion(value.as_number()), value.quality, value.reason);
}

/// Whether two truth values say the same; what cannot be used says nothing.
bool same_truth(const Value& a, const Value& b) {
  return a.usable() == b.usable() && (!a.usable() || a.as_boolean() == b.as_boolean());
}

Effect effect_of(const Value& requirement) {
  if (!requirement.usable()) return Effect::would_be_unknown;
  return requirement.as_boolean() ? Effect::would_be_satisfied : Effect::would_break;
}

/// The status a constraint comes to where what it demands stays as it is.
Value lasting_status(const Value& requirement) {
  if (!requirement.usable()) return Value::symbol(Model::kUnknown, Quality::uncertain, requirement.reason);
  return Value::symbol(requirement.as_boolean() ? Model::kSatisfied : Model::kViolated, requirement.quality,
                       requirement.reason);
}

class Evaluation {
 public:
  Evaluation(const Model& model, const Cone& cone, const PresentValues& present)
      : model_(model), cone_(cone), present_(present), supposed_(present.attributes) {}

  Hypothetical run(AttributeSlot attribute, const Value& value) {
    result_.was = present_.attributes[attribute];
    result_.truncated = cone_.truncated || present_.entities < cone_.entities.size();
    result_.evaluated = present_.entities;
    supposed_[attribute] = value;
    for (std::size_t i = 0; i < present_.entities; ++i) {
      const Affected& affected = cone_.entities[i];
      places_.emplace(affected.entity, first_attribute_);
      load(affected);
      evaluate(affected, i == 0 ? attribute : schema::kNoSlot);
      first_attribute_ += model_.type_of(affected.entity).attributes.size();
    }
    std::ranges::stable_sort(result_.changes, {}, &WouldChange::level);
    std::ranges::stable_sort(result_.constraints, {}, &ConstraintEffect::level);
    return std::move(result_);
  }

 private:
  /// Sets the operands twice: as they are, and as they would be. Attributes come first among them.
  void load(const Affected& affected) {
    const EntityType& type = model_.type_of(affected.entity);
    mark_operands(type, affected, needed_);
    now_.assign(type.operand_count, {});
    const auto own = std::span(present_.attributes).subspan(first_attribute_, type.attributes.size());
    std::ranges::copy(own, now_.begin());
    then_ = now_;
    std::ranges::copy(std::span(supposed_).subspan(first_attribute_, type.attributes.size()), then_.begin());
    for (InputSlot input = 0; input < type.inputs.size(); ++input) {
      if (needs_input(type, input, needed_)) load_input(affected.entity, type, input);
    }
  }

  void load_input(EntityIndex entity, const EntityType& type, InputSlot input) {
    const auto bindings = model_.bindings(entity, input);
    members_now_.clear();
    members_then_.clear();
    for (const Binding& binding : bindings) {
      const Value& is = present_.bound[next_bound_++];
      const auto place = places_.find(binding.producer);
      const Value& would_be = place == places_.end() ? is : supposed_[place->second + binding.attribute];
      members_now_.push_back(converted(is, binding.conversion));
      members_then_.push_back(converted(would_be, binding.conversion));
    }
    if (!type.inputs[input].many) {
      now_[type.inputs[input].operand] = members_now_.at(0);
      then_[type.inputs[input].operand] = members_then_.at(0);
      return;
    }
    for (const AggregateUse& use : type.aggregates) {
      if (use.input != input || !needed_[use.operand]) continue;
      now_[use.operand] = aggregate_of(use, members_now_);
      then_[use.operand] = aggregate_of(use, members_then_);
    }
  }

  static Value aggregate_of(const AggregateUse& use, const std::vector<Value>& members) {
    schema::Aggregate aggregate(use.function, members.size());
    for (std::size_t i = 0; i < members.size(); ++i) aggregate.set(i, members[i]);
    return aggregate.result();
  }

  void evaluate(const Affected& affected, AttributeSlot given) {
    const EntityType& type = model_.type_of(affected.entity);
    mark_given(type, given);
    for (const Step& step : type.steps) {
      if (step.target == given || !is_affected(affected, step.target)) continue;
      if (reads_held(step)) {
        hold(type, step, affected);
        continue;
      }
      const std::optional<Value> value = outcome_of(step, affected);
      if (!value) {
        if (operands_differ(step)) hold(type, step, affected);
        continue;
      }
      then_[step.target] = *value;
      supposed_[first_attribute_ + step.target] = *value;
      const bool shown = type.attributes[step.target].role != schema::Role::memory;
      if (!shown || *value == now_[step.target]) continue;
      result_.changes.push_back({affected.entity, step.target, affected.level, now_[step.target], *value});
    }
  }

  /// To suppose a value is to suppose that it is reported, which a machine may wait for.
  void mark_given(const EntityType& type, AttributeSlot given) {
    held_.assign(type.operand_count, false);
    for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
      held_[a] = given != schema::kNoSlot && type.attributes[a].reported == given;
    }
  }

  bool reads_held(const Step& step) const {
    return std::ranges::any_of(step.reads, [&](std::uint16_t operand) { return held_[operand]; });
  }
  bool operands_differ(const Step& step) const {
    return std::ranges::any_of(step.reads,
                               [&](std::uint16_t operand) { return now_[operand] != then_[operand]; });
  }

  void hold(const EntityType& type, const Step& step, const Affected& affected) {
    for (std::uint16_t i = 0; i < step.width; ++i) {
      const auto slot = static_cast<AttributeSlot>(step.target + i);
      held_[slot] = true;
      if (type.attributes[slot].role != schema::Role::memory) result_.held.push_back({affected.entity, slot});
    }
  }

  /// What a step would yield. Nothing where present operands do not tell, for it also remembers: operators
  /// that look back and state machines are held at their present values. Every form of step is decided on
  /// here.
  std::optional<Value> outcome_of(const Step& step, const Affected& affected) {
    if (step.is_plain()) return step.program.evaluate(then_.data());
    if (step.form == Step::Form::constraint_status) return status_of(step, affected);
    return std::nullopt;
  }

  /// A status differs where what is demanded does, as if that had lasted; a pending one stays pending.
  Value status_of(const Step& step, const Affected& affected) {
    const Value is = step.program.evaluate(now_.data());
    const Value would_be = step.program.evaluate(then_.data());
    const Value& status = now_[step.target];
    if (!same_truth(is, would_be)) {
      result_.constraints.push_back({affected.entity, affected.level, status, effect_of(would_be)});
      return lasting_status(would_be);
    }
    if (!would_be.usable()) return lasting_status(would_be);
    return Value::symbol(status.as_symbol(), would_be.quality, would_be.reason);
  }

  const Model& model_;
  const Cone& cone_;
  const PresentValues& present_;
  std::vector<Value> supposed_;                      // as PresentValues::attributes
  std::size_t first_attribute_ = 0;                  // in it, of the entity at hand
  std::size_t next_bound_ = 0;                       // in PresentValues::bound
  tsl::robin_map<EntityIndex, std::size_t> places_;  // first attribute of those evaluated
  std::vector<bool> needed_;                         // operands of the entity at hand
  std::vector<bool> held_;                           // those that do not follow the hypothesis
  std::vector<Value> now_, then_;
  std::vector<Value> members_now_, members_then_;
  Hypothetical result_;
};

}  // namespace

const char* name_of(Effect effect) {
  switch (effect) {
    case Effect::would_break:
      return "would_break";
    case Effect::would_be_satisfied:
      return "would_be_satisfied";
    case Effect::would_be_unknown:
      return "would_be_unknown";
  }
  return "";
}

NeededValues needed_values(const Model& model, const Cone& cone, std::size_t values_max) {
  NeededValues all;
  std::vector<bool> needed;
  for (const Affected& affected : cone.entities) {
    const EntityType& type = model.type_of(affected.entity);
    mark_operands(type, affected, needed);
    std::size_t size = all.attributes.size() + all.bound.size() + type.attributes.size();
    for (InputSlot input = 0; input < type.inputs.size(); ++input) {
      if (needs_input(type, input, needed)) size += model.bindings(affected.entity, input).size();
    }
    // The one supposed to differ is always taken: without it there is nothing to say.
    if (size > values_max && all.entities > 0) break;
    for (AttributeSlot a = 0; a < type.attributes.size(); ++a) all.attributes.push_back({affected.entity, a});
    for (InputSlot input = 0; input < type.inputs.size(); ++input) {
      if (!needs_input(type, input, needed)) continue;
      for (const Binding& binding : model.bindings(affected.entity, input)) {
        all.bound.push_back({binding.producer, binding.attribute});
      }
    }
    ++all.entities;
  }
  return all;
}

PresentValues copy_present(const Model& model, const Cone& cone, const SettledState& state,
                           std::size_t values_max) {
  const NeededValues needed = needed_values(model, cone, values_max);
  PresentValues present{state.position(), state.clock(), needed.entities, {}, {}};
  const auto copy = [&](const std::vector<Series>& wanted, std::vector<Value>& to) {
    to.reserve(wanted.size());
    for (const Series& each : wanted) to.push_back(state.timeline(each.entity, each.attribute).last().value);
  };
  copy(needed.attributes, present.attributes);
  copy(needed.bound, present.bound);
  return present;
}

Hypothetical suppose(const Model& model, const Cone& cone, const PresentValues& present,
                     AttributeSlot attribute, const Value& value) {
  POLLUX_ASSERT(present.entities > 0, "a cone starts with what is supposed to differ");
  return Evaluation(model, cone, present).run(attribute, value);
}

}  // namespace pollux::actors
