// From the text of an expression to a checked, typed program. Grammar and rules:
// schema/expression/EXPRESSIONS.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/expression/program.h"
#include "schema/step/aggregate.h"
#include "schema/step/temporal.h"
#include "schema/unit.h"
#include "schema/value.h"

namespace pollux::schema {

/// What kind of value something holds: a number in a unit, a truth value, or one of a set of symbols.
struct ValueSpec {
  ValueType type = ValueType::number;
  Unit unit;                    ///< Numbers only.
  std::vector<Symbol> symbols;  ///< Symbols only: the members, in declaration order.
};

/// Something an expression can name.
struct Operand {
  std::uint16_t index = 0;  ///< Where `Program::evaluate` finds it; for a `many` input, the input's slot.
  ValueSpec spec;
  bool many = false;  ///< Only usable as the argument of an aggregate function.
};

/// What came out of compiling: the program and what it yields.
struct CompiledExpression {
  Program program;
  ValueSpec spec;
};

/// What the names in an expression mean; implemented by the model loader.
class Scope {
 public:
  virtual ~Scope() = default;

  virtual std::optional<Operand> find(std::string_view name) const = 0;
  virtual std::vector<std::string> names() const = 0;

  /// The symbol a bare word stands for (`violated`, `running`), where it is one of the model's.
  virtual std::optional<Symbol> symbol(std::string_view word) const = 0;
  virtual std::string_view text_of(Symbol symbol) const = 0;

  /// The operand index that will hold `function` over the many-input in `input_slot`; the same for the same
  /// pair.
  virtual std::uint16_t aggregate(std::uint16_t input_slot, AggregateFunction function) = 0;

  /// The operand index that will hold what the operator makes of `argument`, a value like `result`.
  virtual std::uint16_t temporal(const Temporal& temporal, CompiledExpression argument,
                                 const ValueSpec& result) = 0;
};

/// Compiles `text`, whose first byte stands at `where` in the model file. With `expected`, the result must
/// fit it and is converted to its unit; without, numbers come out in coherent SI
/// (points in degC). At most 4 KiB of text, 64
/// levels of nesting. On failure: every mistake found, each with its own line and column.
std::variant<CompiledExpression, Diagnostics> compile(std::string_view text, SourceLocation where,
                                                      Scope& scope, const ValueSpec* expected);

}  // namespace pollux::schema
