// Units of measure: dimension, exact scale, and the difference between a point on a scale and a span of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::schema {

/// Exponents of the SI base units, in the order m, kg, s, A, K, mol, cd.
struct Dimension {
  std::array<std::int8_t, 7> exponents{};
  friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// A unit. A number `x` in it is `x * numerator / denominator + offset` in coherent SI. Scales are kept as a
/// ratio so that decimal units round-trip exactly (20 L/s is 20 / 1000 m3/s, never 20 * 0.001).
struct Unit {
  std::string text;  ///< As written: `L/s`, `degC`, `kJ/(kg*K)`; empty for a plain number.
  Dimension dimension;
  double numerator = 1;
  double denominator = 1;
  double offset = 0;
  /// True for a point on a scale with an arbitrary zero (degC, degF): points subtract to a span, never add.
  bool is_point = false;

  bool is_plain() const { return text.empty(); }
};

/// Parses a unit expression: symbols joined by `*`, `/`, `^`, with parentheses, SI prefixes on SI units.
/// `K` is a span; `degC` and `degF` are points; `%` is 1/100. Empty text and `1` give the plain unit.
/// A digit after a symbol is an exponent (`m3/h`). The table of units is in unit.cpp; `rpm` is 1/60 Hz.
/// Errors: not_found with the unknown symbol in `where`, invalid where a point is multiplied or raised.
Result<Unit> parse_unit(std::string_view text);

/// The known unit symbol nearest to a wrong one, or empty.
std::string nearest_unit(std::string_view symbol);

/// The units of `a * b` and `a / b`, without text. REQUIRES: neither is a point.
/// Empty where an exponent or the scale would leave the range that can be kept.
std::optional<Unit> product(const Unit& a, const Unit& b);
std::optional<Unit> quotient(const Unit& a, const Unit& b);

/// Whether a number can be converted from one to the other: same dimension, and both points or both spans.
bool convertible(const Unit& from, const Unit& to);

/// An affine map between two units, applied as `x * numerator / denominator + offset`.
struct Conversion {
  double numerator = 1;
  double denominator = 1;
  double offset = 0;

  bool identity() const { return numerator == denominator && offset == 0; }
  double operator()(double x) const { return identity() ? x : x * numerator / denominator + offset; }
};

/// REQUIRES: `convertible(from, to)`.
Conversion conversion(const Unit& from, const Unit& to);

/// The coherent SI unit of a dimension.
Unit si_unit(const Dimension& dimension);

/// A dimension for a person: `m^3/s`, `kg*m^2/s^3`, `plain number`; used in messages.
std::string describe(const Dimension& dimension);

}  // namespace pollux::schema
