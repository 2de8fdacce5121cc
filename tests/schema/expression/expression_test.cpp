#include "schema/expression/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "tests/schema/expression_scope.h"

namespace pollux::schema {
namespace {

using testing::HasSubstr;

const ValueSpec kPlain{};
const ValueSpec kBoolean{ValueType::boolean, {}, {}};

ValueSpec in(std::string_view unit) {
  return {ValueType::number, *parse_unit(unit), {}};
}

CompiledExpression compiled(std::string_view text, Scope& scope, const ValueSpec* expected) {
  auto result = compile(text, {1, 1}, scope, expected);
  if (const auto* diagnostics = std::get_if<Diagnostics>(&result)) {
    for (const Diagnostic& diagnostic : *diagnostics)
      ADD_FAILURE() << text << "\n" << diagnostic.text("test");
    return {};
  }
  return std::get<CompiledExpression>(std::move(result));
}

Diagnostics mistakes(std::string_view text, Scope& scope, const ValueSpec* expected) {
  auto result = compile(text, {1, 1}, scope, expected);
  if (auto* diagnostics = std::get_if<Diagnostics>(&result)) return *diagnostics;
  ADD_FAILURE() << text << " compiled";
  return {};
}

// The value of an expression of plain numbers without operands.
double figure(std::string_view text) {
  TestScope scope;
  const CompiledExpression result = compiled(text, scope, &kPlain);
  if (result.program.empty()) return std::nan("");
  const Value value = result.program.evaluate(nullptr);
  EXPECT_EQ(value, result.program.evaluate_carefully(nullptr)) << text;
  EXPECT_EQ(value.quality, Quality::good) << text << " " << name_of(value.reason);
  return value.as_number();
}

bool holds(std::string_view text) {
  TestScope scope;
  const CompiledExpression result = compiled(text, scope, &kBoolean);
  return !result.program.empty() && result.program.evaluate(nullptr).as_boolean();
}

double figure_in(std::string_view unit, std::string_view text) {
  TestScope scope;
  const ValueSpec spec = in(unit);
  const CompiledExpression result = compiled(text, scope, &spec);
  return result.program.empty() ? std::nan("") : result.program.evaluate(nullptr).as_number();
}

TEST(Expression, OperatorsBindAsInMathematics) {
  EXPECT_EQ(figure("1 + 2 * 3"), 7);
  EXPECT_EQ(figure("(1 + 2) * 3"), 9);
  EXPECT_EQ(figure("10 - 4 - 3"), 3);
  EXPECT_EQ(figure("16 / 4 / 2"), 2);
  EXPECT_EQ(figure("-2^2"), -4);
  EXPECT_EQ(figure("(-2)^2"), 4);
  EXPECT_EQ(figure("2 * -3"), -6);
  EXPECT_EQ(figure("2^-2"), 0.25);
  EXPECT_EQ(figure("2 * 3^2"), 18);
  EXPECT_EQ(figure("--5"), 5);
  EXPECT_EQ(figure("1.5e3 + 1E-1"), 1500.1);
  EXPECT_TRUE(holds("1 + 1 == 2 and not 2 < 1"));
  EXPECT_TRUE(holds("true or true and false"));
  EXPECT_TRUE(holds("not false and true"));
  EXPECT_FALSE(holds("not (false or true)"));
  EXPECT_TRUE(holds("not 1 > 2"));
}

TEST(Expression, EveryFunctionGivesItsFigure) {
  EXPECT_EQ(figure("abs(-2)"), 2);
  EXPECT_EQ(figure("min(3, 1, 2)"), 1);
  EXPECT_EQ(figure("max(3, 1, 2, 9, 4, 5, 6, 7)"), 9);
  EXPECT_EQ(figure("clamp(5, 0, 3) + clamp(-1, 0, 3) + clamp(2, 0, 3)"), 5);
  EXPECT_EQ(figure("sqrt(9)"), 3);
  EXPECT_EQ(figure("exp(1)"), std::exp(1.0));
  EXPECT_EQ(figure("ln(10)"), std::log(10.0));
  EXPECT_EQ(figure("log10(1000)"), 3);
  EXPECT_EQ(figure("pow(2, 0.5)"), std::pow(2, 0.5));
  EXPECT_EQ(figure("floor(-1.5)"), -2);
  EXPECT_EQ(figure("ceil(-1.5)"), -1);
  EXPECT_EQ(figure("round(2.5)"), 3);
  EXPECT_EQ(figure("sign(-3) + sign(0) + sign(7)"), 0);
  EXPECT_EQ(figure("sign(-3 kW)"), -1);
  EXPECT_EQ(figure("sin(0.5)"), std::sin(0.5));
  EXPECT_EQ(figure("cos(180 deg)"), -1);
  EXPECT_EQ(figure("tan(0.5 rad)"), std::tan(0.5));
  EXPECT_EQ(figure("atan2(1 m, 100 cm)"), std::numbers::pi / 4);
  EXPECT_EQ(figure("if(1 < 2, 10, 20)"), 10);
  EXPECT_EQ(figure("if(1 > 2, 10, 20)"), 20);
  EXPECT_EQ(figure("default(1 / 0, 5)"), 5);
  EXPECT_EQ(figure("default(4, 5)"), 4);
  EXPECT_TRUE(holds("known(1) and not known(1 / 0)"));
  EXPECT_TRUE(holds("quality(1) == good and quality(sqrt(-1)) == bad and quality(1) != stale"));
}

TEST(Expression, UnitsBelongToTheirNumber) {
  EXPECT_EQ(figure_in("kJ/(m3*K)", "4.186 kJ/(kg*K) * 1 kg/L"), 4186);
  EXPECT_EQ(figure("100 %"), 1);
  EXPECT_EQ(figure_in("K", "1.5K"), 1.5);
  EXPECT_EQ(figure_in("W", "2 kW / 4"), 500);
  EXPECT_EQ(figure_in("m/s^2", "1 g0"), 9.80665);
  EXPECT_EQ(figure_in("1/s", "0.5 1/s"), 0.5);
  EXPECT_EQ(figure_in("kW", "2 kW/2"), 1);
  EXPECT_EQ(figure_in("m^2", "(3 m)^2"), 9);
  EXPECT_EQ(figure_in("degC", "-5 degC"), -5);
  EXPECT_EQ(figure_in("min", "1 h - 30 min"), 30);
}

TEST(Expression, UnitsAreConvertedToTheDeclaredOne) {
  TestScope scope;
  scope.number("a", "L/s").number("b", "m3/h").number("t", "degC").number("f", "degF").number("dt", "K");
  const Value operands[] = {Value::number(10), Value::number(36), Value::number(20), Value::number(50),
                            Value::number(3)};
  const auto result = [&](std::string_view unit, std::string_view text) {
    const ValueSpec spec = in(unit);
    return compiled(text, scope, &spec).program.evaluate(operands).as_number();
  };
  EXPECT_EQ(result("L/s", "a + b"), 20);
  EXPECT_EQ(result("m3/h", "a + b"), 72);
  EXPECT_EQ(result("L/min", "min(a, b) * 2"), 1200);
  EXPECT_NEAR(result("K", "t - f"), 10, 1e-12);
  EXPECT_NEAR(result("degC", "f"), 10, 1e-12);
  EXPECT_EQ(result("degC", "t - dt"), 17);
  EXPECT_EQ(result("degF", "t + 9 delta_degF - dt"), (20 + 5 - 3) * 9.0 / 5 + 32);
  EXPECT_EQ(result("m/s", "sqrt(9 m2/s2)"), 3);
  EXPECT_EQ(result("m3^1*s^-1", "a^2 / a"), 0.01);
}

TEST(Expression, UnitsThatAgreeCostNoArithmetic) {
  TestScope scope;
  scope.number("a", "L/s").number("b", "L/s").number("speed", "%").number("c", "m3/h");
  const auto steps = [&](std::string_view unit, std::string_view text) {
    const ValueSpec spec = in(unit);
    return compiled(text, scope, &spec).program.instructions().size();
  };
  EXPECT_EQ(steps("L/s", "a + b"), 1u);
  EXPECT_EQ(steps("L/s", "0.5 * (a + b) + 1 L/s"), 3u);
  EXPECT_EQ(steps("L/s", "a * speed / 100 %"), 2u);
  EXPECT_EQ(steps("L/s", "a + 3.6 m3/h"), 1u);
  EXPECT_EQ(steps("L/s", "c + a + b"), 4u);
  EXPECT_EQ(steps("L/s", "a"), 0u);
  EXPECT_EQ(steps("L/s", "a * (2 + 3 * 4)"), 1u);
}

TEST(Expression, WithoutADeclarationNumbersAreInCoherentSi) {
  TestScope scope;
  scope.number("a", "L/s").number("t", "degF");
  const CompiledExpression flow = compiled("a", scope, nullptr);
  const Value operands[] = {Value::number(20), Value::number(212)};
  EXPECT_EQ(flow.program.evaluate(operands).as_number(), 0.02);
  EXPECT_EQ(flow.spec.unit.text, "m^3/s");
  const CompiledExpression temperature = compiled("t", scope, nullptr);
  EXPECT_NEAR(temperature.program.evaluate(operands).as_number(), 100, 1e-12);
  EXPECT_TRUE(temperature.spec.unit.is_point);
  EXPECT_EQ(compiled("a > 1 L/s", scope, nullptr).spec.type, ValueType::boolean);
}

TEST(Expression, SymbolsAreComparedAndChosen) {
  TestScope scope;
  scope.symbols("mode", {"running", "stopped", "out of service"}).number("x");
  const ValueSpec spec{ValueType::symbol, {}, scope.intern({"stopped", "running"})};
  const Value running[] = {Value::symbol(*scope.symbol("running")), Value::number(3)};
  const Value idle[] = {Value::symbol(*scope.symbol("out of service")), Value::number(-3)};
  EXPECT_EQ(compiled("mode == running", scope, &kBoolean).program.evaluate(running), Value::boolean(true));
  EXPECT_EQ(compiled("running != mode", scope, &kBoolean).program.evaluate(idle), Value::boolean(true));
  EXPECT_EQ(compiled("mode == \"out of service\"", scope, &kBoolean).program.evaluate(idle),
            Value::boolean(true));
  const CompiledExpression chosen = compiled("if(x > 0, running, stopped)", scope, &spec);
  EXPECT_EQ(chosen.program.evaluate(running), Value::symbol(*scope.symbol("running")));
  EXPECT_EQ(chosen.program.evaluate(idle), Value::symbol(*scope.symbol("stopped")));
}

TEST(Expression, AggregatesAskTheScopeForTheirOperand) {
  TestScope scope;
  scope.many("water", "L/s").many_booleans("alarms").number("x", "L/s").many("temps", "degC");
  const ValueSpec flow = in("L/s");
  const CompiledExpression result = compiled("sum(water) - max(water) + max(x, sum(water))", scope, &flow);
  EXPECT_EQ(result.program.reads(), (std::vector<std::uint16_t>{2, 4, 5}));
  const CompiledExpression all =
      compiled("any(alarms) or count(alarms) > 3 and mean(temps) > 5 degC", scope, &kBoolean);
  EXPECT_EQ(all.program.reads(), (std::vector<std::uint16_t>{6, 7, 8}));
}

struct Mistake {
  const char* text;
  int column;
  const char* message;
};

TEST(Expression, EachMistakeIsReportedWhereItStands) {
  TestScope scope;
  scope.number("flow", "L/s").number("temp", "degC").number("x").boolean("on").many("water", "L/s");
  scope.symbols("mode", {"running", "stopped"}).many("temps", "degC").many_booleans("alarms");
  scope.symbols("other", {"open", "shut"});
  const Mistake cases[] = {
      {"flow + x", 8, "different dimensions"},
      {"flow + temp", 8, "different dimensions"},
      {"temp + temp", 8, "cannot be added"},
      {"1 K - temp", 7, "cannot be subtracted"},
      {"temp * 2", 1, "cannot be multiplied"},
      {"2 * temp", 5, "cannot be multiplied"},
      {"-temp", 1, "cannot be negated"},
      {"abs(temp)", 5, "point on a scale"},
      {"temp > 5 K", 8, "a point on a scale and a span"},
      {"exp(flow)", 5, "takes a plain number"},
      {"round(1.5 L/s)", 7, "takes a plain number"},
      {"pow(2, flow)", 8, "takes a plain number"},
      {"sqrt(flow)", 6, "root"},
      {"flow^1.5", 6, "not an exponent"},
      {"flow^0", 6, "not an exponent"},
      {"flow^x", 6, "not an exponent"},
      {"x^2^3", 4, "cannot stand here"},
      {"flow^16 > x", 1, "out of range"},
      {"mode == 3", 9, "different kinds"},
      {"mode > running", 1, "only numbers have an order"},
      {"mode == satisfied", 9, "never be equal"},
      {"mode == other", 9, "never be equal"},
      {"mode == runing", 9, "not known"},
      {"on == 1", 7, "different kinds"},
      {"on + 1", 1, "only numbers can be added"},
      {"not x", 5, "takes truth values"},
      {"x and on", 1, "takes truth values"},
      {"if(x, 1, 2)", 4, "takes truth values"},
      {"if(on, 1, mode)", 11, "one kind"},
      {"if(on, flow, 2)", 14, "different dimensions"},
      {"default(flow, 3 kW)", 15, "different dimensions"},
      {"flwo", 1, "not known"},
      {"summ(water)", 1, "no such function"},
      {"water", 1, "bound to many"},
      {"sum(flow)", 1, "takes the name of one input"},
      {"sum(water + water)", 1, "takes the name"},
      {"sum(temps)", 5, "cannot be added"},
      {"sum(alarms)", 5, "does not fit"},
      {"any(water)", 5, "does not fit"},
      {"min(flow)", 1, "wrong number of arguments"},
      {"abs()", 1, "wrong number of arguments"},
      {"clamp(1, 2)", 1, "wrong number of arguments"},
      {"quality(x) == god", 15, "one of its names"},
      {"quality(x) < stale", 1, "only numbers have an order"},
      {"quality(x)", 1, "not a value of its own"},
      {"3 kWw", 3, "not a unit"},
      {"3 kW/(a+b)", 3, "not a unit"},
      {"3 degC/min", 3, "arbitrary zero"},
      {"1 < 2 < 3", 7, "do not chain"},
      {"1 +", 4, "ends too early"},
      {"", 1, "ends too early"},
      {"(1", 3, "ends too early"},
      {"1)", 2, "cannot stand here"},
      {"x x", 3, "cannot stand here"},
      {"x = 1", 3, "written differently"},
      {"on && on", 4, "written differently"},
      {"1 $ 2", 3, "no meaning"},
      {"\"open", 1, "no end"},
      {"\"no such\" == mode", 1, "no symbol"},
      {"1e999", 1, "too large"},
      {"x ; drop", 3, "no meaning"},
  };
  for (const Mistake& expected : cases) {
    const Diagnostics found = mistakes(expected.text, scope, nullptr);
    ASSERT_EQ(found.size(), 1u) << expected.text << (found.size() > 1 ? found[1].text("second") : "");
    EXPECT_EQ(found[0].where.column, expected.column) << expected.text << " " << found[0].text("");
    EXPECT_THAT(found[0].message, HasSubstr(expected.message)) << expected.text;
    EXPECT_FALSE(found[0].found.empty()) << expected.text;
    EXPECT_FALSE(found[0].expected.empty()) << expected.text;
  }
}

TEST(Expression, TheNearestNameIsOffered) {
  TestScope scope;
  scope.number("flow", "L/s").many("water", "L/s").symbols("mode", {"running", "stopped"});
  EXPECT_EQ(mistakes("flwo", scope, nullptr)[0].nearest, "flow");
  EXPECT_EQ(mistakes("summ(water)", scope, nullptr)[0].nearest, "sum");
  EXPECT_EQ(mistakes("mode == runing", scope, nullptr)[0].nearest, "running");
  EXPECT_EQ(mistakes("runing == mode", scope, nullptr)[0].nearest, "running");
  EXPECT_EQ(mistakes("3 KW", scope, nullptr)[0].nearest, "kW");
  EXPECT_EQ(mistakes("quality(flow) == god", scope, nullptr)[0].nearest, "good");
}

TEST(Expression, IndependentMistakesAreReportedTogetherAndNothingTwice) {
  TestScope scope;
  scope.number("flow", "L/s").number("temp", "degC");
  const Diagnostics found =
      mistakes("abs(flwo) + temp * 2 + 3 kWw\n  + max(1 $ 2, tmp) - exp(flow)", scope, nullptr);
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found[0].where.column, 5);
  EXPECT_EQ(found[1].where.column, 13);
  EXPECT_EQ(found[2].where.column, 26);
  EXPECT_EQ(found[3].where.line, 2);
  EXPECT_EQ(found[3].where.column, 11);
  EXPECT_EQ(found[4].where.column, 16);
  EXPECT_EQ(found[5].where.column, 27);
}

TEST(Expression, TheResultMustFitItsDeclaration) {
  TestScope scope;
  scope.number("flow", "L/s").number("temp", "degC").symbols("mode", {"running", "stopped"});
  const ValueSpec power = in("kW");
  const ValueSpec kelvin = in("K");
  const ValueSpec open{ValueType::symbol, {}, scope.intern({"open", "running"})};
  const Diagnostic wrong = mistakes("flow * 2", scope, &power)[0];
  EXPECT_EQ(wrong.found, "a number in L/s (m^3/s)");
  EXPECT_EQ(wrong.expected, "a number in kW (kg*m^2/s^3)");
  EXPECT_THAT(mistakes("temp", scope, &kelvin)[0].message, HasSubstr("point on a scale"));
  EXPECT_EQ(mistakes("flow > 1 L/s", scope, &power)[0].found, "a truth value");
  EXPECT_EQ(mistakes("flow", scope, &kBoolean)[0].expected, "a truth value");
  EXPECT_EQ(mistakes("mode", scope, &open)[0].expected, "one of open, running");
  EXPECT_EQ(mistakes("flow", scope, &open).size(), 1u);
}

TEST(Expression, BoundsAreKeptWithAClearError) {
  TestScope scope;
  std::string many_operands = "v0";
  for (int i = 0; i < 120; ++i) scope.number("v" + std::to_string(i));
  for (int i = 1; i < 120; ++i) many_operands += "+v" + std::to_string(i);
  EXPECT_THAT(mistakes(many_operands, scope, nullptr)[0].found, HasSubstr("96"));
  const std::string deep = std::string(65, '(') + "1" + std::string(65, ')');
  EXPECT_THAT(mistakes(deep, scope, nullptr)[0].message, HasSubstr("nested too deeply"));
  EXPECT_EQ(figure(std::string(64, '(') + "1" + std::string(64, ')')), 1);
  EXPECT_THAT(mistakes(std::string(100, '-') + "v1", scope, nullptr)[0].message, HasSubstr("nested"));
  EXPECT_THAT(mistakes(std::string(5000, ' '), scope, nullptr)[0].message, HasSubstr("too long"));
  std::string right_deep = "v0*v1";
  for (int i = 0; i < 40; ++i) right_deep = "v0*v1+v2*(" + right_deep + ")";
  EXPECT_THAT(mistakes(right_deep, scope, nullptr)[0].found, HasSubstr("32"));
  std::string long_sum = "v0";
  while (long_sum.size() < 2040) long_sum += "+v0";
  EXPECT_EQ(compiled(long_sum, scope, &kPlain).program.reads().size(), 1u);
  std::string long_chain = "v0";
  while (long_chain.size() < 4090) long_chain += "+v0";
  EXPECT_THAT(mistakes(long_chain, scope, nullptr)[0].found, HasSubstr("1024"));
}

TEST(Expression, ASeriesOfRandomBytesOrTokensAlwaysEnds) {
  TestScope scope;
  scope.number("a", "L/s").number("b").boolean("on").many("m", "K").symbols("mode", {"running", "stopped"});
  const char* tokens[] = {"a",     "b",    "on",   "m",  "mode",     "running", "1",    "2.5 kW", "3 degC",
                          "100 %", "+",    "-",    "*",  "/",        "^",       "(",    ")",      ",",
                          "==",    "<",    "and",  "or", "not",      "if(",     "sum",  "(",      "$",
                          "\"",    "min(", "abs(", " ",  "quality(", "known(",  "true", "1e",     "kg/(",
                          "\n",    "=",    ")",    ")",  "default(", "round("};
  std::mt19937_64 random(11);
  int sound = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text;
    if (i % 4 == 0) {
      for (std::size_t n = random() % 60; n > 0; --n) text += static_cast<char>(random());
    } else {
      for (std::size_t n = 1 + random() % 12; n > 0; --n)
        text += std::string(tokens[random() % std::size(tokens)]) + " ";
    }
    auto result = compile(text, {1, 1}, scope, nullptr);
    if (const auto* diagnostics = std::get_if<Diagnostics>(&result)) {
      ASSERT_FALSE(diagnostics->empty()) << text;
    } else {
      ++sound;
      std::vector<Value> operands(scope.operand_count(), Value::number(1));
      operands[2] = Value::boolean(true);
      operands[4] = Value::symbol(3);
      const Program& program = std::get<CompiledExpression>(result).program;
      ASSERT_EQ(program.evaluate(operands.data()), program.evaluate_carefully(operands.data())) << text;
    }
  }
  EXPECT_GT(sound, 100);
}

}  // namespace
}  // namespace pollux::schema
