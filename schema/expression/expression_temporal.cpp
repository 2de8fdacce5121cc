// Calls that look back in event time: `rate(flow, 10 s)`. Their arguments, and what they give.
#include <array>
#include <cmath>

#include "schema/expression/expression_compiler.h"

namespace pollux::schema {

/// One such call.
class TemporalCall {
 public:
  TemporalCall(ExpressionCompiler& compiler, const Node& node, TemporalFunction function)
      : compiler_(compiler), node_(node), temporal_{function, 0, 0} {}

  Typed compile() {
    if (!check_arguments() || !read_spans()) return {};
    std::optional<CompiledExpression> argument = compile_argument();
    if (!argument) return {};
    std::optional<Typed> result = result_of(argument->spec);
    if (!result) return {};
    ValueSpec spec{argument->spec.type, result->unit, result->symbols};
    if (result->kind == Typed::Kind::boolean) spec = {ValueType::boolean, {}, {}};
    const std::uint16_t operand = compiler_.scope_.temporal(temporal_, *std::move(argument), spec);
    result->slot = compiler_.builder_.load(operand, spec.type);
    return *std::move(result);
  }

 private:
  using F = TemporalFunction;

  static constexpr Duration kSpanMax = 36'500 * kDay;
  /// Values told in one span, at most.
  static constexpr Duration kTicksMax = 100'000;
  /// Of how many parts a span is made where the expression does not say.
  static constexpr Duration kTicksDefault = 60;

  /// How it is called, for messages.
  const char* form() const {
    switch (temporal_.function) {
      case F::previous:
        return "previous(x)";
      case F::held_for:
        return "held_for(condition, 5 min)";
      case F::hysteresis:
        return "hysteresis(x, LOW, HIGH)";
      case F::delay:
        return "delay(x, 5 min)";
      case F::rate:
        return "rate(x, 10 s)";
      case F::moving_min:
        return "moving_min(x, 1 h)";
      case F::moving_max:
        return "moving_max(x, 1 h)";
      case F::moving_mean:
        return "moving_mean(x, 1 h), or with how often it is told: moving_mean(x, 1 h, 10 s)";
      case F::moving_stddev:
        return "moving_stddev(x, 1 h), or with how often it is told: moving_stddev(x, 1 h, 10 s)";
      case F::integral:
        return "integral(x, 10 s): with how often it is told";
      case F::paced:
        return "paced(x, 1 s)";
      case F::entrance:
        break;  // no expression calls it
      case F::lag:
        return "lag(x, 1 min), or with how often it is told: lag(x, 1 min, 5 s)";
    }
    __builtin_unreachable();
  }

  /// Whether the call says, or may say, how often its result is told.
  bool is_sampled() const {
    const F f = temporal_.function;
    return f == F::moving_mean || f == F::moving_stddev || f == F::lag || f == F::integral;
  }

  bool check_arguments() {
    std::size_t least = 2;
    std::size_t most = is_sampled() ? 3 : 2;
    if (temporal_.function == F::previous) least = most = 1;
    if (temporal_.function == F::hysteresis) least = most = 3;
    if (temporal_.function == F::integral) most = 2;
    if (node_.children.size() >= least && node_.children.size() <= most) return true;
    compiler_.fail(node_.offset, std::string(node_.text) + " has the wrong number of arguments",
                   std::to_string(node_.children.size()), form());
    return false;
  }

  bool read_spans() {
    if (temporal_.function == F::previous || temporal_.function == F::hysteresis) return true;
    const auto first = read_span(1);
    if (!first) return false;
    if (temporal_.function == F::integral) {
      temporal_.every = *first;
      return true;
    }
    temporal_.span = *first;
    if (!is_sampled()) return true;
    temporal_.every = std::max(temporal_.span / kTicksDefault, kMillisecond);
    if (node_.children.size() < 3) return true;
    const auto every = read_span(2);
    if (!every) return false;
    temporal_.every = *every;
    if (temporal_.span / temporal_.every <= kTicksMax) return true;
    compiler_.fail(offset(2), "this is told too often", "more than 100000 times in the span before it",
                   "a longer time");
    return false;
  }

  /// A time written out: how far back an operator looks cannot depend on what happens.
  std::optional<Duration> read_span(std::size_t argument) {
    const Node& node = compiler_.tree_[node_.children[argument]];
    if (node.kind == Node::Kind::error) return std::nullopt;
    const bool is_time = node.kind == Node::Kind::number && node.unit.dimension == time_unit().dimension;
    const double seconds = is_time ? node.number * node.unit.numerator / node.unit.denominator : 0;
    const double ns = std::round(seconds * static_cast<double>(kSecond));
    if (is_time && ns >= 1 && ns <= static_cast<double>(kSpanMax)) return static_cast<Duration>(ns);
    compiler_.fail(node.offset, std::string(node_.text) + " takes a time, written as a number",
                   is_time ? "a time out of range" : "something else", form());
    return std::nullopt;
  }

