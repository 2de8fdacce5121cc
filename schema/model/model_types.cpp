// Types of the model file: attributes, inputs, constraints.
#include <array>
#include <cstdio>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 12> kTypeKeys = {
    "kind",     "description", "parameters", "observed", "derived",   "inputs",
    "requires", "for",         "severity",   "states",   "variables", "transitions"};
constexpr std::array<std::string_view, 5> kKinds = {"asset", "process", "constraint", "flow", "resource"};
constexpr std::array<std::string_view, 3> kSeverities = {"info", "warning", "critical"};
constexpr std::array<std::string_view, 6> kParameterKeys = {"type",    "unit",  "values",
                                                            "default", "range", "baseline"};
constexpr std::array<std::string_view, 6> kObservedKeys = {"type",  "unit",         "values",
                                                           "range", "expect_every", "sample"};
constexpr std::array<std::string_view, 2> kSamples = {"all", "latest"};
constexpr std::array<std::string_view, 4> kDerivedKeys = {"type", "unit", "values", "is"};
constexpr std::array<std::string_view, 4> kInputKeys = {"type", "unit", "values", "many"};

constexpr std::array<std::string_view, 5> kStatistics = {"min", "max", "mean", "stddev", "quantile"};
constexpr std::array<std::string_view, 4> kBaselineKeys = {"of", "statistic", "quantile", "margin"};
constexpr double kMarginMax = 100;

/// A name no file can hold, as the dot separates entity and attribute there.
constexpr const char* kStatusMemory = "status.since";

class TypeReader {
 public:
  TypeReader(TypeDraft& type, ModelDraft& draft)
      : whole_(draft), draft_(type), type_(type.type), symbols_(draft.builder), errors_(draft.errors) {}

  void read(YamlNode node) {
    const Fields fields(node, {"type", type_.name}, kTypeKeys, errors_);
    draft_.complete = fields.complete();
    read_kind(fields);
    if (const auto description = fields.find("description")) {
      if (const auto text = read_text(*description, "'description'", errors_)) type_.description = *text;
    }
    read_section(fields, "parameters", &TypeReader::read_parameter);
    read_section(fields, "observed", &TypeReader::read_observed);
    read_section(fields, "derived", &TypeReader::read_derived);
    read_section(fields, "inputs", &TypeReader::read_input);
    read_constraint(fields);
    if (type_.attributes.size() < kAttributesPerTypeMax) read_machine(fields, draft_, whole_);
    read_resource(draft_, errors_);
    lay_out_operands();
    for (const auto& [slot, rule] : draft_.baselines) read_baseline(slot, rule);
  }

 private:
  using EntryReader = void (TypeReader::*)(YamlNode key, YamlNode value);

  void read_kind(const Fields& fields) {
    const auto node = fields.require("kind", joined(kKinds));
    const auto kind = node ? read_word(*node, "'kind'", kKinds, errors_) : std::nullopt;
    kind_known_ = kind.has_value();
    draft_.complete = draft_.complete && kind_known_;
    if (kind) type_.kind = static_cast<Kind>(*kind);
  }

  void read_section(const Fields& fields, std::string_view section, EntryReader read_entry) {
    const auto node = fields.find(section);
    if (!node) return;
    if (!read_mapping(*node, {section, ""}, errors_)) draft_.complete = false;
    for (std::size_t i = 0; node->is_mapping() && i < node->size(); ++i) {
      if (!take_name(node->key(i), section == "inputs")) continue;
      (this->*read_entry)(node->key(i), node->value(i));
    }
  }

  /// Whether the name may be used for one more attribute or input of this type.
  bool take_name(YamlNode key, bool input) {
    const std::string name(key.text());
    if (!check_name(key, NameForm::attribute, errors_)) {
      draft_.broken.push_back(name);
      return false;
    }
    const std::size_t count = input ? type_.inputs.size() : type_.attributes.size();
    const std::size_t count_max = input ? kInputsPerTypeMax : kAttributesPerTypeMax;
    if (count >= count_max) {
      if (count == count_max) {
        errors_.add(key.where(),
                    "type '" + type_.name + "' has too many " + (input ? "inputs" : "attributes"), "",
                    "at most " + std::to_string(count_max));
      }
      draft_.complete = false;
      return false;
    }
    const AttributeSlot attribute = type_.find_attribute(name);
    const InputSlot earlier_input = type_.find_input(name);
    if (attribute == kNoSlot && earlier_input == kNoSlot) return true;
    const SourceLocation earlier =
        attribute != kNoSlot ? type_.attributes[attribute].where : type_.inputs[earlier_input].where;
    errors_.add(key.where(),
                "'" + name + "' is already the name of another attribute or input of type '" + type_.name +
                    "', on line " + std::to_string(earlier.line),
                name, "a name of its own");
    return false;
  }

