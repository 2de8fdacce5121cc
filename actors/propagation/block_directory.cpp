#include "actors/propagation/block_directory.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace pollux::actors {

using Block = BlockDirectory::Block;
static_assert(std::is_trivially_copyable_v<Block> && alignof(Block) <= alignof(BlockDirectory));

BlockDirectory* BlockDirectory::replace(BlockDirectory* directory, std::size_t first, std::size_t last,
                                        std::span<const Block> with) {
  const std::size_t held = directory != nullptr ? directory->count_ : 0;
  const std::size_t count = held - (last - first) + with.size();
  BlockDirectory* result = directory;
  if (directory == nullptr || count > directory->capacity_) {
    const std::size_t capacity = count + count / 2 + 1;
    result = new (::operator new(sizeof(BlockDirectory) + capacity * sizeof(Block))) BlockDirectory;
    result->capacity_ = static_cast<std::uint32_t>(capacity);
    std::uninitialized_default_construct_n(reinterpret_cast<Block*>(result + 1), capacity);
    if (directory != nullptr) {
      result->newest_from_ = directory->newest_from_;
      std::copy_n(directory->blocks().data(), first, result->blocks().data());
    }
  }
  result->count_ = static_cast<std::uint32_t>(count);
  Block* const at = result->blocks().data() + first;
  if (held > last)
    std::memmove(at + with.size(), directory->blocks().data() + last, (held - last) * sizeof(Block));
  std::ranges::copy(with, at);
  if (result != directory && directory != nullptr) destroy(directory);
  return result;
}

void BlockDirectory::destroy(BlockDirectory* directory) {
  directory->~BlockDirectory();
  ::operator delete(directory);
}

}  // namespace pollux::actors
