// Puts a program together one operation at a time: loads, constants, folding, registers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/expression/operation.h"
#include "schema/expression/program.h"
#include "schema/unit.h"

namespace pollux::schema {

/// Where a value stands in a program under construction.
struct Slot {
  enum class Kind : std::uint8_t { number_load, discrete_load, constant, temporary };
  Kind kind = Kind::temporary;
  std::uint16_t index = 0;
};

/// Operations consume temporaries: a slot that was passed to one must not be used again, except loads and
/// constants. Operations on constants are folded where the result is finite. A bound that is exceeded is kept
/// in `exceeded()`, and building may go on without effect.
class ProgramBuilder {
 public:
  Slot load(std::uint16_t operand, ValueType type);
  Slot constant(double x);
  bool is_constant(Slot slot) const { return slot.kind == Slot::Kind::constant; }

  Slot apply(Operation operation, Slot operand) { return emit(operation, operand, operand, operand); }
  Slot apply(Operation operation, Slot left, Slot right) { return emit(operation, left, right, left); }
  Slot choose(Slot condition, Slot yes, Slot no) { return emit(Operation::choose, condition, yes, no); }
  Slot convert(Slot slot, const Conversion& conversion);
  /// `slot` raised by repeated multiplication. REQUIRES: `exponent` is not 0.
  Slot power(Slot slot, int exponent);

  /// The program that yields `result`, or nothing where a bound was exceeded.
  std::optional<Program> finish(Slot result, ValueType type);

  /// Which bound was exceeded, as part of a sentence; empty while all is well.
  const std::string& exceeded() const { return exceeded_; }

 private:
  struct Step {
    Operation operation;
    Slot target;
    Slot left;
    Slot right;
    Slot other;
  };

  Slot emit(Operation operation, Slot left, Slot right, Slot other);
  Slot take_temporary();
  void release(Slot slot);
  void drop_unused_constants(Slot& result);
  std::uint8_t frame_index(Slot slot) const;

  std::vector<std::uint16_t> numbers_;
  std::vector<std::uint16_t> discrete_;
  std::vector<double> constants_;
  std::vector<Step> steps_;
  std::uint32_t taken_ = 0;  // one bit for each temporary
  std::uint32_t held_ = 0;   // temporaries not to be released yet
  std::string exceeded_;
};

}  // namespace pollux::schema