  /// Adds an attribute with the kind of value that its fields say.
  AttributeSlot add_attribute(YamlNode key, Role role, const Fields& fields) {
    Attribute attribute;
    attribute.name = key.text();
    attribute.role = role;
    attribute.where = key.where();
    auto spec = read_spec(fields, symbols_, errors_);
    // With a misspelt key, its unit or type may not be what was meant.
    if (!spec || !fields.complete()) draft_.broken.push_back(attribute.name);
    if (spec) attribute.spec = std::move(*spec);
    attribute.initial = Value::unknown(attribute.spec.type, Reason::not_yet_observed);
    type_.attributes.push_back(std::move(attribute));
    return static_cast<AttributeSlot>(type_.attributes.size() - 1);
  }

  void read_parameter(YamlNode key, YamlNode value) {
    const Fields fields(value, {"parameter", key.text()}, kParameterKeys, errors_);
    const AttributeSlot slot = add_attribute(key, Role::parameter, fields);
    Attribute& parameter = type_.attributes[slot];
    if (draft_.is_broken(parameter.name)) return;
    read_range(fields, parameter);
    if (const auto node = fields.find("default")) {
      const auto read = read_value(*node, "the default", parameter.spec, symbols_, errors_);
      if (read) parameter.initial = *read;
      if (read && !in_range(*read, parameter)) {
        errors_.add(node->where(), "the default is outside the range", node->description(),
                    range_text(parameter));
      }
      // One message is enough: entities are not asked for what the default was meant to be.
      if (!read) parameter.initial.quality = Quality::bad;
    }
    if (const auto node = fields.find("baseline")) draft_.baselines.emplace_back(slot, *node);
  }

  void read_observed(YamlNode key, YamlNode value) {
    const Fields fields(value, {"observed attribute", key.text()}, kObservedKeys, errors_);
    Attribute& observed = type_.attributes[add_attribute(key, Role::observed, fields)];
    if (!draft_.is_broken(observed.name)) read_range(fields, observed);
    if (const auto node = fields.find("sample")) {
      observed.sample_latest = read_word(*node, "'sample'", kSamples, errors_) == 1u;
    }
    if (const auto node = fields.find("expect_every")) {
      const auto every = read_duration(*node, "'expect_every'", errors_);
      if (every && *every == 0) {
        errors_.add(node->where(), "'expect_every' must be longer than nothing", node->description(), "5 s");
      } else if (every) {
        observed.expect_every = *every;
      }
    }
  }

  void read_derived(YamlNode key, YamlNode value) {
    const Fields fields(value, {"derived attribute", key.text()}, kDerivedKeys, errors_);
    const AttributeSlot slot = add_attribute(key, Role::derived, fields);
    const auto node = fields.require("is", "EXPRESSION");
    const auto text = node ? read_text(*node, "'is'", errors_) : std::nullopt;
    if (!text) return;
    type_.attributes[slot].expression = *text;
    draft_.expressions.emplace_back(slot, *node);
  }

  void read_input(YamlNode key, YamlNode value) {
    const Fields fields(value, {"input", key.text()}, kInputKeys, errors_);
    Input input;
    input.name = key.text();
    input.where = key.where();
    auto spec = read_spec(fields, symbols_, errors_);
    if (spec) input.spec = std::move(*spec);
    bool sound = spec.has_value();
    if (const auto node = fields.find("many")) {
      const auto many = read_boolean(*node, "'many'", errors_);
      input.many = many.value_or(false);
      sound = sound && many;
    }
    if (!sound || !fields.complete()) draft_.broken.push_back(input.name);
    type_.inputs.push_back(std::move(input));
  }

  void read_range(const Fields& fields, Attribute& attribute) {
    const auto node = fields.find("range");
    if (!node) return;
    if (attribute.spec.type != ValueType::number) {
      errors_.add(node->where(), "only numbers have a range", node->description(), "no 'range'");
      return;
    }
    if (!node->is_sequence() || node->size() != 2) {
      errors_.add(node->where(), "'range' must be the lowest and the highest value", node->description(),
                  "[LOWEST, HIGHEST]");
      return;
    }
    const auto lowest = read_number(node->item(0), "the lowest value", attribute.spec.unit, errors_);
    const auto highest = read_number(node->item(1), "the highest value", attribute.spec.unit, errors_);
    if (!lowest || !highest) return;
    if (*lowest > *highest) {
      errors_.add(node->where(), "the range is empty: its lowest value is above its highest",
                  "[" + node->item(0).description() + ", " + node->item(1).description() + "]",
                  "[LOWEST, HIGHEST]");
      return;
    }
    attribute.range = {*lowest, *highest};
  }

