#include "schema/expression/expression_compiler.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace pollux::schema {
namespace {

bool same_scale(const Unit& a, const Unit& b) {
  return a.numerator == b.numerator && a.denominator == b.denominator && a.offset == b.offset;
}

bool is_pure(const Unit& unit) {
  return unit.dimension == Dimension{} && unit.numerator == unit.denominator && !unit.is_point;
}

// The unit of the difference of two points.
Unit span_of(Unit point) {
  point.is_point = false;
  point.offset = 0;
  point.text = point.numerator == point.denominator ? "K" : "delta_degF";
  return point;
}

Typed number_in(Slot slot, Unit unit) {
  return {Typed::Kind::number, slot, std::move(unit), {}};
}

Typed truth(Slot slot) {
  return {Typed::Kind::boolean, slot, {}, {}};
}

std::optional<Quality> quality_named(std::string_view word) {
  for (const Quality quality :
       {Quality::good, Quality::uncertain, Quality::stale, Quality::bad, Quality::unknown}) {
    if (word == name_of(quality)) return quality;
  }
  return std::nullopt;
}

const char* spelling(TokenKind sign) {
  switch (sign) {
    case TokenKind::plus:
      return "+";
    case TokenKind::minus:
      return "-";
    case TokenKind::star:
      return "*";
    case TokenKind::slash:
      return "/";
    case TokenKind::less:
      return "<";
    case TokenKind::less_equal:
      return "<=";
    case TokenKind::greater:
      return ">";
    case TokenKind::greater_equal:
      return ">=";
    case TokenKind::not_equal:
      return "!=";
    default:
      return "==";
  }
}

}  // namespace

std::optional<CompiledExpression> ExpressionCompiler::compile(const ValueSpec* expected) {
  Typed result = visit(tree_.root, expected);
  if (result.is_error()) {
    POLLUX_ASSERT(!errors_.empty(), "a part is poisoned only after its mistake was reported");
    return std::nullopt;
  }
  return finish(std::move(result), expected);
}

std::optional<CompiledExpression> ExpressionCompiler::finish(Typed result, const ValueSpec* expected) {
  std::optional<ValueSpec> spec = fit(result, expected);
  if (!spec) return std::nullopt;
  std::optional<Program> program = builder_.finish(result.slot, spec->type);
  if (!program) {
    errors_.add(0, "the expression is too large for one program", builder_.exceeded(),
                "a smaller one; name a part of it as an attribute of its own");
    return std::nullopt;
  }
  return CompiledExpression{*std::move(program), *std::move(spec)};
}

Typed ExpressionCompiler::visit(NodeIndex index, const ValueSpec* wanted) {
  const Node& node = tree_[index];
  switch (node.kind) {
    case Node::Kind::error:
      return {};
    case Node::Kind::number:
      return number_in(builder_.constant(node.number), node.unit);
    case Node::Kind::boolean:
      return truth(builder_.constant(node.number));
    case Node::Kind::name:
      return name(node, wanted);
    case Node::Kind::quoted:
      return quoted(node);
    case Node::Kind::call:
      return call(node, wanted);
    case Node::Kind::negate:
      return negate(node, wanted);
    case Node::Kind::power:
      return power(node);
    case Node::Kind::product:
      return product(node, wanted);
    case Node::Kind::sum:
      return sum(node, wanted);
    case Node::Kind::comparison:
      return comparison(node);
    case Node::Kind::logical_not:
    case Node::Kind::conjunction:
    case Node::Kind::disjunction:
      return logic(node);
  }
  __builtin_unreachable();
}

Typed ExpressionCompiler::name(const Node& node, const ValueSpec* wanted) {
  const std::optional<Operand> operand = scope_.find(node.text);
  if (!operand) {
    const std::optional<Symbol> symbol = scope_.symbol(node.text);
    if (!symbol) return unknown_name(node, wanted);
    return {Typed::Kind::symbol, builder_.constant(*symbol), {}, {*symbol}};
  }
  if (operand->many) {
    return fail(node.offset, "this input is bound to many attributes and is no single value",
                std::string(node.text), "an aggregate of it: sum, mean, min, max, count, any or all");
  }
  const Slot slot = builder_.load(operand->index, operand->spec.type);
  switch (operand->spec.type) {
    case ValueType::number:
      return number_in(slot, operand->spec.unit);
    case ValueType::boolean:
      return truth(slot);
    case ValueType::symbol:
      return {Typed::Kind::symbol, slot, {}, operand->spec.symbols};
  }
  __builtin_unreachable();
}

