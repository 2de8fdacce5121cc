// The functions an expression can call: one table, one way of checking for each family.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "schema/expression/expression_compiler.h"

namespace pollux::schema {

/// Compiles calls on behalf of ExpressionCompiler.
struct ExpressionFunctions {
  using Arguments = const std::vector<NodeIndex>&;
  using Compile = Typed (ExpressionFunctions::*)(const Node&, Operation, const ValueSpec*);

  struct Row {
    std::string_view name;
    std::size_t arguments_min;
    std::size_t arguments_max;
    Operation operation;
    Compile compile;
  };
  static const Row* find(std::string_view name);
  static std::vector<std::string> names();

  Typed plain(const Node& node, Operation operation, const ValueSpec*);
  Typed absolute(const Node& node, Operation operation, const ValueSpec* wanted);
  Typed sign(const Node& node, Operation operation, const ValueSpec*);
  Typed square_root(const Node& node, Operation operation, const ValueSpec*);
  Typed arc_tangent(const Node& node, Operation operation, const ValueSpec*);
  Typed extreme(const Node& node, Operation operation, const ValueSpec* wanted);
  Typed clamp(const Node& node, Operation, const ValueSpec* wanted);
  Typed choose(const Node& node, Operation, const ValueSpec* wanted);
  Typed fall_back(const Node& node, Operation operation, const ValueSpec* wanted);
  Typed inspect(const Node& node, Operation operation, const ValueSpec*);
  Typed aggregate(const Node& node, AggregateFunction function);

  std::vector<Typed> visit_all(const Node& node, const ValueSpec* wanted);
  std::vector<Typed> in_one_unit(const Node& node, const ValueSpec* wanted);
  bool unify_branches(Typed& left, Typed& right, const ValueSpec* wanted, std::size_t offset);
  std::size_t offset(const Node& node, std::size_t argument) const {
    return compiler.tree_[node.children[argument]].offset;
  }
  bool is_many(NodeIndex index) const;

