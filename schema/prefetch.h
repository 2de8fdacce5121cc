// Asking for memory before it is read.
#pragma once

#include <cstddef>

namespace pollux::schema {

/// Asks for the line of memory at `address`, which need not be valid. Costs next to nothing, and changes
/// nothing that can be seen. The empty instruction is what makes it stay: GCC 12 takes a function that only
/// prefetches for one without effect, and removes the calls to it.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}
/// The same for so many lines.
template <std::size_t kLines>
inline void prefetch_lines(const void* address) {
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < kLines; ++i) __builtin_prefetch(static_cast<const char*>(address) + i * kLine);
  asm volatile("" : : "r"(address));
}
/// The same for memory that will be written.
inline void prefetch_to_write(const void* address) {
  __builtin_prefetch(address, 1);
  asm volatile("" : : "r"(address));
}

}  // namespace pollux::schema
