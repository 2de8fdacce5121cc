// A compiled expression: a pure function from an entity's operands to one value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "schema/value.h"

namespace pollux::schema {

/// Operations of the register machine; defined in operation.h together with their arithmetic.
enum class Operation : std::uint8_t;

/// One instruction: `frame[target] = operation(frame[left], frame[right], frame[other])`.
struct Instruction {
  Operation operation;
  std::uint8_t target;
  std::uint8_t left;
  std::uint8_t right;
  std::uint8_t other;
};

/// A straight-line program. Its frame holds the operands it reads, then its constants, then temporaries.
///
/// Immutable after compilation, so any thread may evaluate it. Evaluation allocates nothing, throws nothing,
/// and gives a `bad` value with its reason where arithmetic has no answer. The result's quality is the worst
/// of the operands it used; logic is three-valued (unknown and false is false). Both branches of an `if` are
/// computed and one is used: arithmetic has no side effects and a fault in the other one does not matter.
class Program {
 public:
  static constexpr std::size_t kRegistersMax = 32;  ///< Temporaries alive at once.
  static constexpr std::size_t kFrameMax = 128;     ///< Operands, constants and temporaries.
  static constexpr std::size_t kInstructionsMax = 1024;

  /// What a program is made of; put together by ProgramBuilder.
  struct Parts {
    std::vector<std::uint16_t> numbers;   ///< Operands that are numbers, in frame order.
    std::vector<std::uint16_t> discrete;  ///< Operands that are truth values or symbols, after the numbers.
    std::vector<double> constants;
    std::vector<Instruction> instructions;
    std::uint8_t result = 0;  ///< Where in the frame the result stands at the end.
    ValueType type = ValueType::number;
  };

  Program() = default;
  /// REQUIRES: every index lies in the frame and the frame within its bound.
  explicit Program(Parts parts);

  /// `operands`: the entity's attributes, then its single inputs, then its aggregates, each in its declared
  /// unit. Where all operands are good this is plain arithmetic; else it is `evaluate_carefully`.
  void evaluate(const Value* operands, Value& result) const;
  Value evaluate(const Value* operands) const {
    Value result;
    evaluate(operands, result);
    return result;
  }

  /// The same result by way of the quality and reason of every step; public so that tests can compare.
  [[gnu::noinline, gnu::cold]] Value evaluate_carefully(const Value* operands) const;

  /// Replaces each operand index `i` that it reads by `to[i]`.
  void renumber(const std::vector<std::uint16_t>& to);

  /// The operand indices this program reads, ascending, each once.
  const std::vector<std::uint16_t>& reads() const { return reads_; }

  /// Whether it only passes on its one operand.
  bool is_load() const {
    return parts_.instructions.empty() && parts_.constants.empty() && reads_.size() == 1;
  }

  const std::vector<Instruction>& instructions() const { return parts_.instructions; }
  ValueType type() const { return parts_.type; }
  /// True for a program that was never compiled.
  bool empty() const { return frame_size_ == 0; }

 private:
  template <bool library>
  void evaluate_plainly(const Value* operands, Value& result) const;
  [[gnu::noinline, gnu::cold]] void put_carefully(const Value* operands, Value& result) const {
    result = evaluate_carefully(operands);
  }
  void collect_reads();

  Parts parts_;
  bool calls_library_ = false;
  std::vector<std::uint16_t> reads_;
  std::size_t frame_size_ = 0;
};

}  // namespace pollux::schema
