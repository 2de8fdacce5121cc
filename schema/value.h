// The typed, quality-carrying value of an attribute: 16 bytes, trivially copyable, compared bit for bit.
#pragma once

#include <bit>
#include <cstdint>

namespace pollux::schema {

/// What a value is made of. Numbers carry no unit here: the unit is that of the attribute's declaration.
enum class ValueType : std::uint8_t { number, boolean, symbol };

/// An interned name of the model (an enumeration member, a machine state, a constraint status).
using Symbol = std::uint32_t;

/// How far a value can be trusted, best first. `unknown` means there is no value at all.
enum class Quality : std::uint8_t { good, uncertain, stale, bad, unknown };

/// Why a value is not `good`.
enum class Reason : std::uint8_t {
  none,
  not_yet_observed,    ///< No event has given it a value.
  reported_by_source,  ///< The source itself said so.
  no_recent_event,     ///< The source has been silent for longer than expected.
  division_by_zero,
  not_a_number,    ///< Square root of a negative number, logarithm of zero, ...
  overflow,        ///< The result is not finite.
  empty_input,     ///< mean, min or max over an input bound to nothing.
  input_not_good,  ///< Inherited: an operand was not good.
  plugin_failed,
};

/// A value at one moment. `bad` and `unknown` values have a zero payload, so equal states have equal bits.
struct Value {
  std::uint64_t bits = 0;
  ValueType type = ValueType::number;
  Quality quality = Quality::unknown;
  Reason reason = Reason::not_yet_observed;
  std::uint8_t padding[5] = {};

  /// REQUIRES: `x` is finite. Negative zero becomes zero.
  static constexpr Value number(double x, Quality quality = Quality::good, Reason reason = Reason::none) {
    return {std::bit_cast<std::uint64_t>(x + 0.0), ValueType::number, quality, reason, {}};
  }
  static constexpr Value boolean(bool x, Quality quality = Quality::good, Reason reason = Reason::none) {
    return {x ? 1u : 0u, ValueType::boolean, quality, reason, {}};
  }
  static constexpr Value symbol(Symbol x, Quality quality = Quality::good, Reason reason = Reason::none) {
    return {x, ValueType::symbol, quality, reason, {}};
  }
  static constexpr Value bad(ValueType type, Reason reason) { return {0, type, Quality::bad, reason, {}}; }
  static constexpr Value unknown(ValueType type, Reason reason) {
    return {0, type, Quality::unknown, reason, {}};
  }

  constexpr double as_number() const { return std::bit_cast<double>(bits); }
  constexpr bool as_boolean() const { return bits != 0; }
  constexpr Symbol as_symbol() const { return static_cast<Symbol>(bits); }

  /// Whether the payload may be used: `good`, `uncertain` or `stale`.
  constexpr bool usable() const { return quality < Quality::bad; }

  friend constexpr bool operator==(const Value& a, const Value& b) {
    return a.bits == b.bits && a.type == b.type && a.quality == b.quality && a.reason == b.reason;
  }
};
static_assert(sizeof(Value) == 16);

/// The less trustworthy of two.
constexpr Quality worst(Quality a, Quality b) {
  return a < b ? b : a;
}

/// Lower-case names as used in JSON, the model file and logs.
const char* name_of(Quality quality);
const char* name_of(Reason reason);
const char* name_of(ValueType type);

}  // namespace pollux::schema
