// The RocksDB database under the journal: opened with options for an append-only log, its failures told to a
// person. Format: actors/journal/JOURNAL.md.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "actors/storage/durable_note.h"
#include "actors/storage/rocksdb_faults.h"
#include "schema/result.h"

namespace pollux::actors {

/// Room to ask for beyond the size of the logs before the database is opened again on a disk that was full.
inline constexpr std::uint64_t kReopenBytes = 8u << 20;

/// An open database and its column families. Closes on destruction.
class RocksdbStore {
 public:
  /// Opens or creates. Errors: conflict when it is open already; corrupt; io. What the journal's own layout
  /// requires of the contents is not checked here. `env` is where the files lie and outlives the store; null:
  /// the operating system's.
  static schema::Result<std::unique_ptr<RocksdbStore>> open(const std::string& directory,
                                                            rocksdb::Env* env = nullptr,
                                                            bool sync_each_write = true);
  /// Opens for reading only, beside a process that may have it open; `changes` and `history` are null where
  /// they were never written. Errors: not_found; corrupt; io.
  static schema::Result<std::unique_ptr<RocksdbStore>> open_read_only(const std::string& directory);
  ~RocksdbStore();

  RocksdbStore(const RocksdbStore&) = delete;
  RocksdbStore& operator=(const RocksdbStore&) = delete;

  /// To be held while the database or a family is used on another thread than the one that may reopen it.
  std::shared_lock<std::shared_mutex> use() const { return std::shared_lock(use_); }
  /// Closes the database and opens it again, after it failed for lack of space (RocksDB's own `Resume` ends
  /// the process in Debian's build, which keeps its assertions). Waits until nobody uses it. Where it cannot
  /// be opened for writing it is open for reading, or not at all. Errors: no_space while there is too little
  /// room to try, and then nothing was closed, or where it ran out; others as of `open`.
  schema::Result<void> reopen();
  /// Always but after a failed `reopen`.
  bool is_open() const { return database_ != nullptr; }
  /// Not after a `reopen` that failed, until one succeeds.
  bool is_writable() const { return writable_; }
  /// How often it was opened again: what was not in the write-ahead log is lost then.
  std::uint64_t generation() const { return generation_; }

  rocksdb::DB& database() const { return *database_; }
  rocksdb::ColumnFamilyHandle* records() const { return families_[1]; }
  rocksdb::ColumnFamilyHandle* quarantine() const { return families_[2]; }
  rocksdb::ColumnFamilyHandle* meta() const { return families_[3]; }
  rocksdb::ColumnFamilyHandle* identities() const { return families_[4]; }
  rocksdb::ColumnFamilyHandle* changes() const { return families_[5]; }
  rocksdb::ColumnFamilyHandle* history() const { return families_[6]; }
  const std::string& directory() const { return directory_; }

  /// To be called after each synced write, with what was written: all that was logged until then is on disk.
  void note_durable(const rocksdb::WriteBatch& written);
  void note_durable(rocksdb::SequenceNumber sequence) { note_->advance(sequence); }

  /// What a failed operation means; `doing` completes "cannot ...".
  schema::Error explain(const rocksdb::Status& status, const std::string& doing) const;

 private:
  RocksdbStore() = default;

  schema::Result<void> open_checked();
  schema::Result<void> expect_room() const;
  void close();
  rocksdb::Status open_database();
  rocksdb::Status open_for_reading();
  rocksdb::Status families_there(std::vector<rocksdb::ColumnFamilyDescriptor>& there) const;
  schema::Result<void> refuse_damaged_manifest() const;
  schema::Result<void> refuse_lost_end(const std::string& log) const;
  void renew_note(rocksdb::SequenceNumber sequence);
  rocksdb::Status look_for_torn_write(bool& torn);

  std::string directory_;
  rocksdb::Env* env_ = nullptr;
  bool writable_ = false;
  std::uint64_t generation_ = 0;
  bool sync_each_write_ = true;
  mutable std::shared_mutex use_;
  std::unique_ptr<DurableNote> note_;
  DurableExtent known_durable_;  // as noted by the process before
  std::shared_ptr<RocksdbWarnings> warnings_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace pollux::actors
