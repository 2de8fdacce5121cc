#include "schema/expression/program_builder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "schema/assert.h"

namespace pollux::schema {
namespace {

static_assert(Program::kRegistersMax == 32, "temporaries are kept as the bits of a word");

template <class T, class Same>
std::uint16_t index_of(std::vector<T>& list, const T& item, Same same) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const T& other) { return same(other, item); });
  const auto index = static_cast<std::uint16_t>(found - list.begin());
  if (found == list.end()) list.push_back(item);
  return index;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

Slot ProgramBuilder::load(std::uint16_t operand, ValueType type) {
  const bool is_number = type == ValueType::number;
  std::vector<std::uint16_t>& list = is_number ? numbers_ : discrete_;
  return {is_number ? Slot::Kind::number_load : Slot::Kind::discrete_load,
          index_of(list, operand, std::equal_to<>())};
}

Slot ProgramBuilder::constant(double x) {
  return {Slot::Kind::constant, index_of(constants_, x, same_bits)};
}

Slot ProgramBuilder::convert(Slot slot, const Conversion& conversion) {
  if (conversion.identity()) return slot;
  // As Conversion does it, so that a binding and an expression give the same bits.
  if (conversion.numerator != 1) slot = apply(Operation::multiply, slot, constant(conversion.numerator));
  if (conversion.denominator != 1) slot = apply(Operation::divide, slot, constant(conversion.denominator));
  if (conversion.offset != 0) slot = apply(Operation::add, slot, constant(conversion.offset));
  return slot;
}

Slot ProgramBuilder::power(Slot slot, int exponent) {
  POLLUX_ASSERT(exponent != 0);
  const auto times = static_cast<unsigned>(std::abs(exponent));
  const std::uint32_t held_before = held_;
  if (slot.kind == Slot::Kind::temporary) held_ |= 1u << slot.index;
  Slot result = slot;
  for (int bit = std::bit_width(times) - 2; bit >= 0; --bit) {
    result = apply(Operation::multiply, result, result);
    if ((times >> bit & 1u) != 0) result = apply(Operation::multiply, result, slot);
  }
  held_ = held_before;
  if (times > 1) release(slot);
  return exponent > 0 ? result : apply(Operation::divide, constant(1), result);
}

Slot ProgramBuilder::emit(Operation operation, Slot left, Slot right, Slot other) {
  if (is_constant(left) && is_constant(right) && is_constant(other)) {
    double poison = 0;
    const double x =
        compute(operation, constants_[left.index], constants_[right.index], constants_[other.index], poison);
    if (std::isfinite(x + poison)) return constant(x);
  }
  if (steps_.size() == Program::kInstructionsMax) {
    exceeded_ = "more than 1024 operations";
    return left;
  }
  for (const Slot slot : {left, right, other}) release(slot);
  const Slot target = take_temporary();
  steps_.push_back({operation, target, left, right, other});
  return target;
}

Slot ProgramBuilder::take_temporary() {
  const int index = std::countr_one(taken_);
  if (index == static_cast<int>(Program::kRegistersMax)) {
    exceeded_ = "more than 32 intermediate results at once";
    return {};
  }
  taken_ |= 1u << index;
  return {Slot::Kind::temporary, static_cast<std::uint16_t>(index)};
}

void ProgramBuilder::release(Slot slot) {
  if (slot.kind == Slot::Kind::temporary) taken_ &= ~(1u << slot.index) | held_;
}

// Folding leaves behind the constants it started from.
void ProgramBuilder::drop_unused_constants(Slot& result) {
  std::vector<double> kept;
  const auto keep = [&](Slot& slot) {
    if (is_constant(slot)) slot.index = index_of(kept, constants_[slot.index], same_bits);
  };
  for (Step& step : steps_) {
    for (Slot* slot : {&step.left, &step.right, &step.other}) keep(*slot);
  }
  keep(result);
  constants_ = std::move(kept);
}

std::optional<Program> ProgramBuilder::finish(Slot result, ValueType type) {
  drop_unused_constants(result);
  const std::size_t fixed = numbers_.size() + discrete_.size() + constants_.size();
  if (fixed + Program::kRegistersMax > Program::kFrameMax) {
    exceeded_ = "more than 96 different operands and constants";
  }
  if (!exceeded_.empty()) return std::nullopt;
  std::vector<Instruction> instructions;
  for (const Step& step : steps_) {
    instructions.push_back({step.operation, frame_index(step.target), frame_index(step.left),
                            frame_index(step.right), frame_index(step.other)});
  }
  const std::uint8_t at = frame_index(result);
  return Program({numbers_, discrete_, constants_, std::move(instructions), at, type});
}

std::uint8_t ProgramBuilder::frame_index(Slot slot) const {
  std::size_t index = slot.index;
  if (slot.kind > Slot::Kind::number_load) index += numbers_.size();
  if (slot.kind > Slot::Kind::discrete_load) index += discrete_.size();
  if (slot.kind > Slot::Kind::constant) index += constants_.size();
  return static_cast<std::uint8_t>(index);
}

}  // namespace pollux::schema
