// A compiled expression: a pure function from an entity's operands to one value.
#pragma once

#include <cstdint>
#include <vector>

#include "schema/value.h"

namespace pollux::schema {

/// Operations of the register machine; defined in program.cpp together with their evaluation.
enum class Operation : std::uint8_t;

/// One instruction; registers and operands are indices, literals live in the program's constant table.
struct Instruction {
  Operation operation;
  std::uint16_t target;
  std::uint16_t left;
  std::uint16_t right;
};

/// A straight-line program with forward jumps only, so it ends after at most `instructions.size()` steps.
///
/// Immutable after compilation, so any thread may evaluate it. Evaluation allocates nothing, throws nothing,
/// and gives a `bad` value with its reason where arithmetic has no answer. The result's quality is the worst
/// of the operands it used; logic is three-valued (unknown and false is false).
class Program {
 public:
  static constexpr std::size_t kRegistersMax = 32;
  static constexpr std::size_t kInstructionsMax = 1024;

  Program() = default;
  Program(std::vector<Instruction> instructions, std::vector<double> constants, ValueType type);

  /// `operands`: the entity's attributes, then its single inputs, then its aggregates, each in its declared
  /// unit.
  Value evaluate(const Value* operands) const;

  /// The operand indices this program reads, ascending, each once.
  const std::vector<std::uint16_t>& reads() const { return reads_; }

  ValueType type() const { return type_; }
  bool empty() const { return instructions_.empty(); }

 private:
  std::vector<Instruction> instructions_;
  std::vector<double> constants_;
  std::vector<std::uint16_t> reads_;
  ValueType type_ = ValueType::number;
};

}  // namespace pollux::schema
