#include "schema/event/reported_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "schema/diagnostic.h"

namespace pollux::schema {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kTextShownBytesMax = 64;

std::string text_of(double x) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x).ptr;
  return {buffer.data(), end};
}

std::string shown(std::string_view text) {
  if (text.size() <= kTextShownBytesMax) return "\"" + std::string(text) + "\"";
  return "\"" + std::string(text.substr(0, kTextShownBytesMax)) + "...\"";
}

std::string describe(dom::element json) {
  switch (json.type()) {
    case dom::element_type::STRING:
      return "the string " + shown(json.get_string().value_unsafe());
    case dom::element_type::BOOL:
      return json.get_bool().value_unsafe() ? "true" : "false";
    case dom::element_type::NULL_VALUE:
      return "null";
    case dom::element_type::ARRAY:
      return "an array";
    case dom::element_type::OBJECT:
      return "an object";
    default:
      return "a number";
  }
}

std::string with_unit(const std::string& text, const Unit& unit) {
  return unit.is_plain() ? text : text + " " + unit.text;
}

std::string expected(const Attribute& attribute) {
  switch (attribute.spec.type) {
    case ValueType::number:
      return attribute.spec.unit.is_plain() ? "a number" : "a number in " + attribute.spec.unit.text;
    case ValueType::boolean:
      return "true or false";
    case ValueType::symbol:
      return "a string, one of its values";
  }
  return "";
}

bool refuse(ValueProblem& problem, std::string message, std::string nearest = {}) {
  problem.message = std::move(message);
  problem.nearest = std::move(nearest);
  return false;
}

bool refuse_member(ValueProblem& problem, std::string_view member, std::string message,
                   std::string nearest = {}) {
  problem.member = member;
  return refuse(problem, std::move(message), std::move(nearest));
}

bool wrong_type(ValueProblem& problem, dom::element found, const Attribute& attribute) {
  std::string message = "found " + describe(found) + ", expected " + expected(attribute);
  if (found.is_null()) message += "; a missing value is reported as {\"quality\": \"bad\"}";
  return refuse(problem, std::move(message));
}

}  // namespace

// The members of a value object, each at most once.
struct ReportedValueReader::Parts {
  std::optional<dom::element> value;
  std::optional<std::string_view> unit;
  std::optional<Quality> quality;

  bool take(std::string_view key, dom::element json, ValueProblem& problem) {
    if (key == "value") return take_value(json, problem);
    if (key == "unit") return take_unit(json, problem);
    if (key == "quality") return take_quality(json, problem);
    return refuse_member(problem, key, "a value object has the members value, unit and quality only",
                         nearest_name(key, {"value", "unit", "quality"}));
  }

  bool take_value(dom::element json, ValueProblem& problem) {
    if (value) return refuse_member(problem, "value", "value is given twice");
    value = json;
    return true;
  }

  bool take_unit(dom::element json, ValueProblem& problem) {
    if (unit) return refuse_member(problem, "unit", "unit is given twice");
    std::string_view text;
    if (json.get(text))
      return refuse_member(problem, "unit", "found " + describe(json) + ", expected a string");
    unit = text;
    return true;
  }

  bool take_quality(dom::element json, ValueProblem& problem) {
    if (quality) return refuse_member(problem, "quality", "quality is given twice");
    std::string_view text;
    if (!json.get(text)) {
      for (const Quality reportable : {Quality::good, Quality::uncertain, Quality::bad}) {
        if (text == name_of(reportable)) quality = reportable;
      }
    }
    if (quality) return true;
    return refuse_member(problem, "quality", "found " + describe(json) + ", expected good, uncertain or bad",
                         nearest_name(text, {"good", "uncertain", "bad"}));
  }
};

bool ReportedValueReader::read(dom::element json, const Attribute& attribute, Value& value,
                               ValueProblem& problem) {
  dom::object object;
  if (!json.get(object)) return read_object(object, attribute, value, problem);
  return read_payload(json, attribute.spec.unit.text, attribute, Quality::good, value, problem);
}

