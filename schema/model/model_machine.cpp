// State machines of the model file: `states`, `variables` and `transitions` of a type.
#include <algorithm>
#include <array>
#include <memory>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 1> kStateKeys = {"entry"};
constexpr std::array<std::string_view, 5> kVariableKeys = {"type", "unit", "values", "default",
                                                           "description"};
constexpr std::array<std::string_view, 5> kTransitionKeys = {"from", "to", "on", "when", "after"};

constexpr std::size_t kStatesMax = 256;
constexpr std::size_t kTransitionsMax = 1'024;

/// Names no file can hold, as the dot separates entity and attribute there.
constexpr const char* kStateMemory = "state.since";
constexpr const char* kReportedMemory = ".reported";

class MachineReader {
 public:
  MachineReader(const Fields& fields, TypeDraft& type, ModelDraft& draft)
      : fields_(fields), draft_(type), type_(type.type), symbols_(draft.builder), errors_(draft.errors) {}

  void read() {
    const auto states = fields_.find("states");
    if (!states) {
      for (const std::string_view key : {"variables", "transitions"}) {
        if (const auto node = fields_.find(key)) {
          errors_.add(node->where(), "only a type with 'states' has '" + std::string(key) + "'",
                      "no 'states'", "states: { NAME: {}, ... }");
        }
      }
      return;
    }
    draft_.machine.emplace();
    if (!read_states(*states)) {
      draft_.machine.reset();
      draft_.complete = false;
      return;
    }
    add_state(states->where());
    if (const auto node = fields_.find("variables")) read_variables(*node);
    read_entries(*states);
    if (const auto node = fields_.find("transitions")) read_transitions(*node);
  }

 private:
  MachineDraft& machine() { return *draft_.machine; }

  bool read_states(YamlNode node) {
    if (!read_mapping(node, {"states", ""}, errors_)) return false;
    if (node.size() == 0 || node.size() > kStatesMax) {
      errors_.add(node.where(), "a machine has between 1 and " + std::to_string(kStatesMax) + " states",
                  std::to_string(node.size()),
                  "states: { off: {}, running: {} }; the first is where it begins");
      return false;
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
      check_name(node.key(i), NameForm::type, errors_);
      machine().machine.states.push_back(symbols_.intern(node.key(i).text()));
    }
    machine().machine.entry.resize(node.size());
    return true;
  }

  AttributeSlot add(std::string name, Role role, ValueSpec spec, SourceLocation where) {
    Attribute attribute;
    attribute.name = std::move(name);
    attribute.role = role;
    attribute.spec = std::move(spec);
    attribute.initial = Value::unknown(attribute.spec.type, Reason::not_yet_observed);
    attribute.where = where;
    type_.attributes.push_back(std::move(attribute));
    return static_cast<AttributeSlot>(type_.attributes.size() - 1);
  }

  void add_state(SourceLocation where) {
    for (const Attribute& attribute : type_.attributes) {
      if (attribute.name == "state") refuse_state(attribute.where);
    }
    for (const Input& input : type_.inputs) {
      if (input.name == "state") refuse_state(input.where);
    }
    machine().state = add("state", Role::state, {ValueType::symbol, {}, machine().machine.states}, where);
    add(kStateMemory, Role::memory, {}, where);
  }

  void refuse_state(SourceLocation where) {
    errors_.add(where, "a type with 'states' has an attribute 'state' of its own", "state", "another name");
    draft_.broken.emplace_back("state");
  }

  void read_variables(YamlNode node) {
    if (!read_mapping(node, {"variables", ""}, errors_)) return;
    for (std::size_t i = 0; i < node.size(); ++i) read_variable(node.key(i), node.value(i));
  }

  void read_variable(YamlNode key, YamlNode value) {
    const std::string name(key.text());
    const bool taken = type_.find_attribute(name) != kNoSlot || type_.find_input(name) != kNoSlot;
    if (taken) {
      errors_.add(key.where(), "'" + name + "' is already the name of another attribute or input", name,
                  "a name of its own");
    }
    const Fields fields(value, {"variable", name}, kVariableKeys, errors_);
    auto spec = read_spec(fields, symbols_, errors_);
    const bool named = check_name(key, NameForm::attribute, errors_) && !taken;
    const auto initial = fields.require("default", "what it is at the beginning");
    if (type_.attributes.size() >= kAttributesPerTypeMax) {
      errors_.add(key.where(), "type '" + type_.name + "' has too many attributes", "",
                  "at most " + std::to_string(kAttributesPerTypeMax));
      return;
    }
    if (!spec || !fields.complete() || !named) draft_.broken.push_back(name);
    if (!spec) spec.emplace();
    const auto read = initial ? read_value(*initial, "the default", *spec, symbols_, errors_) : std::nullopt;
    machine().machine.initial.push_back(read.value_or(Value::unknown(spec->type, Reason::none)));
    ++machine().machine.variables;
    add(name, Role::state, std::move(*spec), key.where());
  }

