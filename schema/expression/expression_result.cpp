// Whether what an expression gives is what was declared, and how both are told to a person.
#include <algorithm>
#include <utility>

#include "schema/expression/expression_compiler.h"

namespace pollux::schema {

std::optional<ValueSpec> ExpressionCompiler::fit(Typed& result, const ValueSpec* expected) {
  if (expected) {
    if (!fits(result, *expected)) return std::nullopt;
    if (result.is_number()) convert(result, expected->unit);
    return *expected;
  }
  switch (result.kind) {
    case Typed::Kind::number: {
      const Unit unit = result.unit.is_point ? *parse_unit("degC") : si_unit(result.unit.dimension);
      convert(result, unit);
      return ValueSpec{ValueType::number, unit, {}};
    }
    case Typed::Kind::boolean:
      return ValueSpec{ValueType::boolean, {}, {}};
    case Typed::Kind::symbol:
      return ValueSpec{ValueType::symbol, {}, result.symbols};
    default:
      fail(tree_[tree_.root].offset, "a quality is not a value of its own", "a quality",
           "a comparison, such as quality(x) == good");
      return std::nullopt;
  }
}

bool ExpressionCompiler::fits(const Typed& result, const ValueSpec& expected) {
  bool fitting = false;
  std::string message = "the expression does not give the kind of value that is declared";
  switch (expected.type) {
    case ValueType::number:
      fitting = result.is_number() && convertible(result.unit, expected.unit);
      if (result.is_number()) message = "the expression does not have the declared dimension";
      if (result.is_number() && result.unit.dimension == expected.unit.dimension) {
        message = "a point on a scale and a span of it are different things";
      }
      break;
    case ValueType::boolean:
      fitting = result.kind == Typed::Kind::boolean;
      break;
    case ValueType::symbol:
      fitting = result.kind == Typed::Kind::symbol &&
                std::all_of(result.symbols.begin(), result.symbols.end(), [&](Symbol symbol) {
                  return std::find(expected.symbols.begin(), expected.symbols.end(), symbol) !=
                         expected.symbols.end();
                });
      break;
  }
  if (!fitting) fail(tree_[tree_.root].offset, message, describe(result), describe(expected));
  return fitting;
}

Typed ExpressionCompiler::fail(std::size_t offset, std::string message, std::string found,
                               std::string expected, std::string nearest) {
  errors_.add(offset, std::move(message), std::move(found), std::move(expected), std::move(nearest));
  return {};
}

std::string ExpressionCompiler::describe(const Typed& value) const {
  switch (value.kind) {
    case Typed::Kind::number:
      return describe(ValueSpec{ValueType::number, value.unit, {}});
    case Typed::Kind::boolean:
      return describe(ValueSpec{ValueType::boolean, {}, {}});
    case Typed::Kind::symbol:
      return describe(ValueSpec{ValueType::symbol, {}, value.symbols});
    case Typed::Kind::quality:
      return "a quality";
    case Typed::Kind::error:
      break;
  }
  return "a mistake";
}

std::string ExpressionCompiler::describe(const ValueSpec& spec) const {
  switch (spec.type) {
    case ValueType::number: {
      const Unit& unit = spec.unit;
      if (unit.is_point) return "a point in " + unit.text;
      if (unit.text.empty() && unit.dimension == Dimension{}) return "a plain number";
      const std::string dimension = schema::describe(unit.dimension);
      if (unit.text.empty() || unit.text == dimension) return "a number of dimension " + dimension;
      return "a number in " + unit.text + " (" + dimension + ")";
    }
    case ValueType::boolean:
      return "a truth value";
    case ValueType::symbol:
      return spec.symbols.size() == 1 ? "the symbol " + list(spec.symbols) : "one of " + list(spec.symbols);
  }
  __builtin_unreachable();
}

std::string ExpressionCompiler::list(const std::vector<Symbol>& symbols) const {
  constexpr std::size_t kListedMax = 8;
  std::string result;
  for (std::size_t i = 0; i < symbols.size() && i < kListedMax; ++i) {
    if (i > 0) result += ", ";
    result += scope_.text_of(symbols[i]);
  }
  return symbols.size() > kListedMax ? result + ", ..." : result;
}

}  // namespace pollux::schema
