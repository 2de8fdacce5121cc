// Items grouped by a dense row number, in one flat array: four bytes a row beside the items themselves.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "schema/assert.h"

namespace pollux::schema {

/// Rows of items, immutable (compressed sparse rows). Fewer than 2^32 items.
template <class T>
class Grouped {
 public:
  Grouped() = default;
  /// REQUIRES: `offsets` ascends from 0 to `items.size()` and has one more element than there are rows.
  Grouped(std::vector<std::uint32_t> offsets, std::vector<T> items)
      : offsets_(std::move(offsets)), items_(std::move(items)) {}

  std::span<const T> operator[](std::size_t row) const {
    return std::span(items_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }
  std::span<const T> items() const { return items_; }
  std::size_t rows() const { return offsets_.size() - 1; }

 private:
  std::vector<std::uint32_t> offsets_{0};
  std::vector<T> items_;
};

/// Collects items for rows in any order of rows; those of one row keep the order they were added in.
template <class T>
class GroupedBuilder {
 public:
  void add(std::uint32_t row, T item) {
    sorted_ = sorted_ && (rows_.empty() || rows_.back() <= row);
    rows_.push_back(row);
    items_.push_back(std::move(item));
  }

  /// REQUIRES: every row added to is below `row_count`.
  Grouped<T> build(std::size_t row_count) && {
    POLLUX_ASSERT(items_.size() < UINT32_MAX, "too many items for 32-bit offsets");
    std::vector<std::uint32_t> offsets(row_count + 1, 0);
    for (const std::uint32_t row : rows_) {
      POLLUX_ASSERT(row < row_count, "an item was added to a row that does not exist");
      ++offsets[row + 1];
    }
    for (std::size_t row = 0; row < row_count; ++row) offsets[row + 1] += offsets[row];
    items_.shrink_to_fit();
    if (sorted_) return {std::move(offsets), std::move(items_)};
    return {offsets, ordered(offsets)};
  }

 private:
  std::vector<T> ordered(std::vector<std::uint32_t> next) {
    std::vector<T> items(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) items[next[rows_[i]]++] = std::move(items_[i]);
    return items;
  }

  std::vector<std::uint32_t> rows_;
  std::vector<T> items_;
  bool sorted_ = true;
};

}  // namespace pollux::schema