Typed ExpressionCompiler::unknown_name(const Node& node, const ValueSpec* wanted) {
  std::vector<std::string> candidates;
  std::string expected = "an attribute or input of this type";
  if (wanted && wanted->type == ValueType::symbol) {
    for (const Symbol symbol : wanted->symbols) candidates.emplace_back(scope_.text_of(symbol));
    expected = "one of " + list(wanted->symbols);
  }
  for (std::string& known : scope_.names()) candidates.push_back(std::move(known));
  return fail(node.offset, "this name is not known here", std::string(node.text), std::move(expected),
              nearest_name(node.text, candidates));
}

Typed ExpressionCompiler::quoted(const Node& node) {
  const std::optional<Symbol> symbol = scope_.symbol(node.text);
  if (symbol) return {Typed::Kind::symbol, builder_.constant(*symbol), {}, {*symbol}};
  return fail(node.offset, "no symbol of the model has this text", "\"" + std::string(node.text) + "\"",
              "a member of an enumeration or a state");
}

Typed ExpressionCompiler::sum(const Node& node, const ValueSpec* wanted) {
  Typed result = visit(node.children[0], wanted);
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    Typed term = visit(node.children[i], wanted);
    result = add(std::move(result), std::move(term), node, i, wanted);
  }
  return result;
}

Typed ExpressionCompiler::add(Typed left, Typed right, const Node& node, std::size_t i,
                              const ValueSpec* wanted) {
  const bool subtracts = node.operators[i - 1] == TokenKind::minus;
  const std::size_t offset = tree_[node.children[i]].offset;
  const char* purpose = subtracts ? "subtracted" : "added";
  for (const Typed* side : {&left, &right}) {
    if (side->is_error() || side->is_number()) continue;
    const std::size_t at = side == &left ? node.offset : offset;
    return fail(at, std::string("only numbers can be ") + purpose, describe(*side), "a number");
  }
  if (left.is_error() || right.is_error()) return {};
  if (left.unit.dimension == right.unit.dimension && (left.unit.is_point || right.unit.is_point)) {
    return add_points(std::move(left), std::move(right), subtracts, offset);
  }
  if (!unify(left, right, wanted, offset, purpose)) return {};
  const Operation operation = subtracts ? Operation::subtract : Operation::add;
  return number_in(builder_.apply(operation, left.slot, right.slot), left.unit);
}

// point - point is a span; point + span, span + point and point - span are points.
Typed ExpressionCompiler::add_points(Typed left, Typed right, bool subtracts, std::size_t offset) {
  const Operation operation = subtracts ? Operation::subtract : Operation::add;
  if (left.unit.is_point && right.unit.is_point) {
    if (!subtracts) {
      return fail(offset, "two points on a scale cannot be added: the sum depends on where its zero is",
                  describe(right), "a span such as K or delta_degC, or the mean of points");
    }
    if (builder_.is_constant(left.slot)) {
      convert(left, right.unit);
    } else {
      convert(right, left.unit);
    }
    return number_in(builder_.apply(operation, left.slot, right.slot), span_of(left.unit));
  }
  if (right.unit.is_point && subtracts) {
    return fail(offset, "a point on a scale cannot be subtracted from a span", describe(right),
                "a span such as K or delta_degC, or the terms the other way round");
  }
  const Unit point = left.unit.is_point ? left.unit : right.unit;
  convert(left.unit.is_point ? right : left, span_of(point));
  return number_in(builder_.apply(operation, left.slot, right.slot), point);
}

Typed ExpressionCompiler::product(const Node& node, const ValueSpec*) {
  Typed result = visit(node.children[0], nullptr);
  bool sound = result.is_error() || require_span(result, node.offset, "multiplied or divided");
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    Typed factor = visit(node.children[i], nullptr);
    const std::size_t offset = tree_[node.children[i]].offset;
    const bool divides = node.operators[i - 1] == TokenKind::slash;
    const bool factor_sound = factor.is_error() || require_span(factor, offset, "multiplied or divided");
    if (result.is_error() || factor.is_error() || !sound || !factor_sound) {
      sound = false;
      continue;
    }
    result = multiply(std::move(result), std::move(factor), divides, offset);
  }
  return sound ? result : Typed{};
}

