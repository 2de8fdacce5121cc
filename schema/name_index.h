// From names to their positions in an array that owns them, at four to eight bytes a name.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::schema {

/// An open-addressed hash table of positions in a vector of names, which the caller keeps and passes to each
/// call: nothing is stored twice. Not thread-safe while inserting.
class NameIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xffff'ffff;

  /// The position of `name` in `names`, or `kAbsent`.
  std::uint32_t find(std::string_view name, const std::vector<std::string>& names) const {
    return slots_.empty() ? kAbsent : slots_[slot_of(name, names)];
  }

  /// Enters `names[position]`; false, without any change, where an equal name is there already.
  bool insert(std::uint32_t position, const std::vector<std::string>& names) {
    if (slots_.size() < 2 * (size_ + 1)) grow(names);
    const std::size_t slot = slot_of(names[position], names);
    if (slots_[slot] != kAbsent) return false;
    slots_[slot] = position;
    ++size_;
    return true;
  }

  /// Makes room for `count` names at once.
  void reserve(std::size_t count, const std::vector<std::string>& names) {
    if (slots_.size() < 2 * count) rehash(std::bit_ceil(2 * count), names);
  }

 private:
  static constexpr std::size_t kSlotsMin = 16;

  std::size_t slot_of(std::string_view name, const std::vector<std::string>& names) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = std::hash<std::string_view>{}(name)&mask;
    while (slots_[slot] != kAbsent && names[slots_[slot]] != name) slot = (slot + 1) & mask;
    return slot;
  }

  void grow(const std::vector<std::string>& names) {
    rehash(slots_.empty() ? kSlotsMin : 2 * slots_.size(), names);
  }

  void rehash(std::size_t slot_count, const std::vector<std::string>& names) {
    std::vector<std::uint32_t> old(slot_count, kAbsent);
    old.swap(slots_);
    for (const std::uint32_t position : old) {
      if (position != kAbsent) slots_[slot_of(names[position], names)] = position;
    }
  }

  std::vector<std::uint32_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace pollux::schema
