// Checks the types and dimensions of a syntax tree and generates the program.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "schema/expression/expression.h"
#include "schema/expression/expression_tree.h"
#include "schema/expression/program_builder.h"

namespace pollux::schema {

/// A checked part of an expression: what it is and where in the program its value stands.
struct Typed {
  enum class Kind : std::uint8_t { error, number, boolean, symbol, quality };
  Kind kind = Kind::error;
  Slot slot;
  Unit unit;                    ///< Numbers: the unit the value is in; its text may be missing.
  std::vector<Symbol> symbols;  ///< Symbols: the ones it can be.

  bool is_error() const { return kind == Kind::error; }
  bool is_number() const { return kind == Kind::number; }
};

/// Walks the tree once; every node is checked and, where it is right, turned into operations. A node that is
/// wrong is reported once and poisons what depends on it without another report. Numbers stay in the unit of
/// the operands they came from as long as possible; products carry the product of the scales, so that no
/// arithmetic is spent on units that agree.
///
/// Functions live in a table in expression_functions.cpp, those that look back in time in
/// expression_temporal.cpp: their argument is compiled as a program of its own, and the Scope is asked for
/// the operand that will hold their result, as for aggregates.
class ExpressionCompiler {
 public:
  ExpressionCompiler(const ExpressionTree& tree, Scope& scope, ExpressionErrors& errors)
      : tree_(tree), scope_(scope), errors_(errors) {}

  std::optional<CompiledExpression> compile(const ValueSpec* expected);

 private:
  friend struct ExpressionFunctions;
  friend class TemporalCall;

  /// `wanted`: what the place would like; a hint for units and for bare symbol words.
  Typed visit(NodeIndex index, const ValueSpec* wanted);
  Typed name(const Node& node, const ValueSpec* wanted);
  Typed unknown_name(const Node& node, const ValueSpec* wanted);
  Typed quoted(const Node& node);
  Typed sum(const Node& node, const ValueSpec* wanted);
  Typed add(Typed left, Typed right, const Node& node, std::size_t i, const ValueSpec* wanted);
  Typed add_points(Typed left, Typed right, bool subtracts, std::size_t offset);
  Typed product(const Node& node, const ValueSpec* wanted);
  Typed multiply(Typed left, Typed right, bool divides, std::size_t offset);
  Typed power(const Node& node);
  Typed negate(const Node& node, const ValueSpec* wanted);
  Typed logic(const Node& node);
  Typed comparison(const Node& node);
  Typed compare_numbers(Typed left, Typed right, TokenKind sign, std::size_t offset);
  Typed compare_equal(const Typed& left, const Typed& right, const Node& node);
  bool comparable_symbols(const Typed& left, const Typed& right, const Node& node);
  Typed quality_side(NodeIndex index);
  Typed call(const Node& node, const ValueSpec* wanted);             // expression_functions.cpp
  Typed temporal_call(const Node& node, TemporalFunction function);  // expression_temporal.cpp
  std::optional<CompiledExpression> finish(Typed result, const ValueSpec* expected);

  bool is_quality_call(NodeIndex index) const;
  /// A bare word that is no operand: what it means depends on the other side.
  bool is_word(NodeIndex index) const;

  /// Brings two numbers to one unit. On failure reports at `offset` and returns false.
  bool unify(Typed& left, Typed& right, const ValueSpec* wanted, std::size_t offset, const char* purpose);
  void convert(Typed& number, const Unit& to);
  /// Reports unless `value` is a number and not a point on a scale.
  bool require_span(const Typed& value, std::size_t offset, const char* purpose);
  bool require_boolean(const Typed& value, std::size_t offset, const char* purpose);

  std::optional<ValueSpec> fit(Typed& result, const ValueSpec* expected);
  bool fits(const Typed& result, const ValueSpec& expected);

  Typed fail(std::size_t offset, std::string message, std::string found, std::string expected,
             std::string nearest = "");
  std::string describe(const Typed& value) const;
  std::string describe(const ValueSpec& spec) const;
  std::string list(const std::vector<Symbol>& symbols) const;

  const ExpressionTree& tree_;
  Scope& scope_;
  ExpressionErrors& errors_;
  ProgramBuilder builder_;
};

}  // namespace pollux::schema
