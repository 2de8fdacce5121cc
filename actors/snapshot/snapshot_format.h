// A snapshot as bytes: blocks with checksums, and what stands in the first and the last one. Spec:
// SNAPSHOT.md.
#pragma once

#include <sodium/crypto_generichash_blake2b.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/journal/journal_format.h"
#include "schema/event/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// What a block holds. Blocks of one section may be several; they stand in this order.
enum class Section : std::uint8_t {
  description = 1,
  entities,
  identities,
  revisions,
  episodes,
  sources,
  seal,  ///< The last block: by it a whole snapshot is told from one that was cut short.
};
const char* name_of(Section section);

/// What a snapshot is of.
struct SnapshotInfo {
  schema::Position position = 0;                 ///< It holds all that the epochs up to this one came to.
  schema::EventTime clock = schema::kBeginning;  ///< The twin's clock then.
  schema::EventTime taken = 0;                   ///< By the wall clock.
  std::string twin;
  std::string model_version;
  std::uint64_t shape = 0;  ///< What the model was compiled to; see `shape_of`.
  /// The journal's hash of the record at `position`: it belongs to no journal with another record there.
  journal_format::Hash record{};
  std::uint64_t entities = 0;
  std::uint64_t identities = 0;
  /// What came about before is not all in it, but in the history and the journal.
  schema::EventTime held_from = schema::kBeginning;
  /// What of the journal up to there does not fit the model.
  std::vector<schema::Misfit> misfits;
};

namespace snapshot_format {

inline constexpr std::string_view kMagic = "pollux-snapshot\n";
/// Raised when an older Pollux could misread what a newer one writes.
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kFileHeaderBytes = kMagic.size() + 4;
using Checksum = std::array<unsigned char, 16>;
/// Section, length, checksum.
inline constexpr std::size_t kBlockHeaderBytes = 1 + 4 + 16;
/// A block larger than this is none.
inline constexpr std::size_t kBlockBytesMax = 64u << 20;

}  // namespace snapshot_format

/// Makes the bytes of a snapshot, block after block; holds none of them.
class SnapshotEncoder {
 public:
  SnapshotEncoder();

  /// Each appends to `bytes`. `begin` once at first, `seal` once at last.
  void begin(const SnapshotInfo& info, std::string& bytes);
  void block(Section section, std::string_view payload, std::string& bytes);
  /// `digest`: of the state that the entities' blocks hold.
  void seal(std::string_view digest, std::string& bytes);

 private:
  crypto_generichash_blake2b_state whole_;
  std::uint64_t blocks_ = 0;
  std::uint64_t bytes_ = 0;
};

/// A whole, undamaged snapshot taken apart; the views point into its bytes.
struct SnapshotView {
  struct Block {
    Section section = Section::description;
    std::uint64_t offset = 0;  ///< Of its header in the file.
    std::string_view payload;
  };
  SnapshotInfo info;
  std::string digest;
  std::vector<Block> blocks;  ///< Between the first and the last.
};

/// Checks everything. `where` names the bytes in errors. Errors: corrupt, naming the place and the block.
schema::Result<SnapshotView> read_snapshot(std::string_view bytes, const std::string& where);

/// Only the first block, from the beginning of a file; the rest may be damaged.
schema::Result<SnapshotInfo> read_snapshot_info(std::string_view bytes, const std::string& where);
/// Bytes that are enough for it, or all of the file.
inline constexpr std::size_t kSnapshotInfoBytes = 4u << 20;

}  // namespace pollux::actors