  ExpressionCompiler& compiler;
};

const ExpressionFunctions::Row* ExpressionFunctions::find(std::string_view name) {
  using F = ExpressionFunctions;
  static constexpr std::array<Row, 21> kRows = {{
      {"abs", 1, 1, Operation::absolute, &F::absolute},
      {"min", 2, 8, Operation::minimum, &F::extreme},
      {"max", 2, 8, Operation::maximum, &F::extreme},
      {"clamp", 3, 3, Operation::maximum, &F::clamp},
      {"sqrt", 1, 1, Operation::square_root, &F::square_root},
      {"exp", 1, 1, Operation::exponential, &F::plain},
      {"ln", 1, 1, Operation::natural_log, &F::plain},
      {"log10", 1, 1, Operation::decimal_log, &F::plain},
      {"pow", 2, 2, Operation::power, &F::plain},
      {"floor", 1, 1, Operation::floor, &F::plain},
      {"ceil", 1, 1, Operation::ceiling, &F::plain},
      {"round", 1, 1, Operation::round, &F::plain},
      {"sign", 1, 1, Operation::sign, &F::sign},
      {"sin", 1, 1, Operation::sine, &F::plain},
      {"cos", 1, 1, Operation::cosine, &F::plain},
      {"tan", 1, 1, Operation::tangent, &F::plain},
      {"atan2", 2, 2, Operation::arc_tangent, &F::arc_tangent},
      {"if", 3, 3, Operation::choose, &F::choose},
      {"default", 2, 2, Operation::fall_back, &F::fall_back},
      {"known", 1, 1, Operation::is_known, &F::inspect},
      {"quality", 1, 1, Operation::quality_of, &F::inspect},
  }};
  for (const Row& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> ExpressionFunctions::names() {
  return {"abs",        "min",   "max",   "clamp",      "sqrt",       "exp",         "ln",
          "log10",      "pow",   "floor", "ceil",       "round",      "sign",        "sin",
          "cos",        "tan",   "atan2", "if",         "default",    "known",       "quality",
          "sum",        "mean",  "count", "any",        "all",        "previous",    "held_for",
          "hysteresis", "delay", "rate",  "moving_min", "moving_max", "moving_mean", "moving_stddev",
          "integral",   "lag",   "paced"};
}

bool ExpressionFunctions::is_many(NodeIndex index) const {
  const Node& node = compiler.tree_[index];
  if (node.kind != Node::Kind::name) return false;
  const std::optional<Operand> operand = compiler.scope_.find(node.text);
  return operand && operand->many;
}

std::vector<Typed> ExpressionFunctions::visit_all(const Node& node, const ValueSpec* wanted) {
  std::vector<Typed> result;
  for (const NodeIndex child : node.children) result.push_back(compiler.visit(child, wanted));
  return result;
}

// Functions of plain numbers. Other dimensions have no meaning there: the result would depend on the unit.
Typed ExpressionFunctions::plain(const Node& node, Operation operation, const ValueSpec*) {
  std::vector<Typed> arguments = visit_all(node, nullptr);
  bool sound = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Typed& argument = arguments[i];
    if (!argument.is_error() && !(argument.is_number() && convertible(argument.unit, Unit{}))) {
      compiler.fail(offset(node, i), std::string(node.text) + " takes a plain number",
                    compiler.describe(argument), "a plain number; divide by a unit first, as in x / 1 L/s");
      argument = {};
    }
    sound = sound && !argument.is_error();
  }
  if (!sound) return {};
  for (Typed& argument : arguments) compiler.convert(argument, Unit{});
  const Slot slot = compiler.builder_.apply(operation, arguments.front().slot, arguments.back().slot);
  return {Typed::Kind::number, slot, {}, {}};
}

Typed ExpressionFunctions::absolute(const Node& node, Operation operation, const ValueSpec* wanted) {
  Typed argument = compiler.visit(node.children[0], wanted);
  if (argument.is_error() || !compiler.require_span(argument, offset(node, 0), "made positive")) return {};
  argument.slot = compiler.builder_.apply(operation, argument.slot);
  return argument;
}

Typed ExpressionFunctions::sign(const Node& node, Operation operation, const ValueSpec*) {
  const Typed argument = absolute(node, operation, nullptr);
  if (argument.is_error()) return {};
  return {Typed::Kind::number, argument.slot, {}, {}};
}

Typed ExpressionFunctions::square_root(const Node& node, Operation operation, const ValueSpec*) {
  Typed argument = compiler.visit(node.children[0], nullptr);
  if (argument.is_error() || !compiler.require_span(argument, offset(node, 0), "put under a root")) return {};
  Dimension half = argument.unit.dimension;
  for (std::int8_t& exponent : half.exponents) {
    if (exponent % 2 != 0) {
      return compiler.fail(offset(node, 0), "the root of this has no dimension", compiler.describe(argument),
                           "a number whose base units all have even exponents");
    }
    exponent = static_cast<std::int8_t>(exponent / 2);
  }
  compiler.convert(argument, si_unit(argument.unit.dimension));
  return {Typed::Kind::number, compiler.builder_.apply(operation, argument.slot), si_unit(half), {}};
}

// The arguments, brought to one unit; empty where one is wrong or they do not fit together.
std::vector<Typed> ExpressionFunctions::in_one_unit(const Node& node, const ValueSpec* wanted) {
  std::vector<Typed> arguments = visit_all(node, wanted);
  bool sound = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_error() && !arguments[i].is_number()) {
      compiler.fail(offset(node, i), std::string(node.text) + " takes numbers",
                    compiler.describe(arguments[i]), "a number");
      arguments[i] = {};
    }
    sound = sound && !arguments[i].is_error();
  }
  if (!sound) return {};
  // Constants are converted to the unit of an operand, never the other way round.
  const auto lead = std::find_if(arguments.begin(), arguments.end(), [this](const Typed& argument) {
    return !compiler.builder_.is_constant(argument.slot);
  });
  Typed leader = lead == arguments.end() ? arguments.front() : *lead;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Typed unchanged = leader;
    if (!convertible(arguments[i].unit, leader.unit)) {
      compiler.unify(unchanged, arguments[i], nullptr, offset(node, i), "used together");
      return {};
    }
    compiler.convert(arguments[i], leader.unit);
  }
  return arguments;
}

Typed ExpressionFunctions::arc_tangent(const Node& node, Operation operation, const ValueSpec*) {
  const std::vector<Typed> arguments = in_one_unit(node, nullptr);
  if (arguments.empty()) return {};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!compiler.require_span(arguments[i], offset(node, i), "a side of a triangle")) return {};
  }
  return {
      Typed::Kind::number, compiler.builder_.apply(operation, arguments[0].slot, arguments[1].slot), {}, {}};
}

Typed ExpressionFunctions::extreme(const Node& node, Operation operation, const ValueSpec* wanted) {
  std::vector<Typed> arguments = in_one_unit(node, wanted);
  if (arguments.empty()) return {};
  Typed result = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    result.slot = compiler.builder_.apply(operation, result.slot, arguments[i].slot);
  }
  return result;
}

Typed ExpressionFunctions::clamp(const Node& node, Operation, const ValueSpec* wanted) {
  std::vector<Typed> arguments = in_one_unit(node, wanted);
  if (arguments.empty()) return {};
  Typed result = arguments[0];
  result.slot = compiler.builder_.apply(Operation::maximum, result.slot, arguments[1].slot);
  result.slot = compiler.builder_.apply(Operation::minimum, result.slot, arguments[2].slot);
  return result;
}

bool ExpressionFunctions::unify_branches(Typed& left, Typed& right, const ValueSpec* wanted,
                                         std::size_t right_offset) {
  if (left.is_error() || right.is_error()) return false;
  if (left.kind != right.kind) {
    compiler.fail(right_offset, "both results must be of one kind", compiler.describe(right),
                  compiler.describe(left));
    return false;
  }
  if (left.is_number()) return compiler.unify(left, right, wanted, right_offset, "used for one another");
  for (const Symbol symbol : right.symbols) {
    if (std::find(left.symbols.begin(), left.symbols.end(), symbol) == left.symbols.end()) {
      left.symbols.push_back(symbol);
    }
  }
  return true;
}

