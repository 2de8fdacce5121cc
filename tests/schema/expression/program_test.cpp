#include "schema/expression/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include "tests/schema/expression_scope.h"

namespace pollux::schema {
namespace {

Program program(std::string_view text, Scope& scope) {
  auto result = compile(text, {1, 1}, scope, nullptr);
  if (const auto* diagnostics = std::get_if<Diagnostics>(&result)) {
    ADD_FAILURE() << text << "\n" << diagnostics->front().text("test");
    return {};
  }
  return std::get<CompiledExpression>(std::move(result)).program;
}

class ProgramQuality : public testing::Test {
 protected:
  ProgramQuality() { scope_.number("a").number("b").boolean("p").boolean("q"); }

  Value run(std::string_view text) {
    const Program compiled = program(text, scope_);
    const Value value = compiled.evaluate(operands_);
    EXPECT_EQ(value, compiled.evaluate_carefully(operands_)) << text;
    return value;
  }
  Value run(std::string_view text, Value p, Value q) {
    operands_[2] = p;
    operands_[3] = q;
    return run(text);
  }

  TestScope scope_;
  Value operands_[4] = {Value::number(6), Value::number(3), Value::boolean(true), Value::boolean(false)};
};

constexpr Value kStale = Value::number(3, Quality::stale, Reason::no_recent_event);
constexpr Value kBad = Value::bad(ValueType::number, Reason::reported_by_source);
constexpr Value kUnknown = Value::unknown(ValueType::number, Reason::not_yet_observed);
constexpr Value kInheritedBad = Value::bad(ValueType::number, Reason::input_not_good);
constexpr Value kInheritedUnknown = Value::unknown(ValueType::number, Reason::input_not_good);

TEST_F(ProgramQuality, ArithmeticInheritsTheWorstQuality) {
  EXPECT_EQ(run("a + b"), Value::number(9));
  operands_[1] = kStale;
  EXPECT_EQ(run("a + b"), Value::number(9, Quality::stale, Reason::input_not_good));
  EXPECT_EQ(run("a"), Value::number(6));
  operands_[0] = Value::number(6, Quality::uncertain, Reason::reported_by_source);
  EXPECT_EQ(run("a + b"), Value::number(9, Quality::stale, Reason::input_not_good));
  EXPECT_EQ(run("a"), Value::number(6, Quality::uncertain, Reason::input_not_good));
  operands_[0] = kBad;
  EXPECT_EQ(run("a + b"), kInheritedBad);
  EXPECT_EQ(run("max(b, -a)"), kInheritedBad);
  operands_[1] = kUnknown;
  EXPECT_EQ(run("a + b"), kInheritedUnknown);
  EXPECT_EQ(run("a < b"), Value::unknown(ValueType::boolean, Reason::input_not_good));
}

TEST_F(ProgramQuality, ArithmeticWithoutAnAnswerIsBadWithItsReason) {
  const auto bad = [](Reason reason) { return Value::bad(ValueType::number, reason); };
  EXPECT_EQ(run("a / (b - 3)"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("(b - 3) / (b - 3)"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("(b - 3)^-2"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("pow(b - 3, -2)"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("sqrt(b - a)"), bad(Reason::not_a_number));
  EXPECT_EQ(run("ln(b - 3)"), bad(Reason::not_a_number));
  EXPECT_EQ(run("log10(b - a)"), bad(Reason::not_a_number));
  EXPECT_EQ(run("pow(b - a, 0.5)"), bad(Reason::not_a_number));
  EXPECT_EQ(run("a * 1e308 * 10"), bad(Reason::overflow));
  EXPECT_EQ(run("exp(a * 1000)"), bad(Reason::overflow));
  EXPECT_EQ(run("1 / 0"), bad(Reason::division_by_zero));
}

TEST_F(ProgramQuality, AFaultInsideIsNotHiddenByWhatFollows) {
  const auto bad = [](Reason reason) { return Value::bad(ValueType::number, reason); };
  EXPECT_EQ(run("1 / (1 / (b - 3))"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("min(a / (b - 3), 5)"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("exp(-a / (b - 3))"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("sign(sqrt(-a))"), bad(Reason::not_a_number));
  EXPECT_EQ(run("atan2(1, a / (b - 3))"), bad(Reason::division_by_zero));
  EXPECT_EQ(run("a / (b - 3) > 1"), Value::bad(ValueType::boolean, Reason::division_by_zero));
  EXPECT_EQ(run("not (a / (b - 3) == 1)"), Value::bad(ValueType::boolean, Reason::division_by_zero));
}

TEST_F(ProgramQuality, OnlyTheBranchThatIsTakenMatters) {
  EXPECT_EQ(run("if(b != 3, a / (b - 3), 0)"), Value::number(0));
  operands_[0] = kBad;
  EXPECT_EQ(run("if(p, b, a)"), Value::number(3));
  EXPECT_EQ(run("if(q, b, a)"), kInheritedBad);
  operands_[2] = Value::boolean(true, Quality::stale, Reason::no_recent_event);
  EXPECT_EQ(run("if(p, b, a)"), Value::number(3, Quality::stale, Reason::input_not_good));
  operands_[2] = Value::unknown(ValueType::boolean, Reason::not_yet_observed);
  EXPECT_EQ(run("if(p, b, b)"), kInheritedUnknown);
  operands_[2] = Value::bad(ValueType::boolean, Reason::plugin_failed);
  EXPECT_EQ(run("if(p, b, b)"), kInheritedBad);
}

TEST_F(ProgramQuality, DefaultKnownAndQualityLookAtTheQualityItself) {
  operands_[1] = kStale;
  EXPECT_EQ(run("default(b, 7)"), Value::number(3, Quality::stale, Reason::input_not_good));
  EXPECT_EQ(run("known(b)"), Value::boolean(true));
  EXPECT_EQ(run("quality(b) == stale"), Value::boolean(true));
  EXPECT_EQ(run("quality(a + b) == stale"), Value::boolean(true));
  EXPECT_EQ(run("quality(a) == good and quality(b) != good"), Value::boolean(true));
  operands_[1] = kUnknown;
  EXPECT_EQ(run("default(b, 7)"), Value::number(7));
  EXPECT_EQ(run("default(b, b)"), kInheritedUnknown);
  EXPECT_EQ(run("known(b)"), Value::boolean(false));
  EXPECT_EQ(run("quality(b) == unknown"), Value::boolean(true));
  EXPECT_EQ(run("default(sqrt(b) + 1, 2) + a"), Value::number(8));
  operands_[1] = kBad;
  EXPECT_EQ(run("quality(b) == bad"), Value::boolean(true));
  EXPECT_EQ(run("default(min(1 / 0, 5), 3)"), Value::number(3));
}

// The documented rule, written the slow way: an operand that decides alone is enough.
Value expected_logic(const Value& p, const Value& q, bool deciding) {
  const auto inherited = [](bool x, Quality quality) {
    return Value::boolean(x, quality, quality == Quality::good ? Reason::none : Reason::input_not_good);
  };
  std::optional<Quality> best;
  for (const Value& value : {p, q}) {
    if (value.usable() && value.as_boolean() == deciding && (!best || value.quality < *best))
      best = value.quality;
  }
  if (best) return inherited(deciding, *best);
  const Quality quality = worst(p.quality, q.quality);
  if (quality == Quality::bad) return Value::bad(ValueType::boolean, Reason::input_not_good);
  if (quality == Quality::unknown) return Value::unknown(ValueType::boolean, Reason::input_not_good);
  return inherited(!deciding, quality);
}

TEST_F(ProgramQuality, LogicIsThreeValuedForEveryPairOfTruthAndQuality) {
  std::vector<Value> values = {Value::bad(ValueType::boolean, Reason::plugin_failed),
                               Value::unknown(ValueType::boolean, Reason::not_yet_observed)};
  for (const Quality quality : {Quality::good, Quality::uncertain, Quality::stale}) {
    const Reason reason = quality == Quality::good ? Reason::none : Reason::reported_by_source;
    for (const bool x : {false, true}) values.push_back(Value::boolean(x, quality, reason));
  }
  for (const Value& p : values) {
    for (const Value& q : values) {
      EXPECT_EQ(run("p and q", p, q), expected_logic(p, q, false));
      EXPECT_EQ(run("p or q", p, q), expected_logic(p, q, true));
      EXPECT_EQ(run("not (p and q)", p, q), run("not p or not q", p, q));
    }
  }
}

TEST(Program, ReadsAreAscendingAndEachOnce) {
  TestScope scope;
  scope.number("a").boolean("p").number("b");
  EXPECT_EQ(program("if(p, b + a, a)", scope).reads(), (std::vector<std::uint16_t>{0, 1, 2}));
  EXPECT_TRUE(program("1", scope).reads().empty());
  EXPECT_TRUE(Program().empty());
  EXPECT_FALSE(program("a", scope).empty());
  EXPECT_FALSE(program("1", scope).empty());
}

// A random expression of plain numbers, as text and as a tree that evaluates itself in the simplest way.
struct Random {
  struct Result {
    double x = 0;
    Quality quality = Quality::good;
    bool usable() const { return quality < Quality::bad; }
  };
  struct Tree {
    std::string text;
    std::function<Result(const Value*)> evaluate;
  };

  static constexpr int kNumbers = 4;
  static constexpr int kTruths = 2;
  std::mt19937_64 engine;

  int pick(int n) { return static_cast<int>(engine() % static_cast<unsigned>(n)); }

  static Result arithmetic(const Result& a, const Result& b, double x) {
    const Quality quality = worst(a.quality, b.quality);
    if (quality >= Quality::bad) return {0, quality};
    return std::isfinite(x) ? Result{x, quality} : Result{0, Quality::bad};
  }

  Tree leaf() {
    const int i = pick(kNumbers + 2);
    if (i >= kNumbers) {
      const double x = pick(9) * 0.5;
      return {std::to_string(x), [x](const Value*) { return Result{x, Quality::good}; }};
    }
    return {std::string(1, static_cast<char>('a' + i)), [i](const Value* operands) {
              const Value& value = operands[i];
              return Result{value.usable() ? value.as_number() : 0, value.quality};
            }};
  }

  template <class Function>
  Tree binary(const std::string& open, const std::string& joint, Tree a, Tree b, Function function) {
    return {open + a.text + joint + b.text + ")", [a, b, function](const Value* operands) {
              const Result x = a.evaluate(operands);
              const Result y = b.evaluate(operands);
              return arithmetic(x, y, function(x.x, y.x));
            }};
  }

  template <class Function>
  Tree unary(const std::string& open, Tree a, Function function) {
    return {open + a.text + ")", [a, function](const Value* operands) {
              const Result x = a.evaluate(operands);
              return arithmetic(x, x, function(x.x));
            }};
  }

  Tree number(int depth) {
    if (depth == 0) return leaf();
    const auto next = [&] { return number(pick(depth)); };
    switch (pick(17)) {
      case 0:
        return binary("(", " + ", next(), next(), [](double x, double y) { return x + y; });
      case 1:
        return binary("(", " - ", next(), next(), [](double x, double y) { return x - y; });
      case 2:
        return binary("(", " * ", next(), next(), [](double x, double y) { return x * y; });
      case 3:
      case 4:
        return binary("(", " / ", next(), next(), [](double x, double y) { return x / y; });
      case 5:
        return binary("min(", ", ", next(), next(), [](double x, double y) { return y < x ? y : x; });
      case 6:
        return binary("max(", ", ", next(), next(), [](double x, double y) { return x < y ? y : x; });
      case 7:
        return binary("pow(", ", ", next(), next(), [](double x, double y) { return std::pow(x, y); });
      case 8:
        return binary("atan2(", ", ", next(), next(), [](double x, double y) { return std::atan2(x, y); });
      case 9:
        return unary("sqrt(", next(), [](double x) { return std::sqrt(x); });
      case 10:
        return unary("exp(", next(), [](double x) { return std::exp(x); });
      case 11:
        return unary("ln(", next(), [](double x) { return std::log(x); });
      case 12:
        return unary("abs(", next(), [](double x) { return std::fabs(x); });
      case 13:
        return unary("sign(", next(), [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; });
      case 14:
        return unary("(-", next(), [](double x) { return -x; });
      case 15:
        return choice(truth(pick(depth)), next(), next());
      default:
        return fallback(next(), next());
    }
  }

  static Tree choice(Tree condition, Tree yes, Tree no) {
    return {"if(" + condition.text + ", " + yes.text + ", " + no.text + ")", [=](const Value* operands) {
              const Result c = condition.evaluate(operands);
              if (!c.usable()) return Result{0, c.quality};
              const Result chosen = (c.x != 0 ? yes : no).evaluate(operands);
              return Result{chosen.x, worst(c.quality, chosen.quality)};
            }};
  }

  static Tree fallback(Tree value, Tree other) {
    return {"default(" + value.text + ", " + other.text + ")", [=](const Value* operands) {
              const Result x = value.evaluate(operands);
              return x.usable() ? x : other.evaluate(operands);
            }};
  }

  static Tree logic(Tree a, Tree b, bool deciding) {
    return {"(" + a.text + (deciding ? " or " : " and ") + b.text + ")", [=](const Value* operands) {
              const Result x = a.evaluate(operands);
              const Result y = b.evaluate(operands);
              const bool x_decides = x.usable() && (x.x != 0) == deciding;
              const bool y_decides = y.usable() && (y.x != 0) == deciding;
              if (x_decides && y_decides) return x.quality < y.quality ? x : y;
              if (x_decides) return x;
              if (y_decides) return y;
              const Quality quality = worst(x.quality, y.quality);
              return Result{quality < Quality::bad && !deciding ? 1.0 : 0.0, quality};
            }};
  }

  Tree truth(int depth) {
    if (depth == 0) {
      const int i = pick(kTruths);
      return {std::string(1, static_cast<char>('p' + i)), [i](const Value* operands) {
                const Value& value = operands[kNumbers + i];
                return Result{value.usable() && value.as_boolean() ? 1.0 : 0.0, value.quality};
              }};
    }
    const auto next = [&] { return number(pick(depth)); };
    switch (pick(6)) {
      case 0:
        return binary("(", " < ", next(), next(), [](double x, double y) { return x < y ? 1.0 : 0.0; });
      case 1:
        return binary("(", " >= ", next(), next(), [](double x, double y) { return x >= y ? 1.0 : 0.0; });
      case 2:
        return binary("(", " == ", next(), next(), [](double x, double y) { return x == y ? 1.0 : 0.0; });
      case 3:
        return logic(truth(pick(depth)), truth(pick(depth)), pick(2) == 0);
      case 4:
        return unary("(not ", truth(pick(depth)), [](double x) { return x != 0 ? 0.0 : 1.0; });
      default: {
        const Tree a = next();
        return {"known(" + a.text + ")",
                [a](const Value* operands) { return Result{a.evaluate(operands).usable() ? 1.0 : 0.0}; }};
      }
    }
  }

  Value operand(ValueType type) {
    const int luck = pick(30);
    if (luck == 0) return Value::bad(type, Reason::reported_by_source);
    if (luck == 1) return Value::unknown(type, Reason::not_yet_observed);
    const Quality quality = luck == 2 ? Quality::stale : luck == 3 ? Quality::uncertain : Quality::good;
    const Reason reason = quality == Quality::good ? Reason::none : Reason::no_recent_event;
    if (type == ValueType::boolean) return Value::boolean(pick(2) == 0, quality, reason);
    const double figures[] = {0, 1, -1, 0.5, 3.25, 1e200, -7, 1e-200, pick(1000) / 7.0};
    return Value::number(figures[pick(9)], quality, reason);
  }
};

TEST(Program, FastCarefulAndNaiveEvaluationAgreeOnRandomExpressions) {
  TestScope scope;
  scope.number("a").number("b").number("c").number("d").boolean("p").boolean("q");
  Random random{std::mt19937_64(3)};
  int good = 0;
  int faults = 0;
  for (int i = 0; i < 4000; ++i) {
    const bool is_truth = i % 4 == 0;
    const Random::Tree tree = is_truth ? random.truth(6) : random.number(6);
    auto compiled = compile(tree.text, {1, 1}, scope, nullptr);
    ASSERT_TRUE(std::holds_alternative<CompiledExpression>(compiled))
        << std::get<Diagnostics>(compiled).front().text(tree.text);
    const Program& program = std::get<CompiledExpression>(compiled).program;
    for (int j = 0; j < 25; ++j) {
      Value operands[6];
      for (int k = 0; k < 6; ++k)
        operands[k] = random.operand(k < 4 ? ValueType::number : ValueType::boolean);
      const Value fast = program.evaluate(operands);
      const Random::Result naive = tree.evaluate(operands);
      ASSERT_EQ(fast, program.evaluate_carefully(operands)) << tree.text;
      ASSERT_EQ(fast.quality, naive.quality) << tree.text;
      const double x = is_truth ? static_cast<double>(fast.as_boolean()) : fast.as_number();
      ASSERT_EQ(x, naive.usable() ? naive.x : 0) << tree.text;
      ASSERT_EQ(fast.reason == Reason::none, fast.quality == Quality::good);
      good += fast.quality == Quality::good ? 1 : 0;
      faults += fast.quality == Quality::bad && fast.reason != Reason::input_not_good ? 1 : 0;
    }
  }
  EXPECT_GT(good, 10'000);
  EXPECT_GT(faults, 1'000);
}

}  // namespace
}  // namespace pollux::schema
