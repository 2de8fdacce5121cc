#include "schema/unit.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>
#include <vector>

#include "schema/assert.h"
#include "schema/diagnostic.h"

namespace pollux::schema {
namespace {

constexpr std::size_t kUnitBytesMax = 128;
constexpr int kNestingMax = 8;
constexpr int kSymbolExponentMax = 9;
constexpr int kDimensionExponentMax = 30;
// Beyond this a double cannot count in ones, and a ratio is no longer exact.
constexpr double kExactMax = 9007199254740992.0;
constexpr double kScaleMax = 1e120;

enum class Prefixes : bool { no, yes };

struct UnitRow {
  std::string_view symbol;
  Dimension dimension;
  double numerator;
  double denominator;
  Prefixes prefixes;
  double offset = 0;
  bool is_point = false;
};

constexpr Dimension dimension_of(int m, int kg, int s, int A = 0, int K = 0, int mol = 0, int cd = 0) {
  const auto exponent = [](int value) { return static_cast<std::int8_t>(value); };
  return {{exponent(m), exponent(kg), exponent(s), exponent(A), exponent(K), exponent(mol), exponent(cd)}};
}

constexpr Dimension kNone = {};
constexpr Dimension kLength = dimension_of(1, 0, 0);
constexpr Dimension kVolume = dimension_of(3, 0, 0);
constexpr Dimension kMass = dimension_of(0, 1, 0);
constexpr Dimension kTime = dimension_of(0, 0, 1);
constexpr Dimension kFrequency = dimension_of(0, 0, -1);
constexpr Dimension kTemperature = dimension_of(0, 0, 0, 0, 1);
constexpr Dimension kPressure = dimension_of(-1, 1, -2);
constexpr Dimension kEnergy = dimension_of(2, 1, -2);
constexpr Dimension kPower = dimension_of(2, 1, -3);
constexpr Dimension kCharge = dimension_of(0, 0, 1, 1);
constexpr Dimension kResistance = dimension_of(2, 1, -3, -2);

// Every unit there is. A symbol found here wins over a prefix and a shorter symbol (`min`, `cd`, `pH`).
// psi: lbf/in^2 with lb = 0.45359237 kg, in = 0.0254 m. BTU: International Table.
constexpr UnitRow kUnits[] = {
    {"m", kLength, 1, 1, Prefixes::yes},
    {"g", kMass, 1, 1000, Prefixes::yes},
    {"s", kTime, 1, 1, Prefixes::yes},
    {"A", dimension_of(0, 0, 0, 1), 1, 1, Prefixes::yes},
    {"K", kTemperature, 1, 1, Prefixes::yes},
    {"mol", dimension_of(0, 0, 0, 0, 0, 1), 1, 1, Prefixes::yes},
    {"cd", dimension_of(0, 0, 0, 0, 0, 0, 1), 1, 1, Prefixes::yes},

    {"Hz", kFrequency, 1, 1, Prefixes::yes},
    {"N", dimension_of(1, 1, -2), 1, 1, Prefixes::yes},
    {"Pa", kPressure, 1, 1, Prefixes::yes},
    {"J", kEnergy, 1, 1, Prefixes::yes},
    {"W", kPower, 1, 1, Prefixes::yes},
    {"VA", kPower, 1, 1, Prefixes::yes},
    {"var", kPower, 1, 1, Prefixes::yes},
    {"V", dimension_of(2, 1, -3, -1), 1, 1, Prefixes::yes},
    {"Ohm", kResistance, 1, 1, Prefixes::yes},
    {"\u03a9", kResistance, 1, 1, Prefixes::yes},
    {"F", dimension_of(-2, -1, 4, 2), 1, 1, Prefixes::yes},
    {"C", kCharge, 1, 1, Prefixes::yes},
    {"S", dimension_of(-2, -1, 3, 2), 1, 1, Prefixes::yes},
    {"Wb", dimension_of(2, 1, -2, -1), 1, 1, Prefixes::yes},
    {"T", dimension_of(0, 1, -2, -1), 1, 1, Prefixes::yes},
    {"H", dimension_of(2, 1, -2, -2), 1, 1, Prefixes::yes},
    {"g0", dimension_of(1, 0, -2), 980665, 100000, Prefixes::no},

    {"L", kVolume, 1, 1000, Prefixes::yes},
    {"t", kMass, 1000, 1, Prefixes::no},
    {"bar", kPressure, 100000, 1, Prefixes::yes},
    {"psi", kPressure, 44482216152605, 6451600000, Prefixes::no},
    {"atm", kPressure, 101325, 1, Prefixes::no},
    {"min", kTime, 60, 1, Prefixes::no},
    {"h", kTime, 3600, 1, Prefixes::no},
    {"d", kTime, 86400, 1, Prefixes::no},
    {"Wh", kEnergy, 3600, 1, Prefixes::yes},
    {"VAh", kEnergy, 3600, 1, Prefixes::yes},
    {"varh", kEnergy, 3600, 1, Prefixes::yes},
    {"Ah", kCharge, 3600, 1, Prefixes::yes},
    {"rpm", kFrequency, 1, 60, Prefixes::no},
    {"in", kLength, 254, 10000, Prefixes::no},
    {"ft", kLength, 3048, 10000, Prefixes::no},
    {"lb", kMass, 45359237, 100000000, Prefixes::no},
    {"gal", kVolume, 3785411784, 1000000000000, Prefixes::no},
    {"BTU", kEnergy, 105505585262, 100000000, Prefixes::no},

    {"degC", kTemperature, 1, 1, Prefixes::no, 273.15, true},
    {"\u00b0C", kTemperature, 1, 1, Prefixes::no, 273.15, true},
    {"degF", kTemperature, 5, 9, Prefixes::no, 459.67 * 5 / 9, true},
    {"\u00b0F", kTemperature, 5, 9, Prefixes::no, 459.67 * 5 / 9, true},
    {"delta_degC", kTemperature, 1, 1, Prefixes::no},
    {"delta_degF", kTemperature, 5, 9, Prefixes::no},

    {"%", kNone, 1, 100, Prefixes::no},
    {"ppm", kNone, 1, 1000000, Prefixes::no},
    {"pH", kNone, 1, 1, Prefixes::no},
    {"rad", kNone, 1, 1, Prefixes::yes},
    {"deg", kNone, std::numbers::pi, 180, Prefixes::no},
};

struct PrefixRow {
  std::string_view symbol;
  double numerator;
  double denominator;
};
constexpr PrefixRow kPrefixes[] = {
    {"T", 1e12, 1},     {"G", 1e9, 1}, {"M", 1e6, 1},  {"k", 1e3, 1}, {"h", 1e2, 1},
    {"d", 1, 1e1},      {"c", 1, 1e2}, {"m", 1, 1e3},  {"u", 1, 1e6}, {"\u00b5", 1, 1e6},
    {"\u03bc", 1, 1e6}, {"n", 1, 1e9}, {"p", 1, 1e12},
};

bool is_exact(double x) {
  return x <= kExactMax && x == std::floor(x);
}

// Takes the common factor out of two parts of a ratio, where both are whole numbers.
void cancel(double& above, double& below) {
  if (above == below) {
    above = below = 1;
  } else if (is_exact(above) && is_exact(below)) {
    const auto common =
        static_cast<double>(std::gcd(static_cast<std::int64_t>(above), static_cast<std::int64_t>(below)));
    above /= common;
    below /= common;
  }
}

struct Ratio {
  double numerator;
  double denominator;
};

// `a * b` in lowest terms; cancelling crosswise first keeps the parts small enough to be exact.
Ratio multiply(Ratio a, Ratio b) {
  cancel(a.numerator, a.denominator);
  cancel(b.numerator, b.denominator);
  cancel(a.numerator, b.denominator);
  cancel(b.numerator, a.denominator);
  return {a.numerator * b.numerator, a.denominator * b.denominator};
}

bool in_range(double scale) {
  return scale > 1 / kScaleMax && scale < kScaleMax;
}

// `a * b^sign`.
std::optional<Unit> combine(const Unit& a, const Unit& b, int sign) {
  POLLUX_ASSERT(!a.is_point && !b.is_point);
  Unit result;
  for (std::size_t i = 0; i < result.dimension.exponents.size(); ++i) {
    const int exponent = a.dimension.exponents[i] + sign * b.dimension.exponents[i];
    if (std::abs(exponent) > kDimensionExponentMax) return std::nullopt;
    result.dimension.exponents[i] = static_cast<std::int8_t>(exponent);
  }
  const Ratio factor = sign > 0 ? Ratio{b.numerator, b.denominator} : Ratio{b.denominator, b.numerator};
  const Ratio scale = multiply({a.numerator, a.denominator}, factor);
  if (!in_range(scale.numerator) || !in_range(scale.denominator)) return std::nullopt;
  result.numerator = scale.numerator;
  result.denominator = scale.denominator;
  return result;
}

std::optional<Unit> power(const Unit& unit, int exponent) {
  std::optional<Unit> result = Unit{};
  for (int i = 0; result && i < std::abs(exponent); ++i) {
    result = combine(*result, unit, exponent < 0 ? -1 : 1);
  }
  return result;
}

Unit unit_of(const UnitRow& row, Ratio prefix) {
  const Ratio scale = multiply({row.numerator, row.denominator}, prefix);
  return {"", row.dimension, scale.numerator, scale.denominator, row.offset, row.is_point};
}

std::optional<Unit> find_symbol(std::string_view symbol) {
  for (const UnitRow& row : kUnits) {
    if (row.symbol == symbol) return unit_of(row, {1, 1});
  }
  for (const PrefixRow& prefix : kPrefixes) {
    if (!symbol.starts_with(prefix.symbol)) continue;
    const std::string_view rest = symbol.substr(prefix.symbol.size());
    for (const UnitRow& row : kUnits) {
      if (row.prefixes == Prefixes::yes && row.symbol == rest) {
        return unit_of(row, {prefix.numerator, prefix.denominator});
      }
    }
  }
  return std::nullopt;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_symbol_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '%' || (c & 0x80) != 0;
}

// Recursive descent: expression = factor {("*" | "/") factor}; factor = atom ["^" integer];
// atom = symbol [digit] | "1" | "(" expression ")".
class UnitParser {
 public:
  explicit UnitParser(std::string_view text) : text_(text), rest_(text) {}