Typed ExpressionCompiler::multiply(Typed left, Typed right, bool divides, std::size_t offset) {
  const auto combined = [&] {
    return divides ? quotient(left.unit, right.unit) : schema::product(left.unit, right.unit);
  };
  std::optional<Unit> unit = combined();
  if (!unit) {
    // The scale may be out of range where the dimension is not.
    convert(left, si_unit(left.unit.dimension));
    convert(right, si_unit(right.unit.dimension));
    unit = combined();
  }
  if (!unit) {
    return fail(offset, "the dimension of this product is out of range",
                describe(left) + " and " + describe(right), "exponents of base units between -30 and 30");
  }
  if (is_pure(right.unit)) unit->text = left.unit.text;
  if (is_pure(left.unit) && !divides) unit->text = right.unit.text;
  const Operation operation = divides ? Operation::divide : Operation::multiply;
  return number_in(builder_.apply(operation, left.slot, right.slot), *std::move(unit));
}

Typed ExpressionCompiler::power(const Node& node) {
  Typed base = visit(node.children[0], nullptr);
  if (base.is_error() || !require_span(base, node.offset, "raised to a power")) return {};
  const int exponent = static_cast<int>(node.number);
  const auto raised = [&]() -> std::optional<Unit> {
    std::optional<Unit> unit = Unit{};
    for (int i = 0; unit && i < std::abs(exponent); ++i) {
      unit = exponent > 0 ? schema::product(*unit, base.unit) : quotient(*unit, base.unit);
    }
    return unit;
  };
  std::optional<Unit> unit = raised();
  if (!unit) {
    convert(base, si_unit(base.unit.dimension));
    unit = raised();
  }
  if (!unit) {
    return fail(node.offset, "the dimension of this power is out of range", describe(base),
                "exponents of base units between -30 and 30");
  }
  return number_in(builder_.power(base.slot, exponent), *std::move(unit));
}

Typed ExpressionCompiler::negate(const Node& node, const ValueSpec* wanted) {
  Typed operand = visit(node.children[0], wanted);
  if (operand.is_error() || !require_span(operand, node.offset, "negated")) return {};
  return number_in(builder_.apply(Operation::negate, operand.slot), operand.unit);
}

Typed ExpressionCompiler::logic(const Node& node) {
  const bool is_not = node.kind == Node::Kind::logical_not;
  const Operation operation =
      node.kind == Node::Kind::conjunction ? Operation::logical_and : Operation::logical_or;
  const char* purpose = is_not ? "'not'" : operation == Operation::logical_and ? "'and'" : "'or'";
  std::optional<Slot> result;
  bool sound = true;
  for (const NodeIndex child : node.children) {
    const Typed operand = visit(child, nullptr);
    if (operand.is_error() || !require_boolean(operand, tree_[child].offset, purpose)) {
      sound = false;
    } else if (sound) {
      result = result ? builder_.apply(operation, *result, operand.slot) : operand.slot;
    }
  }
  if (!sound) return {};
  return truth(is_not ? builder_.apply(Operation::logical_not, *result) : *result);
}

Typed ExpressionCompiler::comparison(const Node& node) {
  const NodeIndex left_index = node.children[0];
  const NodeIndex right_index = node.children[1];
  Typed left;
  Typed right;
  if (is_quality_call(left_index) || is_quality_call(right_index)) {
    left = quality_side(left_index);
    right = quality_side(right_index);
  } else if (is_word(left_index)) {
    right = visit(right_index, nullptr);
    const ValueSpec wanted{ValueType::symbol, {}, right.symbols};
    left = visit(left_index, right.kind == Typed::Kind::symbol ? &wanted : nullptr);
  } else {
    left = visit(left_index, nullptr);
    const ValueSpec wanted{ValueType::symbol, {}, left.symbols};
    right = visit(right_index, left.kind == Typed::Kind::symbol ? &wanted : nullptr);
  }
  if (left.is_error() || right.is_error()) return {};
  const std::size_t offset = tree_[right_index].offset;
  if (left.kind != right.kind) {
    return fail(offset, "different kinds of value cannot be compared", describe(right), describe(left));
  }
  if (left.is_number()) return compare_numbers(std::move(left), std::move(right), node.operators[0], offset);
  return compare_equal(left, right, node);
}

Typed ExpressionCompiler::compare_numbers(Typed left, Typed right, TokenKind sign, std::size_t offset) {
  if (!unify(left, right, nullptr, offset, "compared")) return {};
  if (sign == TokenKind::greater || sign == TokenKind::greater_equal) std::swap(left, right);
  Operation operation = Operation::equal;
  if (sign == TokenKind::not_equal) operation = Operation::not_equal;
  if (sign == TokenKind::less || sign == TokenKind::greater) operation = Operation::less;
  if (sign == TokenKind::less_equal || sign == TokenKind::greater_equal) operation = Operation::less_equal;
  return truth(builder_.apply(operation, left.slot, right.slot));
}

