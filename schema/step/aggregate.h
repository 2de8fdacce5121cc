// Aggregates over an input bound to many attributes, kept incrementally.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "schema/value.h"

namespace pollux::schema {

enum class AggregateFunction : std::uint8_t { sum, mean, min, max, count, any, all };

std::optional<AggregateFunction> aggregate_function(std::string_view name);
const char* name_of(AggregateFunction function);

/// The aggregate of `size` present values in a binary tree of partial results with a fixed shape: the result
/// depends on the present values only, never on the updates that led there, bit for bit. Setting one value
/// costs O(log size), setting many before the result is asked for no more than O(size), reading it O(1). Not
/// thread-safe.
///
/// Quality is the worst of the members; an unknown or bad member makes the result so, except where
/// three-valued logic decides anyway (any with a true member, all with a false one; then the best of the
/// members that decide) and for `count`, which counts the usable members and is always good.
/// Where quality is inherited, the reason is `input_not_good`; a sum that is not finite is bad (overflow). Of
/// no members: sum and count are 0, any is false, all is true, the others unknown (empty_input).
class Aggregate {
 public:
  Aggregate(AggregateFunction function, std::size_t size);

  /// REQUIRES: `index < size()`.
  void set(std::size_t index, const Value& value) {
    place(index, value);
    settle();
  }
  /// Sets one of several: the result stands only after `settle`. REQUIRES: `index < size()`.
  void place(std::size_t index, const Value& value);
  /// Combines what was placed since, each partial result once.
  void settle();
  const Value& member(std::size_t index) const;
  std::size_t size() const { return size_; }

  /// REQUIRES: what was placed has settled.
  Value result() const;

 private:
  bool renew(std::uint32_t node);
  Value partial(std::size_t node) const;
  Value combine(const Value& a, const Value& b) const;

  AggregateFunction function_;
  std::size_t size_;
  std::vector<Value> nodes_;  // node i has children 2i and 2i + 1; node 1 is the root, members start at size_
  std::vector<std::uint32_t> stale_;  // nodes above what was placed
};

}  // namespace pollux::schema
