#include "server/http/given_value.h"

#include <charconv>
#include <cmath>
#include <string>

#include "schema/event/reported_value.h"
#include "server/http/json.h"
#include "server/http/problem.h"

namespace pollux::server {
namespace {

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

void write_given_text(JsonWriter& json, schema::ValueType type, std::string_view text) {
  if (type == schema::ValueType::boolean && (text == "true" || text == "false")) {
    json.Bool(text == "true");
    return;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (type != schema::ValueType::number || error != std::errc() || !std::isfinite(number)) {
    write_text(json, text);  // refused where it is read, with what was expected
    return;
  }
  write_number(json, number);
  const std::string_view unit =
      without_leading_blanks(text.substr(static_cast<std::size_t>(end - text.data())));
  if (unit.empty()) return;
  write_key(json, "unit");
  write_text(json, unit);
}

/// The same as the value object of an event.
std::string as_reported(schema::ValueType type, std::string_view text, std::string_view quality) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  if (!text.empty()) {
    write_key(json, "value");
    write_given_text(json, type, text);
  }
  if (!quality.empty()) {
    write_key(json, "quality");
    write_text(json, quality);
  }
  json.EndObject();
  return text_of(buffer);
}

}  // namespace

std::variant<schema::Value, Reply> parse_given_value(const schema::Model& model,
                                                     const schema::Attribute& attribute,
                                                     std::string_view text, std::string_view quality) {
  const std::string json = as_reported(attribute.spec.type, without_leading_blanks(text), quality);
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(json).get(element) != simdjson::SUCCESS) {
    return problem(422, {"the value is not readable text", "value", "", ""});
  }
  schema::Value value;
  schema::ValueProblem wrong;
  if (schema::ReportedValueReader(model).read(element, attribute, value, wrong)) return value;
  return problem(422, {wrong.message, wrong.member == "quality" ? "quality" : "value", "", wrong.nearest});
}

}  // namespace pollux::server