bool ReportedValueReader::read_object(dom::object json, const Attribute& attribute, Value& value,
                                      ValueProblem& problem) {
  Parts parts;
  for (const auto member : json) {
    if (!parts.take(member.key, member.value, problem)) return false;
  }
  if (parts.unit && attribute.spec.type != ValueType::number) {
    return refuse_member(problem, "unit", "the attribute is not a number and has no unit");
  }
  const Quality quality = parts.quality.value_or(Quality::good);
  if (quality == Quality::bad) {
    value = Value::bad(attribute.spec.type, Reason::reported_by_source);
    return true;
  }
  if (!parts.value) return refuse(problem, "there is no value; only quality bad may omit it");
  problem.member = "value";
  const std::string_view unit = parts.unit.value_or(attribute.spec.unit.text);
  return read_payload(*parts.value, unit, attribute, quality, value, problem);
}

bool ReportedValueReader::read_payload(dom::element json, std::string_view unit, const Attribute& attribute,
                                       Quality quality, Value& value, ValueProblem& problem) {
  const Reason reason = quality == Quality::good ? Reason::none : Reason::reported_by_source;
  switch (attribute.spec.type) {
    case ValueType::number: {
      double number = 0;
      if (!read_number(json, unit, attribute, number, problem)) return false;
      value = Value::number(number, quality, reason);
      return true;
    }
    case ValueType::boolean: {
      bool truth = false;
      if (json.get(truth)) return wrong_type(problem, json, attribute);
      value = Value::boolean(truth, quality, reason);
      return true;
    }
    case ValueType::symbol: {
      Symbol symbol = 0;
      if (!read_symbol(json, attribute, symbol, problem)) return false;
      value = Value::symbol(symbol, quality, reason);
      return true;
    }
  }
  return false;
}

bool ReportedValueReader::read_number(dom::element json, std::string_view unit, const Attribute& attribute,
                                      double& number, ValueProblem& problem) {
  if (json.get(number)) return wrong_type(problem, json, attribute);
  if (unit != attribute.spec.unit.text && !convert(number, unit, attribute, problem)) return false;
  if (!attribute.range) return true;
  const auto [low, high] = *attribute.range;
  if (number >= low && number <= high) return true;
  return refuse(problem, with_unit(text_of(number), attribute.spec.unit) +
                             " is outside the attribute's range, " +
                             with_unit(text_of(low), attribute.spec.unit) + " to " +
                             with_unit(text_of(high), attribute.spec.unit));
}

bool ReportedValueReader::convert(double& number, std::string_view unit, const Attribute& attribute,
                                  ValueProblem& problem) {
  const Unit& own = attribute.spec.unit;
  const Result<Unit>& given = unit_of(unit);
  if (!given.ok()) {
    const schema::Error& why = given.error();
    return refuse_member(problem, "unit",
                         why.message + (why.where == unit ? "" : " in " + shown(unit)) +
                             (why.advice.empty() ? "" : " (" + why.advice + ")"));
  }
  if (!convertible(*given, own)) {
    const std::string expected_unit = own.is_plain() ? "a plain number" : own.text;
    return refuse_member(problem, "unit",
                         shown(unit) + " (" + schema::describe(given->dimension) +
                             ") cannot be converted to " + expected_unit + " (" +
                             schema::describe(own.dimension) + ")");
  }
  number = conversion(*given, own)(number);
  if (std::isfinite(number)) return true;
  return refuse(problem, "the number is not finite once converted to " + own.text);
}

bool ReportedValueReader::read_symbol(dom::element json, const Attribute& attribute, Symbol& symbol,
                                      ValueProblem& problem) {
  std::string_view text;
  if (json.get(text)) return wrong_type(problem, json, attribute);
  for (const Symbol member : attribute.spec.symbols) {
    if (model_.symbol_text(member) != text) continue;
    symbol = member;
    return true;
  }
  std::vector<std::string> members;
  std::string list;
  for (const Symbol member : attribute.spec.symbols) {
    members.emplace_back(model_.symbol_text(member));
    list += (list.empty() ? "" : ", ") + members.back();
  }
  return refuse(problem, "found " + shown(text) + ", expected one of " + list, nearest_name(text, members));
}

const Result<Unit>& ReportedValueReader::unit_of(std::string_view text) {
  std::string key(text);
  const auto known = units_.find(key);
  if (known != units_.end()) return known->second;
  if (units_.size() >= kUnitsKeptMax) units_.clear();
  auto unit = parse_unit(text);
  return units_.emplace(std::move(key), std::move(unit)).first->second;
}

}  // namespace pollux::schema
