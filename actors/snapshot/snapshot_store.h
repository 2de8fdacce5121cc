// The snapshots of a data directory: files in a folder of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/snapshot/snapshot_format.h"
#include "schema/event/event.h"
#include "schema/result.h"

namespace rocksdb {
class Env;
class WritableFile;
}  // namespace rocksdb

namespace pollux::actors {

/// A snapshot's file.
struct StoredSnapshot {
  std::string path;
  schema::Position position = 0;
  std::uint64_t bytes = 0;
};

/// A snapshot being written, under another name until it is whole and durable. Not thread-safe. Removed on
/// destruction unless it was finished.
class SnapshotFile {
 public:
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  /// Errors: no_space, io. After one, nothing more may be done with it.
  schema::Result<void> append(std::string_view bytes);
  /// On return it is on disk under its own name. Errors: no_space, io.
  schema::Result<void> finish();

  std::uint64_t bytes() const { return bytes_; }

 private:
  friend class SnapshotStore;
  SnapshotFile(rocksdb::Env& env, std::string directory, std::string name);
  schema::Result<void> open();

  rocksdb::Env& env_;
  const std::string directory_;
  const std::string name_;
  std::unique_ptr<rocksdb::WritableFile> file_;
  std::uint64_t bytes_ = 0;
};

/// Format of the files: SNAPSHOT.md. One thread at a time writes; reading may go on beside it, where a file
/// that retention has just removed is not found.
class SnapshotStore {
 public:
  /// The folder within a data directory.
  static constexpr const char* kFolder = "snapshots";

  /// Of a data directory; its folder is made when the first snapshot is. `env`: where the files lie, outlives
  /// this; null: the operating system's.
  explicit SnapshotStore(const std::string& data, rocksdb::Env* env = nullptr);

  /// Newest first; none where there is no folder. Errors: io.
  schema::Result<std::vector<StoredSnapshot>> list() const;

  /// All of its bytes. Errors: not_found, io.
  schema::Result<std::string> read(const StoredSnapshot& snapshot) const;
  /// What it says of itself, by its first block. Errors: not_found, io, corrupt.
  schema::Result<SnapshotInfo> describe(const StoredSnapshot& snapshot) const;

  /// Begins one; what was left of others that were never finished is removed. Errors: no_space, io.
  schema::Result<std::unique_ptr<SnapshotFile>> create(schema::Position position);

  /// Removes all but the newest `count` up to `newest`, those in `unusable` first of all. What claims to be
  /// newer than `newest` belongs to a journal that is no more, and goes too. Errors: io.
  schema::Result<void> keep(schema::Position newest, std::size_t count,
                            const std::set<schema::Position>& unusable);

  /// While held, nothing is removed that a snapshot kept, or a copy being made of one, needs.
  std::unique_lock<std::mutex> hold_all() const { return std::unique_lock(retention_); }

  const std::string& directory() const { return directory_; }

 private:
  schema::Result<std::string> read_first(const StoredSnapshot& snapshot, std::uint64_t bytes) const;

  rocksdb::Env& env_;
  const std::string directory_;
  mutable std::mutex retention_;
};

/// Copies every snapshot, whole or not. Errors: no_space, io.
schema::Result<void> copy_snapshots(const SnapshotStore& from, SnapshotStore& to);

}  // namespace pollux::actors