Typed ExpressionFunctions::choose(const Node& node, Operation, const ValueSpec* wanted) {
  const Typed condition = compiler.visit(node.children[0], nullptr);
  const bool sound =
      !condition.is_error() && compiler.require_boolean(condition, offset(node, 0), "the condition of 'if'");
  Typed yes = compiler.visit(node.children[1], wanted);
  Typed no = compiler.visit(node.children[2], wanted);
  if (!unify_branches(yes, no, wanted, offset(node, 2)) || !sound) return {};
  yes.slot = compiler.builder_.choose(condition.slot, yes.slot, no.slot);
  return yes;
}

Typed ExpressionFunctions::fall_back(const Node& node, Operation operation, const ValueSpec* wanted) {
  Typed value = compiler.visit(node.children[0], wanted);
  Typed fallback = compiler.visit(node.children[1], wanted);
  if (!unify_branches(value, fallback, wanted, offset(node, 1))) return {};
  value.slot = compiler.builder_.apply(operation, value.slot, fallback.slot);
  return value;
}

Typed ExpressionFunctions::inspect(const Node& node, Operation operation, const ValueSpec*) {
  const Typed argument = compiler.visit(node.children[0], nullptr);
  if (argument.is_error()) return {};
  const bool is_quality = operation == Operation::quality_of;
  return {is_quality ? Typed::Kind::quality : Typed::Kind::boolean,
          compiler.builder_.apply(operation, argument.slot),
          {},
          {}};
}

Typed ExpressionFunctions::aggregate(const Node& node, AggregateFunction function) {
  if (node.children.size() != 1 || !is_many(node.children[0])) {
    const bool is_name =
        node.children.size() == 1 && compiler.tree_[node.children[0]].kind == Node::Kind::name;
    if (is_name && compiler.visit(node.children[0], nullptr).is_error()) return {};
    return compiler.fail(node.offset, std::string(node.text) + " takes the name of one input with many: true",
                         node.children.empty() ? "nothing" : "something else", "as in sum(water)");
  }
  const Operand operand = *compiler.scope_.find(compiler.tree_[node.children[0]].text);
  const bool counts = function == AggregateFunction::count;
  const bool is_logical = function == AggregateFunction::any || function == AggregateFunction::all;
  const ValueType needed = is_logical ? ValueType::boolean : ValueType::number;
  if (!counts && operand.spec.type != needed) {
    return compiler.fail(offset(node, 0), std::string(node.text) + " does not fit this input",
                         compiler.describe(operand.spec), is_logical ? "truth values" : "numbers");
  }
  if (function == AggregateFunction::sum && operand.spec.unit.is_point) {
    return compiler.fail(offset(node, 0),
                         "points on a scale cannot be added: the sum depends on where its zero is",
                         compiler.describe(operand.spec), "mean, min or max of them");
  }
  const Slot slot = compiler.builder_.load(compiler.scope_.aggregate(operand.index, function), needed);
  if (is_logical) return {Typed::Kind::boolean, slot, {}, {}};
  return {Typed::Kind::number, slot, counts ? Unit{} : operand.spec.unit, {}};
}

Typed ExpressionCompiler::call(const Node& node, const ValueSpec* wanted) {
  ExpressionFunctions functions{*this};
  const ExpressionFunctions::Row* row = ExpressionFunctions::find(node.text);
  const std::optional<AggregateFunction> aggregate = aggregate_function(node.text);
  const bool has_one_many = node.children.size() == 1 && functions.is_many(node.children[0]);
  if (aggregate && (!row || has_one_many)) return functions.aggregate(node, *aggregate);
  if (const auto temporal = temporal_function(node.text)) return temporal_call(node, *temporal);
  if (!row) {
    for (const NodeIndex child : node.children) {
      if (!functions.is_many(child)) visit(child, nullptr);
    }
    return fail(node.offset, "there is no such function", std::string(node.text),
                "one of those in schema/expression/EXPRESSIONS.md",
                nearest_name(node.text, ExpressionFunctions::names()));
  }
  if (node.children.size() >= row->arguments_min && node.children.size() <= row->arguments_max) {
    return (functions.*row->compile)(node, row->operation, wanted);
  }
  functions.visit_all(node, nullptr);
  const bool fixed = row->arguments_min == row->arguments_max;
  const std::string range = fixed ? std::to_string(row->arguments_min)
                                  : std::to_string(row->arguments_min) + " to " +
                                        std::to_string(row->arguments_max) + ", or one input with many: true";
  return fail(node.offset, std::string(node.text) + " has the wrong number of arguments",
              std::to_string(node.children.size()), range);
}

}  // namespace pollux::schema
