// A small file that remembers how much was durable, so that a file cut short is told from a torn last write.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pollux::actors {

/// What is known to have been on disk. Lower bounds: the note itself may be older than the data.
struct DurableExtent {
  rocksdb::SequenceNumber sequence = 0;  ///< Of the newest write that was synced.
  std::uint64_t manifest_number = 0;     ///< Of the MANIFEST that had
  std::uint64_t manifest_bytes = 0;      ///< at least these bytes.
  bool each_write = true;                ///< Each write was synced before the next one began.
};

/// The file DURABLE of a data directory, overwritten in place. It is evidence and nothing more: nothing is
/// read from the journal by its help, and where it cannot be written or read, it proves nothing.
class DurableNote {
 public:
  DurableNote(rocksdb::Env& env, std::string directory);

  /// As left by an earlier process; empty where there is none or it is damaged.
  std::optional<DurableExtent> read() const;
  /// Replaces the file, durably.
  void replace(const DurableExtent& extent);
  /// Overwrites the sequence; the operating system brings it to disk in its own time.
  void advance(rocksdb::SequenceNumber sequence);
  /// What it says now.
  const DurableExtent& extent() const { return extent_; }

 private:
  rocksdb::Env& env_;
  const std::string directory_;
  const std::string path_;
  DurableExtent extent_;
  std::unique_ptr<rocksdb::RandomRWFile> file_;
};

}  // namespace pollux::actors
