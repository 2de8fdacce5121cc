#include "schema/model/model_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pollux::schema {
namespace {

/// Parts of the model language that belong to later versions: refused, never ignored.
constexpr std::array<std::string_view, 3> kUnsupported = {"decision_scope", "decisions", "actions"};

/// Words of the expression language that no attribute, input or symbol can be called.
constexpr std::array<std::string_view, 5> kReserved = {"and", "or", "not", "true", "false"};

constexpr std::array<std::string_view, 3> kValueTypes = {"number", "boolean", "symbol"};
constexpr std::size_t kValuesPerSymbolMax = 1024;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool fits(std::string_view name, NameForm form) {
  if (name.empty()) return false;
  const auto all = [&](auto accepts) { return std::all_of(name.begin(), name.end(), accepts); };
  switch (form) {
    case NameForm::type:
      return !is_digit(name[0]) && all([](char c) { return is_letter(c) || is_digit(c); });
    case NameForm::attribute:
      return !is_digit(name[0]) &&
             all([](char c) { return c == '_' || (c >= 'a' && c <= 'z') || is_digit(c); });
    case NameForm::entity:
      return name[0] != '-' && all([](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
  }
  return false;
}

const char* rule(NameForm form) {
  switch (form) {
    case NameForm::type:
      return "letters, digits and '_', not starting with a digit";
    case NameForm::attribute:
      return "lower-case letters, digits and '_', not starting with a digit";
    case NameForm::entity:
      return "letters, digits, '_' and '-', not starting with '-'";
  }
  return "";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string nearest_word(std::string_view word, std::span<const std::string_view> words) {
  return nearest_name(word, std::vector<std::string>(words.begin(), words.end()));
}

std::string describe(const Unit& unit) {
  if (unit.is_plain()) return "a plain number";
  const std::string dimension = describe(unit.dimension);
  return unit.text == dimension ? dimension : unit.text + " (" + dimension + ")";
}

std::string number_form(const Unit& unit) {
  return unit.is_plain() ? "a number" : "a number, in " + unit.text + " or with its unit";
}

void report_unit(YamlNode node, const Error& error, ErrorList& errors) {
  const std::string nearest = nearest_unit(error.where);
  errors.add(node.where(), error.message, node.description(), nearest.empty() ? error.advice : "a unit",
             nearest);
}

std::optional<Unit> read_unit(YamlNode node, ErrorList& errors) {
  const auto text = read_text(node, "'unit'", errors);
  if (!text) return std::nullopt;
  Result<Unit> unit = parse_unit(*text);
  if (unit) return std::move(unit).value();
  report_unit(node, unit.error(), errors);
  return std::nullopt;
}

std::optional<std::vector<Symbol>> read_symbols(YamlNode node, ModelBuilder& symbols, ErrorList& errors) {
  if (!node.is_sequence() || node.size() == 0 || node.size() > kValuesPerSymbolMax) {
    errors.add(node.where(), "'values' must list the symbols there are", node.description(),
               "a list of 1 to " + std::to_string(kValuesPerSymbolMax) + " names");
    return std::nullopt;
  }
  std::vector<Symbol> members;
  for (std::size_t i = 0; i < node.size(); ++i) {
    const YamlNode item = node.item(i);
    if (!check_name(item, NameForm::type, errors)) return std::nullopt;
    const Symbol symbol = symbols.intern(item.text());
    if (std::find(members.begin(), members.end(), symbol) != members.end()) {
      errors.add(item.where(), "'" + std::string(item.text()) + "' is listed twice in 'values'");
      return std::nullopt;
    }
    members.push_back(symbol);
  }
  return members;
}

std::optional<Value> read_symbol(YamlNode node, std::string_view what, const ValueSpec& spec,
                                 const ModelBuilder& symbols, ErrorList& errors) {
  std::vector<std::string_view> words;
  for (const Symbol symbol : spec.symbols) words.push_back(symbols.symbol_text(symbol));
  const auto index = read_word(node, what, words, errors);
  return index ? std::optional(Value::symbol(spec.symbols[*index])) : std::nullopt;
}

}  // namespace

std::string Subject::text() const {
  return name.empty() ? std::string(noun) : std::string(noun) + " '" + std::string(name) + "'";
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string describe(const ValueSpec& spec, const ModelBuilder& symbols) {
  if (spec.type == ValueType::number) return describe(spec.unit);
  if (spec.type == ValueType::boolean) return "a truth value";
  std::vector<std::string_view> words;
  for (const Symbol symbol : spec.symbols) words.push_back(symbols.symbol_text(symbol));
  return "a symbol of " + joined(words);
}

Fields::Fields(YamlNode node, Subject subject, std::span<const std::string_view> known, ErrorList& errors)
    : node_(node), subject_(subject), errors_(errors) {
  complete_ = read_mapping(node, subject, errors).has_value();
  for (std::size_t i = 0; node.is_mapping() && i < node.size(); ++i) {
    const YamlNode key = node.key(i);
    if (std::find(known.begin(), known.end(), key.text()) == known.end()) report_unknown_key(key, known);
  }
}

void Fields::report_unknown_key(YamlNode key, std::span<const std::string_view> known) {
  complete_ = false;
  const std::string text(key.text());
  if (std::find(kUnsupported.begin(), kUnsupported.end(), text) != kUnsupported.end()) {
    errors_.add(key.where(), "'" + text + "' is not supported by this version of Pollux", text,
                "a model without it");
    return;
  }
  // In {...}, a comma ends a value: what follows it in an expression looks like a key.
  const bool looks_like_expression = text.find_first_of("()*/+<>= ") != std::string::npos;
  errors_.add(key.where(), subject_.text() + " has no key '" + key.description() + "'", key.description(),
              looks_like_expression ? "an expression with a comma in quotes" : joined(known),
              nearest_word(text, known));
}

std::optional<YamlNode> Fields::find(std::string_view key) const {
  return node_.find(key);
}

std::optional<YamlNode> Fields::require(std::string_view key, std::string_view meaning) const {
  auto value = find(key);
  if (!value && complete_) {
    errors_.add(node_.where(), subject_.text() + " has no '" + std::string(key) + "'", "",
                std::string(key) + ": " + std::string(meaning));
  }
  return value;
}

std::optional<YamlNode> read_mapping(YamlNode node, Subject subject, ErrorList& errors) {
  if (node.is_mapping() || node.is_null()) return node;
  errors.add(node.where(), subject.text() + " must be a mapping", node.description(), "KEY: VALUE entries");
  return std::nullopt;
}

bool check_name(YamlNode node, NameForm form, ErrorList& errors) {
  const bool reserved = std::find(kReserved.begin(), kReserved.end(), node.text()) != kReserved.end();
  if (reserved && form != NameForm::entity) {
    errors.add(node.where(), "this word has a meaning of its own in expressions", node.description(),
               "another name");
    return false;
  }
  const bool short_enough = node.text().size() <= kNameBytesMax;
  if (short_enough && fits(node.text(), form)) return true;
  if (short_enough) {
    errors.add(node.where(), "this is not a name", node.description(), rule(form));
  } else {
    errors.add(node.where(), "this name is too long", std::to_string(node.text().size()) + " bytes",
               "at most " + std::to_string(kNameBytesMax) + " bytes");
  }
  return false;
}

std::optional<std::string_view> read_text(YamlNode node, std::string_view what, ErrorList& errors) {
  if (node.is_scalar() && node.text().size() <= kModelTextBytesMax) return node.text();
  if (node.is_scalar()) {
    errors.add(node.where(), std::string(what) + " is too long",
               std::to_string(node.text().size()) + " bytes",
               "at most " + std::to_string(kModelTextBytesMax) + " bytes");
  } else {
    errors.add(node.where(), std::string(what) + " must be a text", node.description(), "a text");
  }
  return std::nullopt;
}

std::optional<bool> read_boolean(YamlNode node, std::string_view what, ErrorList& errors) {
  if (!node.is_quoted() && node.text() == "true") return true;
  if (!node.is_quoted() && node.text() == "false") return false;
  errors.add(node.where(), std::string(what) + " must be a truth value", node.description(), "true or false");
  return std::nullopt;
}

std::optional<Duration> read_duration(YamlNode node, std::string_view what, ErrorList& errors) {
  const Result<Duration> duration =
      node.is_scalar() ? parse_duration(node.text()) : Error{ErrorCode::invalid, "it is no text", "", ""};
  if (duration) return duration.value();
  errors.add(node.where(), std::string(what) + " must be a duration: " + duration.error().message,
             node.description(), duration.error().advice.empty() ? "5 min" : duration.error().advice);
  return std::nullopt;
}

std::optional<std::size_t> read_word(YamlNode node, std::string_view what,
                                     std::span<const std::string_view> words, ErrorList& errors) {
  const auto found = std::find(words.begin(), words.end(), node.text());
  if (node.is_scalar() && found != words.end()) return found - words.begin();
  errors.add(node.where(), std::string(what) + " is none of the words it can be", node.description(),
             joined(words), nearest_word(node.text(), words));
  return std::nullopt;
}

std::optional<double> read_number(YamlNode node, std::string_view what, const Unit& unit, ErrorList& errors) {
  const std::string_view text = trimmed(node.text());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range || (error == std::errc() && !std::isfinite(number))) {
    errors.add(node.where(), std::string(what) + " must be a finite number", node.description(),
               number_form(unit));
    return std::nullopt;
  }
  if (error != std::errc()) {
    errors.add(node.where(), std::string(what) + " must be a number", node.description(), number_form(unit));
    return std::nullopt;
  }
  const std::string_view written = trimmed(text.substr(end - text.data()));
  if (written.empty()) return number;
  const Result<Unit> from = parse_unit(written);
  if (!from) {
    report_unit(node, from.error(), errors);
    return std::nullopt;
  }
  if (!convertible(*from, unit)) {
    errors.add(node.where(), std::string(what) + " has a unit that does not fit",
               node.description() + ", " + describe(*from), describe(unit));
    return std::nullopt;
  }
  return conversion(*from, unit)(number);
}

std::optional<Value> read_value(YamlNode node, std::string_view what, const ValueSpec& spec,
                                const ModelBuilder& symbols, ErrorList& errors) {
  if (spec.type == ValueType::symbol) return read_symbol(node, what, spec, symbols, errors);
  if (spec.type == ValueType::boolean) {
    const auto boolean = read_boolean(node, what, errors);
    return boolean ? std::optional(Value::boolean(*boolean)) : std::nullopt;
  }
  const auto number = read_number(node, what, spec.unit, errors);
  return number ? std::optional(Value::number(*number)) : std::nullopt;
}

std::optional<ValueSpec> read_spec(const Fields& fields, ModelBuilder& symbols, ErrorList& errors) {
  ValueSpec spec;
  const auto unit = fields.find("unit");
  const auto values = fields.find("values");
  if (const auto type = fields.find("type")) {
    const auto word = read_word(*type, "'type'", kValueTypes, errors);
    if (!word) return std::nullopt;
    spec.type = static_cast<ValueType>(*word);
  }
  if (unit && spec.type != ValueType::number) {
    errors.add(unit->where(), "only numbers have a unit", unit->description(), "no 'unit', or type: number");
    return std::nullopt;
  }
  if (values && spec.type != ValueType::symbol) {
    errors.add(values->where(), "only symbols list their values", values->description(),
               "no 'values', or type: symbol");
    return std::nullopt;
  }
  if (spec.type == ValueType::symbol) {
    const auto listed = fields.require("values", "[NAME, NAME, ...], as its type is symbol");
    auto members = listed ? read_symbols(*listed, symbols, errors) : std::nullopt;
    if (!members) return std::nullopt;
    spec.symbols = std::move(*members);
  }
  if (unit) {
    auto read = read_unit(*unit, errors);
    if (!read) return std::nullopt;
    spec.unit = std::move(*read);
  }
  return spec;
}

}  // namespace pollux::schema