  /// The argument is a program of its own; what it yields is kept as a history.
  std::optional<CompiledExpression> compile_argument() {
    ExpressionCompiler inner(compiler_.tree_, compiler_.scope_, compiler_.errors_);
    if (temporal_.function == F::hysteresis) return compile_bounds(inner);
    const NodeIndex index = node_.children[0];
    Typed typed = inner.visit(index, nullptr);
    if (typed.is_error()) return std::nullopt;
    if (!accepts(typed)) return std::nullopt;
    // What has a name keeps its unit, and so needs no copy.
    const Node& node = compiler_.tree_[index];
    const auto named = node.kind == Node::Kind::name ? compiler_.scope_.find(node.text) : std::nullopt;
    return inner.finish(std::move(typed), named ? &named->spec : nullptr);
  }

  bool accepts(const Typed& typed) {
    const F f = temporal_.function;
    if (f == F::previous || f == F::delay || f == F::paced) {
      if (typed.kind != Typed::Kind::quality) return true;
      compiler_.fail(offset(0), std::string(node_.text) + " does not take a quality", "a quality", form());
      return false;
    }
    if (f == F::held_for) return compiler_.require_boolean(typed, offset(0), "what is held");
    if (!typed.is_number()) {
      compiler_.fail(offset(0), std::string(node_.text) + " takes a number", compiler_.describe(typed),
                     form());
      return false;
    }
    return f != F::integral || compiler_.require_span(typed, offset(0), "summed over time");
  }

  /// 1 from the upper bound on, 0 down from the lower one, 0.5 between them.
  std::optional<CompiledExpression> compile_bounds(ExpressionCompiler& inner) {
    Typed x = inner.visit(node_.children[0], nullptr);
    Typed low = inner.visit(node_.children[1], nullptr);
    Typed high = inner.visit(node_.children[2], nullptr);
    if (x.is_error() || low.is_error() || high.is_error()) return std::nullopt;
    for (std::size_t i = 0; i < 3; ++i) {
      const Typed& typed = i == 0 ? x : i == 1 ? low : high;
      if (typed.is_number()) continue;
      compiler_.fail(offset(i), "hysteresis takes numbers", compiler_.describe(typed), form());
      return std::nullopt;
    }
    // The value is read twice, so it must not be used up: it has a place of its own in the model.
    Typed x2 = inner.visit(node_.children[0], nullptr);
    const bool fit = inner.unify(x, high, nullptr, offset(2), "compared") &&
                     inner.unify(x2, low, nullptr, offset(1), "compared");
    if (!fit) return std::nullopt;
    ProgramBuilder& builder = inner.builder_;
    const Slot above = builder.apply(Operation::less_equal, high.slot, x.slot);
    const Slot below = builder.apply(Operation::less_equal, x2.slot, low.slot);
    const Slot otherwise = builder.choose(below, builder.constant(0), builder.constant(0.5));
    const Slot place = builder.choose(above, builder.constant(1), otherwise);
    return inner.finish({Typed::Kind::number, place, {}, {}}, nullptr);
  }

  std::optional<Typed> result_of(const ValueSpec& argument) {
    const F f = temporal_.function;
    if (f == F::held_for || f == F::hysteresis) return Typed{Typed::Kind::boolean, {}, {}, {}};
    if (argument.type == ValueType::boolean) return Typed{Typed::Kind::boolean, {}, {}, {}};
    if (argument.type == ValueType::symbol) return Typed{Typed::Kind::symbol, {}, {}, argument.symbols};
    Typed number{Typed::Kind::number, {}, argument.unit, {}};
    const bool is_difference = f == F::rate || f == F::moving_stddev;
    if (is_difference && number.unit.is_point) {
      number.unit.is_point = false;
      number.unit.offset = 0;
      number.unit.text = number.unit.numerator == number.unit.denominator ? "K" : "delta_degF";
    }
    if (f != F::rate && f != F::integral) return number;
    const auto unit = f == F::rate ? quotient(number.unit, time_unit()) : product(number.unit, time_unit());
    if (!unit) {
      compiler_.fail(node_.offset, "the unit of this leaves the range that can be kept",
                     compiler_.describe(number), "a value in a simpler unit");
      return std::nullopt;
    }
    number.unit = *unit;
    return number;
  }

  static const Unit& time_unit() {
    static const Unit unit = *parse_unit("s");
    return unit;
  }
  std::size_t offset(std::size_t argument) const { return compiler_.tree_[node_.children[argument]].offset; }

  ExpressionCompiler& compiler_;
  const Node& node_;
  Temporal temporal_;
};

Typed ExpressionCompiler::temporal_call(const Node& node, TemporalFunction function) {
  return TemporalCall(*this, node, function).compile();
}

}  // namespace pollux::schema