  void read_entries(YamlNode states) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      const Fields fields(states.value(i), {"state", states.key(i).text()}, kStateKeys, errors_);
      const auto entry = fields.find("entry");
      if (!entry || !read_mapping(*entry, {"entry", ""}, errors_)) continue;
      for (std::size_t a = 0; a < entry->size(); ++a) read_action(i, entry->key(a), entry->value(a));
    }
  }

  void read_action(std::size_t state, YamlNode key, YamlNode value) {
    const AttributeSlot slot = type_.find_attribute(key.text());
    const bool is_variable = slot != kNoSlot && slot > machine().state + 1;
    if (!is_variable) {
      std::vector<std::string> variables;
      for (std::size_t a = machine().state + 2u; a < type_.attributes.size(); ++a) {
        variables.push_back(type_.attributes[a].name);
      }
      errors_.add(key.where(), "on entering a state, only variables of the machine are set",
                  std::string(key.text()), "a name declared under 'variables'",
                  nearest_name(key.text(), variables));
      return;
    }
    if (read_text(value, "the value of '" + std::string(key.text()) + "'", errors_)) {
      machine().actions.push_back({state, slot, value});
    }
  }

  void read_transitions(YamlNode node) {
    if (!node.is_sequence() || node.size() > kTransitionsMax) {
      errors_.add(
          node.where(), "'transitions' must be a list", node.description(),
          "- { from: STATE, to: STATE, when: CONDITION }, at most " + std::to_string(kTransitionsMax));
      return;
    }
    for (std::size_t i = 0; i < node.size(); ++i) read_transition(node.item(i));
  }

  void read_transition(YamlNode node) {
    const Fields fields(node, {"a transition", ""}, kTransitionKeys, errors_);
    Transition transition;
    if (const auto from = fields.find("from")) read_from(*from, transition);
    if (const auto to = fields.require("to", "a state")) {
      transition.to = read_state(*to).value_or(machine().machine.states.front());
    }
    if (const auto on = fields.find("on")) transition.on = read_on(*on);
    if (const auto after = fields.find("after")) transition.after = read_duration(*after, "'after'", errors_);
    const auto when = fields.find("when");
    if (when && read_text(*when, "'when'", errors_)) {
      machine().guards.emplace_back(machine().machine.transitions.size(), *when);
    }
    if (!when && !fields.find("on") && !fields.find("after") && fields.complete()) {
      errors_.add(node.where(), "a transition needs something that sets it off", "none of them",
                  "'when: CONDITION', 'after: DURATION' or 'on: OBSERVED ATTRIBUTE'");
    }
    machine().machine.transitions.push_back(std::move(transition));
  }

  void read_from(YamlNode node, Transition& transition) {
    if (!node.is_sequence()) {
      if (const auto state = read_state(node)) transition.from = {*state};
      return;
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (const auto state = read_state(node.item(i))) transition.from.push_back(*state);
    }
  }

  std::optional<Symbol> read_state(YamlNode node) {
    const auto symbol = symbols_.find_symbol(node.text());
    const auto& states = machine().machine.states;
    if (node.is_scalar() && symbol && std::ranges::find(states, *symbol) != states.end()) return symbol;
    std::vector<std::string> names;
    for (const Symbol state : states) names.emplace_back(symbols_.symbol_text(state));
    errors_.add(node.where(), "type '" + type_.name + "' has no such state", node.description(),
                joined(std::vector<std::string_view>(names.begin(), names.end())),
                nearest_name(node.text(), names));
    return std::nullopt;
  }

  /// The memory of when an observed attribute was last reported, made when it is first asked for.
  std::optional<std::uint16_t> read_on(YamlNode node) {
    const std::string name(node.text());
    const AttributeSlot slot = type_.find_attribute(name);
    if (slot == kNoSlot || type_.attributes[slot].role != Role::observed) {
      std::vector<std::string> observed;
      for (const Attribute& attribute : type_.attributes) {
        if (attribute.role == Role::observed) observed.push_back(attribute.name);
      }
      if (draft_.complete && !draft_.is_broken(name)) {
        errors_.add(node.where(), "'on' names an observed attribute: it is set off by each report of it",
                    node.description(), "an observed attribute of type '" + type_.name + "'",
                    nearest_name(name, observed));
      }
      return std::nullopt;
    }
    const AttributeSlot known = type_.find_attribute(name + kReportedMemory);
    if (known != kNoSlot) return known;
    const AttributeSlot reported = add(name + kReportedMemory, Role::memory, {}, node.where());
    type_.attributes[reported].reported = slot;
    return reported;
  }

  const Fields& fields_;
  TypeDraft& draft_;
  EntityType& type_;
  ModelBuilder& symbols_;
  ErrorList& errors_;
};

}  // namespace

void read_machine(const Fields& fields, TypeDraft& type, ModelDraft& draft) {
  MachineReader(fields, type, draft).read();
}

Step compile_machine(const TypeDraft& type, const CompileNode& compile) {
  const MachineDraft& draft = *type.machine;
  auto machine = std::make_shared<StateMachine>(draft.machine);
  for (const MachineDraft::Action& action : draft.actions) {
    auto compiled = compile(action.value, &type.type.attributes[action.variable].spec);
    if (compiled) machine->entry[action.state].push_back({action.variable, std::move(compiled->program)});
  }
  const ValueSpec truth{ValueType::boolean, {}, {}};
  for (const auto& [transition, node] : draft.guards) {
    if (auto compiled = compile(node, &truth))
      machine->transitions[transition].when = std::move(compiled->program);
  }
  return Step::of(std::move(machine), draft.state);
}

}  // namespace pollux::schema
