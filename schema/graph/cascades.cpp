#include "schema/graph/cascades.h"

#include <algorithm>
#include <array>
#include <bit>

namespace pollux::schema {
namespace {

constexpr std::size_t kWords = 8;
constexpr std::size_t kColumns = kWords * 64;

/// One bit for each entity whose cascade is being counted.
using Bits = std::array<std::uint64_t, kWords>;

bool any(const Bits& bits) {
  return std::ranges::any_of(bits, [](std::uint64_t word) { return word != 0; });
}

/// Counts, for each of 512 columns, in how many of many rows its bit is set. Rows are added to binary
/// counters that lie across words, a plane a digit, so that a row costs a few operations a word whatever it
/// holds.
class ColumnCounts {
 public:
  void add(const Bits& row) {
    for (std::size_t w = 0; w < kWords; ++w) {
      std::uint64_t carry = row[w];
      for (std::size_t plane = 0; carry != 0; ++plane) {
        const std::uint64_t both = planes_[plane][w] & carry;
        planes_[plane][w] ^= carry;
        carry = both;
      }
    }
    if (++rows_ == kRowsMax) flush();
  }

  std::uint32_t of(std::size_t column) {
    flush();
    return totals_[column];
  }

 private:
  static constexpr std::size_t kPlanes = 8;
  static constexpr std::size_t kRowsMax = (1u << kPlanes) - 1;

  void flush() {
    if (rows_ == 0) return;
    for (std::size_t plane = 0; plane < kPlanes; ++plane) {
      for (std::size_t w = 0; w < kWords; ++w) {
        for (std::uint64_t word = planes_[plane][w]; word != 0; word &= word - 1) {
          totals_[w * 64 + static_cast<std::size_t>(std::countr_zero(word))] += 1u << plane;
        }
      }
    }
    planes_ = {};
    rows_ = 0;
  }

  std::array<Bits, kPlanes> planes_{};
  std::array<std::uint32_t, kColumns> totals_{};
  std::size_t rows_ = 0;
};

class Counter {
 public:
  explicit Counter(const Model& model) : model_(model), column_(model.entity_count(), kNone) {}

  /// REQUIRES: at most `kColumns`.
  void count(std::span<const EntityIndex> of, std::span<Cascade> cascades) {
    reached_by_.assign(model_.entity_count(), {});
    for (std::uint32_t i = 0; i < of.size(); ++i) column_[of[i]] = i;
    ColumnCounts entities;
    ColumnCounts constraints;
    for (const EntityIndex entity : model_.topological_order()) {
      Bits& bits = reached_by_[entity];
      if (any(bits)) {
        entities.add(bits);
        if (model_.type_of(entity).constraint) constraints.add(bits);
      }
      const std::uint32_t column = column_[entity];
      if (column != kNone) bits[column / 64] |= std::uint64_t{1} << column % 64;
      hand_on(entity, bits);
    }
    for (std::uint32_t i = 0; i < of.size(); ++i) {
      cascades[i] = {entities.of(i), constraints.of(i)};
      column_[of[i]] = kNone;
    }
  }

 private:
  void hand_on(EntityIndex entity, const Bits& bits) {
    if (!any(bits)) return;
    for (const EntityIndex consumer : model_.dependents(entity)) {
      if (model_.is_link(consumer)) continue;  // what it carries arrives at another time
      for (std::size_t w = 0; w < kWords; ++w) reached_by_[consumer][w] |= bits[w];
    }
  }

  const Model& model_;
  std::vector<std::uint32_t> column_;
  std::vector<Bits> reached_by_;
};

}  // namespace

std::vector<Cascade> count_cascades(const Model& model, std::span<const EntityIndex> of) {
  std::vector<Cascade> cascades(of.size());
  Counter counter(model);
  for (std::size_t from = 0; from < of.size(); from += kColumns) {
    const std::size_t size = std::min(kColumns, of.size() - from);
    counter.count(of.subspan(from, size), std::span(cascades).subspan(from, size));
  }
  return cascades;
}

}  // namespace pollux::schema