  Result<Unit> parse() {
    Result<Unit> unit = expression(0);
    if (unit && !rest_.empty()) return unexpected();
    return unit;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Error invalid(const std::string& why) const {
    return {ErrorCode::invalid, "'" + std::string(text_) + "' is not a unit: " + why, std::string(text_),
            "units are joined with *, / and ^ without spaces, for example kJ/(kg*K)"};
  }

  Error unexpected() const {
    if (rest_.empty()) return invalid("a unit symbol is missing at its end");
    return invalid("'" + std::string(rest_.substr(0, 1)) + "' cannot stand there");
  }

  Result<Unit> expression(int depth) {
    if (depth > kNestingMax) return invalid("it is nested too deeply");
    Result<Unit> left = factor(depth);
    while (left && !rest_.empty() && (rest_.front() == '*' || rest_.front() == '/')) {
      const int sign = rest_.front() == '*' ? 1 : -1;
      rest_.remove_prefix(1);
      Result<Unit> right = factor(depth);
      if (!right) return right;
      left = joined(combine_spans(*left, *right, sign), *left, *right);
    }
    return left;
  }

  static std::optional<Unit> combine_spans(const Unit& a, const Unit& b, int sign) {
    return a.is_point || b.is_point ? std::nullopt : combine(a, b, sign);
  }

  Result<Unit> joined(std::optional<Unit> unit, const Unit& a, const Unit& b) const {
    if (unit) return *std::move(unit);
    if (a.is_point || b.is_point) return point_error();
    return invalid("its scale or an exponent is out of range");
  }

  Error point_error() const {
    return {
        ErrorCode::invalid,
        "'" + std::string(text_) +
            "' multiplies or raises a temperature on a scale with an arbitrary zero, which has no meaning",
        std::string(text_), "for a difference of temperatures write K, delta_degC or delta_degF"};
  }

  Result<Unit> factor(int depth) {
    Result<Unit> base = atom(depth);
    if (!base || !take('^')) return base;
    const bool negative = take('-');
    if (rest_.empty() || !is_digit(rest_.front())) return unexpected();
    const int exponent = rest_.front() - '0';
    rest_.remove_prefix(1);
    if (exponent == 0 || exponent > kSymbolExponentMax || (!rest_.empty() && is_digit(rest_.front()))) {
      return invalid("an exponent must be a whole number from 1 to 9 or -1 to -9");
    }
    return raised(*base, negative ? -exponent : exponent);
  }

  Result<Unit> raised(const Unit& base, int exponent) const {
    if (base.is_point) return point_error();
    return joined(power(base, exponent), base, base);
  }

  Result<Unit> atom(int depth) {
    if (take('(')) {
      Result<Unit> inner = expression(depth + 1);
      if (inner && !take(')')) return rest_.empty() ? invalid("a ')' is missing") : unexpected();
      return inner;
    }
    if (take('1')) return Unit{};
    std::size_t letters = 0;
    while (letters < rest_.size() && is_symbol_byte(rest_[letters])) ++letters;
    if (letters == 0) return unexpected();
    const bool has_digit = letters < rest_.size() && is_digit(rest_[letters]);
    const std::string_view with_digit = rest_.substr(0, letters + (has_digit ? 1 : 0));
    const std::string_view symbol = rest_.substr(0, letters);
    rest_.remove_prefix(with_digit.size());
    if (const auto unit = find_symbol(with_digit)) return *unit;
    const auto unit = find_symbol(symbol);
    const int exponent = has_digit ? with_digit.back() - '0' : 1;
    if (!unit || exponent == 0) return unknown(with_digit);
    return has_digit ? raised(*unit, exponent) : Result<Unit>(*unit);
  }

  Error unknown(std::string_view symbol) const {
    const std::string nearest = nearest_unit(symbol);
    return {ErrorCode::not_found, "'" + std::string(symbol) + "' is not a unit", std::string(symbol),
            nearest.empty() ? "units are case-sensitive; see schema/expression/EXPRESSIONS.md for the list"
                            : "did you mean " + nearest + "?"};
  }

  std::string_view text_;
  std::string_view rest_;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Unit> parse_unit(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text == "1") return Unit{};
  if (text.size() > kUnitBytesMax) {
    return Error{ErrorCode::invalid, "a unit of more than 128 bytes is not accepted",
                 std::string(text.substr(0, 32)), ""};
  }
  Result<Unit> unit = UnitParser(text).parse();
  if (unit) unit->text = std::string(text);
  return unit;
}

std::string nearest_unit(std::string_view symbol) {
  std::vector<std::string> candidates;
  for (const UnitRow& row : kUnits) candidates.emplace_back(row.symbol);
  for (const UnitRow& row : kUnits) {
    if (row.prefixes == Prefixes::no) continue;
    for (const char prefix : {'k', 'm', 'M', 'G'}) candidates.push_back(prefix + std::string(row.symbol));
  }
  for (const std::string& candidate : candidates) {
    const auto same_letter = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
    if (std::equal(symbol.begin(), symbol.end(), candidate.begin(), candidate.end(), same_letter)) {
      return candidate;
    }
  }
  return nearest_name(symbol, candidates);
}

std::optional<Unit> product(const Unit& a, const Unit& b) {
  return combine(a, b, 1);
}

std::optional<Unit> quotient(const Unit& a, const Unit& b) {
  return combine(a, b, -1);
}

bool convertible(const Unit& from, const Unit& to) {
  return from.dimension == to.dimension && from.is_point == to.is_point;
}

Conversion conversion(const Unit& from, const Unit& to) {
  POLLUX_ASSERT(convertible(from, to));
  const Ratio scale = multiply({from.numerator, from.denominator}, {to.denominator, to.numerator});
  return {scale.numerator, scale.denominator, (from.offset - to.offset) * to.denominator / to.numerator};
}

Unit si_unit(const Dimension& dimension) {
  Unit unit;
  unit.dimension = dimension;
  if (dimension != Dimension{}) unit.text = describe(dimension);
  return unit;
}

std::string describe(const Dimension& dimension) {
  constexpr std::array<std::size_t, 7> kOrder = {1, 0, 2, 3, 4, 5, 6};  // kg first, as SI writes it
  constexpr std::array<const char*, 7> kSymbols = {"m", "kg", "s", "A", "K", "mol", "cd"};
  std::string above;
  std::string below;
  int factors_below = 0;
  for (const std::size_t i : kOrder) {
    const int exponent = dimension.exponents[i];
    if (exponent == 0) continue;
    std::string& side = exponent > 0 ? above : below;
    if (!side.empty()) side += "*";
    side += kSymbols[i];
    if (std::abs(exponent) > 1) side += "^" + std::to_string(std::abs(exponent));
    if (exponent < 0) ++factors_below;
  }
  if (above.empty() && below.empty()) return "plain number";
  if (below.empty()) return above;
  if (factors_below > 1) below = "(" + below + ")";
  return (above.empty() ? "1" : above) + "/" + below;
}

}  // namespace pollux::schema
