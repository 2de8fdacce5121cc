// One reported value in JSON, checked against the attribute it is for and converted to its unit.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/model/model.h"
#include "schema/result.h"
#include "schema/unit.h"
#include "schema/value.h"

namespace pollux::schema {

/// Why a value was refused.
struct ValueProblem {
  std::string member;  ///< Within a value object: `value`, `unit`, `quality` or one it should not have.
  std::string message;
  std::string nearest;
};

/// Reads values: `20`, `true`, `"open"`, or `{"value": 20, "unit": "m3/h", "quality": "uncertain"}`. The
/// payload of a value reported as bad is not looked at and not kept. Keeps the units it has parsed; one
/// thread at a time.
class ReportedValueReader {
 public:
  explicit ReportedValueReader(const Model& model) : model_(model) {}

  /// Returns whether `value` was set; otherwise `problem` was.
  bool read(simdjson::dom::element json, const Attribute& attribute, Value& value, ValueProblem& problem);

  static constexpr std::size_t kUnitsKeptMax = 256;

 private:
  struct Parts;

  bool read_object(simdjson::dom::object json, const Attribute& attribute, Value& value,
                   ValueProblem& problem);
  bool read_number(simdjson::dom::element json, std::string_view unit, const Attribute& attribute,
                   double& number, ValueProblem& problem);
  bool read_payload(simdjson::dom::element json, std::string_view unit, const Attribute& attribute,
                    Quality quality, Value& value, ValueProblem& problem);
  bool read_symbol(simdjson::dom::element json, const Attribute& attribute, Symbol& symbol,
                   ValueProblem& problem);
  bool convert(double& number, std::string_view unit, const Attribute& attribute, ValueProblem& problem);
  const Result<Unit>& unit_of(std::string_view text);

  const Model& model_;
  std::unordered_map<std::string, Result<Unit>> units_;
};

}  // namespace pollux::schema
