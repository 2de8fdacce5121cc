// The syntax tree of an expression and the list of mistakes found while reading it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/unit.h"

namespace pollux::schema {

enum class TokenKind : std::uint8_t {
  number,
  name,
  quoted,
  plus,
  minus,
  star,
  slash,
  caret,
  left_paren,
  right_paren,
  comma,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  word_and,
  word_or,
  word_not,
  word_true,
  word_false,
  invalid,  ///< A mistake the lexer has reported.
  end,
};

using NodeIndex = std::uint32_t;

/// One part of an expression. Chains (`a + b - c`) are one node with many children, so that the depth of a
/// tree is that of its brackets.
struct Node {
  enum class Kind : std::uint8_t {
    error,  ///< A mistake that was reported; nothing more is said about it.
    number,
    boolean,
    name,
    quoted,
    call,
    negate,
    logical_not,
    power,
    product,
    sum,
    comparison,
    conjunction,
    disjunction,
  };
  Kind kind = Kind::error;
  std::size_t offset = 0;            ///< Where it starts in the text, in bytes.
  double number = 0;                 ///< number: its figure; power: the exponent; boolean: 0 or 1.
  Unit unit;                         ///< number
  std::string_view text;             ///< name, call: the name; quoted: what is between the quotes.
  std::vector<NodeIndex> children;   ///< Operands or arguments, from left to right.
  std::vector<TokenKind> operators;  ///< product, sum, comparison: the operator before each later child.
};

/// The nodes of one expression; the text they came from must outlive them.
struct ExpressionTree {
  std::vector<Node> nodes;
  NodeIndex root = 0;

  const Node& operator[](NodeIndex index) const { return nodes[index]; }
};

/// Collects mistakes and turns byte offsets into lines and columns.
class ExpressionErrors {
 public:
  static constexpr std::size_t kErrorsMax = 32;

  ExpressionErrors(std::string_view text, SourceLocation where) : text_(text), where_(where) {}

  void add(std::size_t offset, std::string message, std::string found, std::string expected,
           std::string nearest = "");

  bool empty() const { return diagnostics_.empty(); }
  Diagnostics take();

 private:
  std::string_view text_;
  SourceLocation where_;
  Diagnostics diagnostics_;
};

}  // namespace pollux::schema
