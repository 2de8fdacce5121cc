#include "schema/step/initial_state.h"

#include <algorithm>
#include <utility>

#include "schema/step/aggregate.h"

namespace pollux::schema {
namespace {

/// One after another in evaluation order. A link's producer may come later; what a link yields in the
/// beginning does not depend on it.
class Beginning {
 public:
  explicit Beginning(const Model& model) : model_(model), values_(model.entity_count()) {
    for (EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
      const auto& attributes = model.type_of(entity).attributes;
      for (AttributeSlot a = 0; a < attributes.size(); ++a) {
        const bool given = attributes[a].role == Role::parameter || attributes[a].role == Role::observed;
        Value value = given ? model.parameter(entity, a) : Value{};
        value.type = attributes[a].spec.type;
        values_[entity].push_back(value);
      }
    }
    for (const EntityIndex entity : model.topological_order()) evaluate(entity);
  }

  std::vector<std::vector<Value>> take() && { return std::move(values_); }

 private:
  Value bound(const Binding& binding) const {
    const Value& value = values_[binding.producer][binding.attribute];
    if (binding.conversion.identity() || !value.usable()) return value;
    return Value::number(binding.conversion(value.as_number()), value.quality, value.reason);
  }

  void evaluate(EntityIndex entity) {
    const EntityType& type = model_.type_of(entity);
    std::vector<Value> operands(type.operand_count);
    std::copy(values_[entity].begin(), values_[entity].end(), operands.begin());
    for (InputSlot input = 0; input < type.inputs.size(); ++input) {
      if (type.inputs[input].many) continue;
      operands[type.inputs[input].operand] = bound(model_.bindings(entity, input).front());
    }
    for (const AggregateUse& use : type.aggregates) {
      const auto bindings = model_.bindings(entity, use.input);
      Aggregate aggregate(use.function, bindings.size());
      for (std::size_t i = 0; i < bindings.size(); ++i) aggregate.set(i, bound(bindings[i]));
      operands[use.operand] = aggregate.result();
    }
    for (const Step& step : type.steps) {
      const Version past{kBeginning, step.argument == kNoSlot ? Value{} : operands[step.argument]};
      step.evaluate(kBeginning, operands.data(), std::span(&past, 1));
    }
    std::copy_n(operands.begin(), type.attributes.size(), values_[entity].begin());
  }

  const Model& model_;
  std::vector<std::vector<Value>> values_;
};

}  // namespace

std::vector<std::vector<Value>> initial_state(const Model& model) {
  return Beginning(model).take();
}

}  // namespace pollux::schema
