#include "schema/step/aggregate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "schema/assert.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::pair<std::string_view, AggregateFunction>, 7> kFunctions = {{
    {"sum", AggregateFunction::sum},
    {"mean", AggregateFunction::mean},
    {"min", AggregateFunction::min},
    {"max", AggregateFunction::max},
    {"count", AggregateFunction::count},
    {"any", AggregateFunction::any},
    {"all", AggregateFunction::all},
}};

bool is_logical(AggregateFunction function) {
  return function == AggregateFunction::any || function == AggregateFunction::all;
}

ValueType type_of(AggregateFunction function) {
  return is_logical(function) ? ValueType::boolean : ValueType::number;
}

// Not Value::number: a partial sum may be infinite, which the result then reports.
Value number_node(double x, Quality quality) {
  Value value = Value::number(0, quality, quality == Quality::good ? Reason::none : Reason::input_not_good);
  if (value.usable()) value.bits = std::bit_cast<std::uint64_t>(x);
  return value;
}

Value boolean_node(bool x, Quality quality) {
  const Reason reason = quality == Quality::good ? Reason::none : Reason::input_not_good;
  return Value::boolean(x && quality < Quality::bad, quality, reason);
}

// Three-valued `or` (deciding = true) and `and` (deciding = false).
Value logical(const Value& a, const Value& b, bool deciding) {
  const bool a_decides = a.usable() && a.as_boolean() == deciding;
  const bool b_decides = b.usable() && b.as_boolean() == deciding;
  if (a_decides && b_decides) return a.quality <= b.quality ? a : b;
  if (a_decides) return a;
  if (b_decides) return b;
  return boolean_node(!deciding, worst(a.quality, b.quality));
}

}  // namespace

std::optional<AggregateFunction> aggregate_function(std::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return std::nullopt;
}

const char* name_of(AggregateFunction function) {
  return kFunctions[static_cast<std::size_t>(function)].first.data();
}

Aggregate::Aggregate(AggregateFunction function, std::size_t size)
    : function_(function),
      size_(size),
      nodes_(2 * size, Value::unknown(type_of(function), Reason::not_yet_observed)) {
  for (std::size_t node = size_; node-- > 1;) {
    nodes_[node] = combine(partial(2 * node), partial(2 * node + 1));
  }
}

void Aggregate::place(std::size_t index, const Value& value) {
  POLLUX_ASSERT(index < size_);
  const std::size_t node = size_ + index;
  nodes_[node] = value;
  const auto above = static_cast<std::uint32_t>(node / 2);
  if (above > 0 && (stale_.empty() || stale_.back() != above)) stale_.push_back(above);
}

/// False where the node is as it was, and so is all above it.
bool Aggregate::renew(std::uint32_t node) {
  const Value combined = combine(partial(2 * node), partial(2 * node + 1));
  if (combined == nodes_[node]) return false;
  nodes_[node] = combined;
  return true;
}

/// From the highest number down, for a node's children have higher ones. The nodes above those renewed come
/// out in this order too; they queue up behind those that there were.
void Aggregate::settle() {
  if (!std::ranges::is_sorted(stale_)) std::ranges::sort(stale_);
  std::size_t placed = stale_.size();
  std::size_t above = placed;
  std::uint32_t last = 0;
  while (placed > 0 || above < stale_.size()) {
    const bool take_placed = placed > 0 && (above == stale_.size() || stale_[placed - 1] >= stale_[above]);
    const std::uint32_t node = stale_[take_placed ? --placed : above++];
    if (node == last) continue;
    last = node;
    if (renew(node) && node > 1) stale_.push_back(node / 2);
  }
  stale_.clear();
}

const Value& Aggregate::member(std::size_t index) const {
  POLLUX_ASSERT(index < size_);
  return nodes_[size_ + index];
}

// The contribution of a subtree; a member's own reason stays with the member.
Value Aggregate::partial(std::size_t node) const {
  const Value& value = nodes_[node];
  if (node < size_) return value;
  if (function_ == AggregateFunction::count) return number_node(value.usable() ? 1 : 0, Quality::good);
  if (is_logical(function_)) return boolean_node(value.as_boolean(), value.quality);
  return number_node(value.as_number(), value.quality);
}

Value Aggregate::combine(const Value& a, const Value& b) const {
  const double x = a.as_number();
  const double y = b.as_number();
  const Quality quality = worst(a.quality, b.quality);
  switch (function_) {
    case AggregateFunction::sum:
    case AggregateFunction::mean:
    case AggregateFunction::count:
      return number_node(x + y, quality);
    case AggregateFunction::min:
      return number_node(y < x ? y : x, quality);
    case AggregateFunction::max:
      return number_node(x < y ? y : x, quality);
    case AggregateFunction::any:
      return logical(a, b, true);
    case AggregateFunction::all:
      return logical(a, b, false);
  }
  POLLUX_ASSERT(false, "an aggregate has one of the named functions");
  return {};
}

Value Aggregate::result() const {
  POLLUX_ASSERT(stale_.empty(), "what was placed has settled");
  if (size_ == 0) {
    if (is_logical(function_)) return Value::boolean(function_ == AggregateFunction::all);
    const bool adds = function_ == AggregateFunction::sum || function_ == AggregateFunction::count;
    return adds ? Value::number(0) : Value::unknown(ValueType::number, Reason::empty_input);
  }
  const Value root = partial(1);
  if (is_logical(function_) || !root.usable()) return root;
  const bool is_mean = function_ == AggregateFunction::mean;
  const double x = is_mean ? root.as_number() / static_cast<double>(size_) : root.as_number();
  if (!std::isfinite(x)) return Value::bad(ValueType::number, Reason::overflow);
  return Value::number(x, root.quality, root.reason);
}

}  // namespace pollux::schema
