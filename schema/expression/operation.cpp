#include "schema/expression/operation.h"

#include "schema/assert.h"

namespace pollux::schema {

double compute_by_library(Operation operation, double left, double right) {
  switch (operation) {
    case Operation::square_root:
      return std::sqrt(left);
    case Operation::exponential:
      return std::exp(left);
    case Operation::natural_log:
      return std::log(left);
    case Operation::decimal_log:
      return std::log10(left);
    case Operation::power:
      return std::pow(left, right);
    case Operation::floor:
      return std::floor(left);
    case Operation::ceiling:
      return std::ceil(left);
    case Operation::round:
      return std::round(left);
    case Operation::sign:
      return left > 0 ? 1 : left < 0 ? -1 : 0;
    case Operation::sine:
      return std::sin(left);
    case Operation::cosine:
      return std::cos(left);
    case Operation::tangent:
      return std::tan(left);
    case Operation::arc_tangent:
      return std::atan2(left, right);
    default:
      POLLUX_ASSERT(false, "every other operation is computed in place");
      return 0;
  }
}

}  // namespace pollux::schema