  void read_constraint(const Fields& fields) {
    if (!kind_known_) return;
    if (type_.kind != Kind::constraint) {
      for (const std::string_view key : {"requires", "for", "severity"}) {
        if (const auto node = fields.find(key)) {
          errors_.add(node->where(), "only a constraint has '" + std::string(key) + "'",
                      std::string("kind: ") + name_of(type_.kind), "kind: constraint");
        }
      }
      return;
    }
    ConstraintRule rule;
    if (const auto node = fields.find("for")) {
      rule.hold = read_duration(*node, "'for'", errors_).value_or(0);
    }
    if (const auto node = fields.find("severity")) {
      const auto severity = read_word(*node, "'severity'", kSeverities, errors_);
      if (severity) rule.severity = static_cast<Severity>(*severity);
    }
    rule.status = add_status();
    const auto node = fields.require("requires", "EXPRESSION that is true while all is well");
    const auto text = node ? read_text(*node, "'requires'", errors_) : std::nullopt;
    if (text) {
      rule.requires_text = *text;
      draft_.expressions.emplace_back(rule.status, *node);
    }
    type_.constraint = std::move(rule);
  }

  /// The status of a constraint, and what it must remember to hold `for`.
  AttributeSlot add_status() {
    Attribute status;
    status.name = "status";
    status.spec.type = ValueType::symbol;
    status.spec.symbols = {Model::kSatisfied, Model::kViolated, Model::kUnknown};
    status.initial = Value::unknown(ValueType::symbol, Reason::not_yet_observed);
    status.where = type_.where;
    const AttributeSlot declared = type_.find_attribute("status");
    const InputSlot declared_input = type_.find_input("status");
    if (declared != kNoSlot || declared_input != kNoSlot) {
      errors_.add(declared != kNoSlot ? type_.attributes[declared].where : type_.inputs[declared_input].where,
                  "every constraint has a 'status' of its own, made from 'requires'", "status",
                  "another name");
      draft_.broken.emplace_back("status");
    }
    type_.attributes.push_back(std::move(status));
    Attribute since;
    since.name = kStatusMemory;
    since.role = Role::memory;
    since.initial = Value::unknown(ValueType::number, Reason::not_yet_observed);
    since.where = type_.where;
    type_.attributes.push_back(std::move(since));
    return static_cast<AttributeSlot>(type_.attributes.size() - 2);
  }

  void lay_out_operands() {
    auto operand = static_cast<std::uint16_t>(type_.attributes.size());
    for (Input& input : type_.inputs) {
      if (!input.many) input.operand = operand++;
    }
    type_.operand_count = operand;
  }

  void read_baseline(AttributeSlot slot, YamlNode node) {
    Attribute& parameter = type_.attributes[slot];
    const Fields fields(node, {"baseline", ""}, kBaselineKeys, errors_);
    BaselineRule rule;
    const auto of = fields.require("of", "ATTRIBUTE or INPUT of this type");
    const auto statistic = fields.require("statistic", joined(kStatistics));
    const auto word = statistic ? read_word(*statistic, "'statistic'", kStatistics, errors_) : std::nullopt;
    if (word) rule.statistic = static_cast<Statistic>(*word);
    bool sound = fields.complete() && of && word;
    if (word) sound = read_quantile(fields, rule) && sound;
    if (const auto margin = fields.find("margin")) {
      const auto fraction = read_number(*margin, "'margin'", Unit{}, errors_);
      rule.margin = fraction.value_or(0);
      if (fraction && (*fraction < 0 || *fraction > kMarginMax)) {
        errors_.add(margin->where(), "'margin' is out of range", margin->description(), "0 to 10000 %");
      }
    }
    if (of && word) sound = resolve_baseline(*of, parameter, rule) && sound;
    if (sound) parameter.baseline = std::move(rule);
  }

  bool read_quantile(const Fields& fields, BaselineRule& rule) {
    if (rule.statistic != Statistic::quantile) {
      const auto node = fields.find("quantile");
      if (node) {
        errors_.add(node->where(), "'quantile' is for statistic: quantile only", node->description(),
                    "no 'quantile'");
      }
      return !node;
    }
    const auto node = fields.require("quantile", "a number between 0 and 1, such as 0.999");
    const auto quantile = node ? read_number(*node, "'quantile'", Unit{}, errors_) : std::nullopt;
    if (!quantile) return false;
    rule.quantile = *quantile;
    if (*quantile > 0 && *quantile < 1) return true;
    errors_.add(node->where(), "'quantile' is out of range", node->description(), "between 0 and 1");
    return false;
  }

