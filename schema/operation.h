// The operations of a compiled expression and their arithmetic on plain doubles.
#pragma once

#include <cmath>
#include <cstdint>

#include "schema/value.h"

namespace pollux::schema {

/// Truth values are 0 and 1, symbols their index. Operations of one operand take it as `left` and `right`.
enum class Operation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  negate,
  absolute,
  minimum,
  maximum,
  square_root,
  exponential,
  natural_log,
  decimal_log,
  power,
  floor,
  ceiling,
  round,  ///< Half away from zero.
  sign,
  sine,
  cosine,
  tangent,
  arc_tangent,  ///< atan2(left, right)
  less,
  less_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  logical_not,
  choose,     ///< `left` ? `right` : `other`
  fall_back,  ///< `left` where it is usable, else `right`
  is_known,
  quality_of,
};

/// The result of an operation on good operands; one that is not finite stands for a bad value.
///
/// Operations that could turn an operand that is not finite into an ordinary result (comparing it, dividing
/// by it) make `poison` NaN instead; then the result must be found by `Program::evaluate_carefully`.
inline double compute(Operation operation, double left, double right, double other, double& poison) {
  const auto hide_nothing_of = [&poison](double x) { poison += x - x; };
  switch (operation) {
    case Operation::add:
      return left + right;
    case Operation::subtract:
      return left - right;
    case Operation::multiply:
      return left * right;
    case Operation::divide:
      hide_nothing_of(right);
      return left / right;
    case Operation::negate:
      return -left;
    case Operation::absolute:
      return std::fabs(left);
    case Operation::minimum:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return right < left ? right : left;
    case Operation::maximum:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return left < right ? right : left;
    case Operation::square_root:
      return std::sqrt(left);
    case Operation::exponential:
      hide_nothing_of(left);
      return std::exp(left);
    case Operation::natural_log:
      return std::log(left);
    case Operation::decimal_log:
      return std::log10(left);
    case Operation::power:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return std::pow(left, right);
    case Operation::floor:
      return std::floor(left);
    case Operation::ceiling:
      return std::ceil(left);
    case Operation::round:
      return std::round(left);
    case Operation::sign:
      hide_nothing_of(left);
      return left > 0 ? 1 : left < 0 ? -1 : 0;
    case Operation::sine:
      return std::sin(left);
    case Operation::cosine:
      return std::cos(left);
    case Operation::tangent:
      return std::tan(left);
    case Operation::arc_tangent:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return std::atan2(left, right);
    case Operation::less:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return left < right ? 1 : 0;
    case Operation::less_equal:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return left <= right ? 1 : 0;
    case Operation::equal:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return left == right ? 1 : 0;
    case Operation::not_equal:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return left != right ? 1 : 0;
    case Operation::logical_and:
      return left != 0 && right != 0 ? 1 : 0;
    case Operation::logical_or:
      return left != 0 || right != 0 ? 1 : 0;
    case Operation::logical_not:
      return left != 0 ? 0 : 1;
    case Operation::choose:
      return left != 0 ? right : other;
    case Operation::fall_back:
      return std::isfinite(left) ? left : right;
    case Operation::is_known:
      return std::isfinite(left) ? 1 : 0;
    case Operation::quality_of:
      return static_cast<double>(std::isfinite(left) ? Quality::good : Quality::bad);
  }
  __builtin_unreachable();
}

}  // namespace pollux::schema
