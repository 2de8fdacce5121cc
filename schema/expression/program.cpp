#include "schema/expression/program.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#include "schema/assert.h"
#include "schema/expression/operation.h"

namespace pollux::schema {
namespace {

// A value on the careful path: its payload is zero where it cannot be used.
struct Register {
  double x;
  Quality quality;
  Reason reason;

  bool usable() const { return quality < Quality::bad; }
  bool is(bool truth) const { return usable() && (x != 0) == truth; }
};

constexpr Register kGood = {0, Quality::good, Reason::none};

Register load(const Value& value, double x) {
  if (value.quality == Quality::good) return {x, Quality::good, Reason::none};
  return {value.usable() ? x : 0, value.quality, Reason::input_not_good};
}

// The quality and reason of what depends on both; on a tie the left one tells why.
Register worse(const Register& left, const Register& right) {
  return left.quality < right.quality ? right : left;
}

// Why usable operands gave a result that is not finite.
Reason fault(Operation operation, double left, double right, double result) {
  switch (operation) {
    case Operation::divide:
      return right == 0 ? Reason::division_by_zero : Reason::overflow;
    case Operation::natural_log:
    case Operation::decimal_log:
      return Reason::not_a_number;
    case Operation::power:
      if (left == 0) return Reason::division_by_zero;
      [[fallthrough]];
    default:
      return std::isnan(result) ? Reason::not_a_number : Reason::overflow;
  }
}

Register arithmetic(Operation operation, const Register& left, const Register& right) {
  Register result = worse(left, right);
  result.x = 0;
  if (!result.usable()) return result;
  double poison = 0;
  const double x = compute(operation, left.x, right.x, 0, poison);
  if (!std::isfinite(x)) return {0, Quality::bad, fault(operation, left.x, right.x, x)};
  result.x = x;
  return result;
}

// Three-valued `and` (deciding = false) and `or` (deciding = true): an operand that decides alone is enough;
// where both do, the better one is used.
Register logical(const Register& left, const Register& right, bool deciding) {
  if (left.is(deciding) && right.is(deciding)) return left.quality <= right.quality ? left : right;
  if (left.is(deciding)) return left;
  if (right.is(deciding)) return right;
  Register result = worse(left, right);
  result.x = result.usable() && !deciding ? 1 : 0;
  return result;
}

Register choose(const Register& condition, const Register& yes, const Register& no) {
  if (!condition.usable()) return {0, condition.quality, condition.reason};
  const Register& chosen = condition.x != 0 ? yes : no;
  Register result = worse(condition, chosen);
  result.x = chosen.x;
  return result;
}

Register step(Operation operation, const Register& left, const Register& right, const Register& other) {
  switch (operation) {
    case Operation::logical_and:
      return logical(left, right, false);
    case Operation::logical_or:
      return logical(left, right, true);
    case Operation::choose:
      return choose(left, right, other);
    case Operation::fall_back:
      return left.usable() ? left : right;
    case Operation::is_known:
      return {left.usable() ? 1.0 : 0.0, kGood.quality, kGood.reason};
    case Operation::quality_of:
      return {static_cast<double>(left.quality), kGood.quality, kGood.reason};
    default:
      return arithmetic(operation, left, right);
  }
}

/// Writes a good value in one store of 16 bytes. A value written in two halves and then copied whole makes
/// the copy wait until both halves have reached the cache, behind every other store.
void write_whole(Value& to, std::uint64_t bits, ValueType type) {
  static_assert(offsetof(Value, type) == 8 && std::endian::native == std::endian::little);
  static_assert(static_cast<int>(Quality::good) == 0 && static_cast<int>(Reason::none) == 0);
  using Words = std::uint64_t __attribute__((vector_size(16)));
  const Words words = {bits, static_cast<std::uint64_t>(type)};
  std::memcpy(static_cast<void*>(&to), &words, sizeof to);
}

}  // namespace

Program::Program(Parts parts) : parts_(std::move(parts)) {
  frame_size_ = parts_.numbers.size() + parts_.discrete.size() + parts_.constants.size();
  for (const Instruction& instruction : parts_.instructions) {
    const std::size_t filled = frame_size_;
    frame_size_ = std::max<std::size_t>(frame_size_, instruction.target + 1u);
    POLLUX_ASSERT(std::max({instruction.left, instruction.right, instruction.other}) < filled,
                  "an instruction reads what was written before it");
  }
  calls_library_ = std::ranges::any_of(parts_.instructions, is_in_library, &Instruction::operation);
  POLLUX_ASSERT(frame_size_ <= kFrameMax && parts_.instructions.size() <= kInstructionsMax);
  POLLUX_ASSERT(parts_.result < frame_size_);
  collect_reads();
}

void Program::renumber(const std::vector<std::uint16_t>& to) {
  for (std::uint16_t& operand : parts_.numbers) operand = to[operand];
  for (std::uint16_t& operand : parts_.discrete) operand = to[operand];
  collect_reads();
}

void Program::collect_reads() {
  reads_ = parts_.numbers;
  reads_.insert(reads_.end(), parts_.discrete.begin(), parts_.discrete.end());
  std::sort(reads_.begin(), reads_.end());
  reads_.erase(std::unique(reads_.begin(), reads_.end()), reads_.end());
}

/// Without calls into the mathematics library there is no need to save registers from them.
void Program::evaluate(const Value* operands, Value& result) const {
  if (calls_library_) return evaluate_plainly<true>(operands, result);
  evaluate_plainly<false>(operands, result);
}

template <bool library>
[[gnu::always_inline]] inline void Program::evaluate_plainly(const Value* operands, Value& result) const {
  double frame[kFrameMax];
  double* next = frame;
  unsigned qualities = 0;
  for (const std::uint16_t index : parts_.numbers) {
    qualities |= static_cast<unsigned>(operands[index].quality);
    *next++ = operands[index].as_number();
  }
  for (const std::uint16_t index : parts_.discrete) {
    qualities |= static_cast<unsigned>(operands[index].quality);
    *next++ = static_cast<double>(operands[index].as_symbol());
  }
  if (qualities != static_cast<unsigned>(Quality::good)) {
    return put_carefully(operands, result);
  }
  for (const double constant : parts_.constants) *next++ = constant;
  double poison = 0;
  for (const Instruction& step : parts_.instructions) {
    if (!library && is_in_library(step.operation)) __builtin_unreachable();
    frame[step.target] =
        compute(step.operation, frame[step.left], frame[step.right], frame[step.other], poison);
  }
  const double x = frame[parts_.result];
  if (!std::isfinite(x + poison)) {
    return put_carefully(operands, result);
  }
  const std::uint64_t bits = parts_.type == ValueType::number    ? std::bit_cast<std::uint64_t>(x + 0.0)
                             : parts_.type == ValueType::boolean ? static_cast<std::uint64_t>(x != 0)
                                                                 : static_cast<std::uint64_t>(x);
  write_whole(result, bits, parts_.type);
}

Value Program::evaluate_carefully(const Value* operands) const {
  POLLUX_ASSERT(!empty());
  Register frame[kFrameMax];
  Register* next = frame;
  for (const std::uint16_t index : parts_.numbers)
    *next++ = load(operands[index], operands[index].as_number());
  for (const std::uint16_t index : parts_.discrete) {
    *next++ = load(operands[index], static_cast<double>(operands[index].as_symbol()));
  }
  for (const double constant : parts_.constants) *next++ = {constant, kGood.quality, kGood.reason};
  for (const Instruction& instruction : parts_.instructions) {
    frame[instruction.target] = step(instruction.operation, frame[instruction.left], frame[instruction.right],
                                     frame[instruction.other]);
  }
  const Register& result = frame[parts_.result];
  if (result.quality == Quality::bad) return Value::bad(parts_.type, result.reason);
  if (result.quality == Quality::unknown) return Value::unknown(parts_.type, result.reason);
  switch (parts_.type) {
    case ValueType::number:
      return Value::number(result.x, result.quality, result.reason);
    case ValueType::boolean:
      return Value::boolean(result.x != 0, result.quality, result.reason);
    case ValueType::symbol:
      return Value::symbol(static_cast<Symbol>(result.x), result.quality, result.reason);
  }
  __builtin_unreachable();
}

}  // namespace pollux::schema