  /// Finds what the rule is of, and how to convert it to the parameter.
  bool resolve_baseline(YamlNode of, const Attribute& parameter, BaselineRule& rule) {
    const auto operand = baseline_operand(of);
    if (!operand || draft_.is_broken(parameter.name)) return false;
    rule.of = of.text();
    rule.operand = operand->first;
    ValueSpec spec = *operand->second;
    if (spec.type != ValueType::number || parameter.spec.type != ValueType::number) {
      errors_.add(of.where(), "a baseline is made of numbers, for a number",
                  rule.of + " is " + describe(spec, symbols_), "a number");
      return false;
    }
    // How far values spread is a span, even where the values are points on a scale.
    if (rule.statistic == Statistic::stddev) {
      spec.unit.is_point = false;
      spec.unit.offset = 0;
    }
    if (!convertible(spec.unit, parameter.spec.unit)) {
      errors_.add(of.where(), "the baseline's unit does not fit the parameter '" + parameter.name + "'",
                  std::string(name_of(rule.statistic)) + " of " + rule.of + ", " + describe(spec, symbols_),
                  describe(parameter.spec, symbols_));
      return false;
    }
    rule.conversion = conversion(spec.unit, parameter.spec.unit);
    return true;
  }

  std::optional<std::pair<std::uint16_t, const ValueSpec*>> baseline_operand(YamlNode of) {
    const std::string name(of.text());
    if (draft_.is_broken(name)) return std::nullopt;
    const AttributeSlot slot = type_.find_attribute(name);
    if (slot != kNoSlot) {
      const Attribute& attribute = type_.attributes[slot];
      if (attribute.role == Role::observed || attribute.role == Role::derived) {
        return std::pair(slot, &attribute.spec);
      }
    }
    const InputSlot input = type_.find_input(name);
    if (input != kNoSlot && !type_.inputs[input].many) {
      return std::pair(type_.inputs[input].operand, &type_.inputs[input].spec);
    }
    if (!draft_.complete) return std::nullopt;
    std::vector<std::string> candidates;
    for (const Attribute& attribute : type_.attributes) {
      if (attribute.role == Role::observed || attribute.role == Role::derived) {
        candidates.push_back(attribute.name);
      }
    }
    for (const Input& each : type_.inputs) {
      if (!each.many) candidates.push_back(each.name);
    }
    errors_.add(
        of.where(), "a baseline is learned from an attribute or input that varies", of.description(),
        "an observed or derived attribute, or an input that is not many, of type '" + type_.name + "'",
        nearest_name(name, candidates));
    return std::nullopt;
  }

  ModelDraft& whole_;
  TypeDraft& draft_;
  EntityType& type_;
  ModelBuilder& symbols_;
  ErrorList& errors_;
  bool kind_known_ = false;
};

}  // namespace

bool in_range(const Value& value, const Attribute& attribute) {
  if (!attribute.range || value.type != ValueType::number) return true;
  return value.as_number() >= attribute.range->first && value.as_number() <= attribute.range->second;
}

std::string range_text(const Attribute& attribute) {
  const auto number = [](double x) {
    std::string text(32, '\0');
    const int size = std::snprintf(text.data(), text.size(), "%.12g", x);
    text.resize(static_cast<std::size_t>(size));
    return text;
  };
  const std::string& unit = attribute.spec.unit.text;
  return number(attribute.range->first) + " to " + number(attribute.range->second) +
         (unit.empty() ? "" : " " + unit);
}

void read_types(YamlNode types, ModelDraft& draft) {
  if (!read_mapping(types, {"types", ""}, draft.errors)) {
    draft.types_known = false;
    return;
  }
  for (std::size_t i = 0; i < types.size() && !draft.errors.full(); ++i) {
    const YamlNode key = types.key(i);
    if (i == kTypesMax) {
      draft.errors.add(key.where(), "the model has too many types", std::to_string(types.size()),
                       "at most " + std::to_string(kTypesMax));
      draft.types_known = false;
      return;
    }
    check_name(key, NameForm::type, draft.errors);
    TypeDraft type;
    type.type.name = key.text();
    type.type.where = key.where();
    TypeReader(type, draft).read(types.value(i));
    draft.type_names.push_back(type.type.name);
    draft.type_index.insert(static_cast<TypeIndex>(i), draft.type_names);
    draft.types.push_back(std::move(type));
  }
}

}  // namespace pollux::schema
