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
  // From here on, calls into the mathematics library.
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
};

constexpr bool is_in_library(Operation operation) {
  return operation >= Operation::square_root;
}
/// The operations that are calls into the mathematics library, kept out of the way of the others.
double compute_by_library(Operation operation, double left, double right);

/// The result of an operation on good operands; one that is not finite stands for a bad value.
///
/// Operations that could turn an operand that is not finite into an ordinary result (comparing it, dividing
/// by it) make `poison` NaN instead; then the result must be found by `Program::evaluate_carefully`. `other`
/// is looked at only by the one operation that has three operands.
[[gnu::always_inline]] inline double compute(Operation operation, double left, double right,
                                             const double& other, double& poison) {
  const auto hide_nothing_of = [&poison](double x) __attribute__((always_inline)) {
    poison += x - x;
  };
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
    case Operation::exponential:
    case Operation::sign:
      hide_nothing_of(left);
      return compute_by_library(operation, left, right);
    case Operation::power:
    case Operation::arc_tangent:
      hide_nothing_of(left);
      hide_nothing_of(right);
      return compute_by_library(operation, left, right);
    case Operation::square_root:
    case Operation::natural_log:
    case Operation::decimal_log:
    case Operation::floor:
    case Operation::ceiling:
    case Operation::round:
    case Operation::sine:
    case Operation::cosine:
    case Operation::tangent:
      return compute_by_library(operation, left, right);
  }
  __builtin_unreachable();
}

}  // namespace pollux::schema
