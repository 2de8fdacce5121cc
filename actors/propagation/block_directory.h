// Where the older versions of a long timeline lie.
#pragma once

#include <cstdint>
#include <span>

#include "schema/history.h"
#include "schema/prefetch.h"
#include "schema/time.h"

namespace pollux::actors {

/// Blocks of versions in the order of their times, and when the versions after them begin. One allocation, so
/// that who looks something up waits for memory once. It does not own the blocks' memory.
class BlockDirectory {
 public:
  using Block = schema::VersionBlock;

  /// A directory in which `with` stands in the place of the blocks [first, last) of `directory`; that one,
  /// null for an empty one, is no more. To be destroyed by whoever called it.
  static BlockDirectory* replace(BlockDirectory* directory, std::size_t first, std::size_t last,
                                 std::span<const Block> with);
  static void destroy(BlockDirectory* directory);

  BlockDirectory(const BlockDirectory&) = delete;
  BlockDirectory& operator=(const BlockDirectory&) = delete;

  std::span<Block> blocks() { return {reinterpret_cast<Block*>(this + 1), count_}; }
  std::span<const Block> blocks() const { return {reinterpret_cast<const Block*>(this + 1), count_}; }
  std::uint32_t count() const { return count_; }
  schema::EventTime newest_from() const { return newest_from_; }
  void set_newest_from(schema::EventTime from) { newest_from_ = from; }

  /// When the versions after those of a block begin.
  schema::EventTime end_of(std::size_t block) const {
    return block + 1 < count_ ? blocks()[block + 1].from : newest_from_;
  }

  /// Asks for the memory of a directory of usual size. Reads nothing.
  static void fetch(const BlockDirectory* directory) {
    constexpr std::size_t kLine = 64;
    schema::prefetch(directory);
    schema::prefetch(reinterpret_cast<const char*>(directory) + kLine);
  }

 private:
  BlockDirectory() = default;
  ~BlockDirectory() = default;

  schema::EventTime newest_from_ = schema::kBeginning;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace pollux::actors
