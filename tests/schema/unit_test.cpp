#include "schema/unit.h"

#include <gtest/gtest.h>

#include <numbers>

namespace pollux::schema {
namespace {

Unit unit(std::string_view text) {
  const Result<Unit> result = parse_unit(text);
  EXPECT_TRUE(result.ok()) << text << ": " << (result.ok() ? "" : result.error().text());
  return result.ok() ? *result : Unit{};
}

double convert(double x, std::string_view from, std::string_view to) {
  EXPECT_TRUE(convertible(unit(from), unit(to))) << from << " to " << to;
  return conversion(unit(from), unit(to))(x);
}

TEST(Unit, DecimalScalesConvertExactly) {
  EXPECT_EQ(convert(20, "L/s", "m^3/s"), 0.02);
  EXPECT_EQ(convert(0.02, "m^3/s", "L/s"), 20);
  EXPECT_EQ(convert(3.3, "kW", "W"), 3300);
  EXPECT_EQ(convert(1, "bar", "kPa"), 100);
  EXPECT_EQ(convert(1013.25, "mbar", "Pa"), 101325);
  EXPECT_EQ(convert(36, "km/h", "m/s"), 10);
  EXPECT_EQ(convert(90, "L/min", "m3/h"), 5.4);
  EXPECT_EQ(convert(1, "kWh", "MJ"), 3.6);
  EXPECT_EQ(convert(50, "%", ""), 0.5);
  EXPECT_EQ(convert(1, "%", "ppm"), 10'000);
  EXPECT_EQ(convert(1500, "rpm", "Hz"), 25);
  EXPECT_EQ(convert(1, "t/h", "kg/s"), 1000.0 / 3600);
  EXPECT_EQ(convert(1, "Ah", "C"), 3600);
  EXPECT_EQ(convert(1, "g0", "m/s^2"), 9.80665);
  EXPECT_EQ(convert(1, "gal", "L"), 3.785411784);
  EXPECT_DOUBLE_EQ(convert(1, "psi", "Pa"), 6894.757293168361);
  EXPECT_DOUBLE_EQ(convert(180, "deg", "rad"), std::numbers::pi);
}

TEST(Unit, EqualUnitsWrittenDifferentlyNeedNoArithmetic) {
  EXPECT_TRUE(conversion(unit("L/s"), unit("L/s")).identity());
  EXPECT_TRUE(conversion(unit("kJ/(kg*K)"), unit("J/(g*K)")).identity());
  EXPECT_TRUE(conversion(unit("kg*m^2/s^3"), unit("W")).identity());
  EXPECT_TRUE(conversion(unit("V*A"), unit("VA")).identity());
  EXPECT_TRUE(conversion(unit("m3/h"), unit("m^3*h^-1")).identity());
  EXPECT_TRUE(conversion(unit("deg"), unit("deg")).identity());
  EXPECT_TRUE(conversion(unit("\u00b5m"), unit("um")).identity());
  EXPECT_TRUE(conversion(unit("1/s"), unit("Hz")).identity());
}

TEST(Unit, TemperaturePointsAndSpansAreDifferentThings) {
  EXPECT_NEAR(convert(212, "degF", "degC"), 100, 1e-12);
  EXPECT_NEAR(convert(-40, "degC", "degF"), -40, 1e-12);
  EXPECT_EQ(convert(18, "delta_degF", "K"), 10);
  EXPECT_EQ(convert(5, "K", "delta_degC"), 5);
  EXPECT_FALSE(convertible(unit("degC"), unit("K")));
  EXPECT_FALSE(convertible(unit("delta_degC"), unit("degC")));
  EXPECT_TRUE(unit("degC").is_point);
  EXPECT_TRUE(unit("\u00b0F").is_point);
  EXPECT_FALSE(unit("K").is_point);
}

TEST(Unit, ThereAndBackIsTheSameNumber) {
  const char* pairs[][2] = {{"L/s", "m^3/h"}, {"kW", "W"},   {"bar", "psi"},  {"degC", "degF"},
                            {"%", "1"},       {"rpm", "Hz"}, {"kWh", "J"},    {"gal/min", "L/s"},
                            {"deg", "rad"},   {"in", "mm"},  {"BTU/h", "kW"}, {"mmol/L", "mol/m^3"}};
  for (const auto& [a, b] : pairs) {
    for (const double x : {0.1, 1.0, 7.3, 123456.789}) {
      EXPECT_NEAR(convert(convert(x, a, b), b, a), x, 1e-12 * (1 + x)) << a << " " << b;
    }
  }
}

TEST(Unit, DifferentDimensionsAreNotConvertible) {
  EXPECT_FALSE(convertible(unit("L"), unit("L/s")));
  EXPECT_FALSE(convertible(unit("kW"), unit("kWh")));
  EXPECT_FALSE(convertible(unit(""), unit("K")));
  EXPECT_TRUE(convertible(unit("N*m"), unit("J")));
}

TEST(Unit, ThePlainUnitIsWrittenAsNothingOrOne) {
  EXPECT_TRUE(unit("").is_plain());
  EXPECT_TRUE(unit(" 1 ").is_plain());
  EXPECT_FALSE(unit("%").is_plain());
  EXPECT_EQ(unit(" kJ/(kg*K) ").text, "kJ/(kg*K)");
}

TEST(Unit, ASymbolWinsOverAPrefixAndAShorterSymbol) {
  EXPECT_EQ(unit("min").dimension, unit("s").dimension);
  EXPECT_EQ(unit("cd").dimension.exponents[6], 1);
  EXPECT_EQ(unit("pH").dimension, unit("").dimension);
  EXPECT_EQ(unit("mmol").dimension, unit("mol").dimension);
  EXPECT_EQ(convert(1, "hPa", "mbar"), 1);
}

TEST(Unit, AnUnknownSymbolIsNamedWithTheNearest) {
  const Result<Unit> result = parse_unit("kJ/(kgg*K)");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_EQ(result.error().where, "kgg");
  EXPECT_EQ(result.error().advice, "did you mean kg?");
  EXPECT_EQ(nearest_unit("KW"), "kW");
  EXPECT_EQ(nearest_unit("deg_C"), "degC");
  EXPECT_EQ(nearest_unit("kwh"), "kWh");
}

TEST(Unit, WhatIsNotAUnitIsRefused) {
  for (const char* text : {"kg/",
                           "/s",
                           "kg**m",
                           "kg m",
                           "(kg",
                           "kg)",
                           "m^",
                           "m^x",
                           "m^0",
                           "m^10",
                           "m^1.5",
                           "2",
                           "kg*2",
                           "kmin",
                           "kdegC",
                           "m0",
                           "((((((((((m))))))))))",
                           "m^9*m^9*m^9*m^9",
                           "^2",
                           "()",
                           "\xff",
                           "kg\n",
                           "Tm^9*Tm^9*Tm^9"}) {
    EXPECT_FALSE(parse_unit(text).ok()) << text;
  }
  EXPECT_FALSE(parse_unit(std::string(1000, 'm')).ok());
}

TEST(Unit, APointCannotBeMultipliedOrRaised) {
  for (const char* text : {"degC/min", "kW/degC", "degF^2", "degC2", "1/degC"}) {
    const Result<Unit> result = parse_unit(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
    EXPECT_NE(result.error().advice.find("delta_degC"), std::string::npos);
  }
}

TEST(Unit, ADimensionIsDescribedInWordsThatParse) {
  EXPECT_EQ(describe(unit("L/s").dimension), "m^3/s");
  EXPECT_EQ(describe(unit("kW").dimension), "kg*m^2/s^3");
  EXPECT_EQ(describe(unit("bar").dimension), "kg/(m*s^2)");
  EXPECT_EQ(describe(unit("Hz").dimension), "1/s");
  EXPECT_EQ(describe(unit("%").dimension), "plain number");
  for (const char* text : {"V", "F", "S", "H", "T", "Wb", "Ohm", "mol/L", "cd", "W/(m^2*K)"}) {
    EXPECT_EQ(unit(describe(unit(text).dimension)).dimension, unit(text).dimension) << text;
  }
}

TEST(Unit, ProductsAndQuotientsKeepExactScales) {
  const Unit flow = *quotient(*product(unit("L/s"), unit("%")), unit("%"));
  EXPECT_TRUE(conversion(flow, unit("L/s")).identity());
  EXPECT_EQ(product(unit("m^9"), *product(unit("m^9"), unit("m^9")))->dimension.exponents[0], 27);
  EXPECT_FALSE(product(unit("m^9*m^9"), unit("m^9*m^9")).has_value());
}

}  // namespace
}  // namespace pollux::schema