Typed ExpressionCompiler::compare_equal(const Typed& left, const Typed& right, const Node& node) {
  const TokenKind sign = node.operators[0];
  if (sign != TokenKind::equal && sign != TokenKind::not_equal) {
    return fail(node.offset, "only numbers have an order", spelling(sign), "== or !=");
  }
  if (left.kind == Typed::Kind::symbol && !comparable_symbols(left, right, node)) return {};
  const Operation operation = sign == TokenKind::equal ? Operation::equal : Operation::not_equal;
  return truth(builder_.apply(operation, left.slot, right.slot));
}

bool ExpressionCompiler::comparable_symbols(const Typed& left, const Typed& right, const Node& node) {
  for (const Symbol symbol : right.symbols) {
    if (std::find(left.symbols.begin(), left.symbols.end(), symbol) != left.symbols.end()) return true;
  }
  const bool left_is_word = builder_.is_constant(left.slot);
  const Typed& word = left_is_word ? left : right;
  const Typed& other = left_is_word ? right : left;
  std::vector<std::string> members;
  for (const Symbol symbol : other.symbols) members.emplace_back(scope_.text_of(symbol));
  const std::string nearest =
      word.symbols.size() == 1 ? nearest_name(scope_.text_of(word.symbols[0]), members) : std::string();
  fail(tree_[node.children[left_is_word ? 0 : 1]].offset, "these can never be equal", list(word.symbols),
       "one of " + list(other.symbols), nearest);
  return false;
}

Typed ExpressionCompiler::quality_side(NodeIndex index) {
  if (is_quality_call(index)) return visit(index, nullptr);
  const Node& node = tree_[index];
  if (node.kind == Node::Kind::error) return {};
  const bool is_text = node.kind == Node::Kind::name || node.kind == Node::Kind::quoted;
  if (is_text) {
    if (const auto quality = quality_named(node.text)) {
      return {Typed::Kind::quality, builder_.constant(static_cast<double>(*quality)), {}, {}};
    }
  }
  return fail(node.offset, "a quality is compared with one of its names",
              is_text ? std::string(node.text) : "an expression", "good, uncertain, stale, bad or unknown",
              nearest_name(node.text, {"good", "uncertain", "stale", "bad", "unknown"}));
}

bool ExpressionCompiler::is_quality_call(NodeIndex index) const {
  return tree_[index].kind == Node::Kind::call && tree_[index].text == "quality";
}

bool ExpressionCompiler::is_word(NodeIndex index) const {
  return tree_[index].kind == Node::Kind::name && !scope_.find(tree_[index].text);
}

bool ExpressionCompiler::unify(Typed& left, Typed& right, const ValueSpec* wanted, std::size_t offset,
                               const char* purpose) {
  if (!convertible(left.unit, right.unit)) {
    const bool same_dimension = left.unit.dimension == right.unit.dimension;
    fail(offset,
         same_dimension ? "a point on a scale and a span of it are different things"
                        : std::string("these have different dimensions and cannot be ") + purpose,
         describe(right), describe(left));
    return false;
  }
  if (same_scale(left.unit, right.unit)) return true;
  const bool left_is_constant = builder_.is_constant(left.slot);
  const bool right_is_constant = builder_.is_constant(right.slot);
  const bool right_is_wanted = wanted && same_scale(right.unit, wanted->unit);
  const bool to_right = left_is_constant != right_is_constant ? left_is_constant : right_is_wanted;
  if (to_right) {
    convert(left, right.unit);
  } else {
    convert(right, left.unit);
  }
  return true;
}

void ExpressionCompiler::convert(Typed& number, const Unit& to) {
  number.slot = builder_.convert(number.slot, conversion(number.unit, to));
  number.unit = to;
}

bool ExpressionCompiler::require_span(const Typed& value, std::size_t offset, const char* purpose) {
  if (!value.is_number()) {
    fail(offset, std::string("only numbers can be ") + purpose, describe(value), "a number");
    return false;
  }
  if (!value.unit.is_point) return true;
  fail(offset,
       std::string("a point on a scale cannot be ") + purpose + ": the result depends on where its zero is",
       describe(value), "a span, such as the difference of two points");
  return false;
}

bool ExpressionCompiler::require_boolean(const Typed& value, std::size_t offset, const char* purpose) {
  if (value.kind == Typed::Kind::boolean) return true;
  fail(offset, std::string(purpose) + " takes truth values", describe(value),
       "a comparison or a truth value");
  return false;
}

}  // namespace pollux::schema
