// Writing to the store so that it lasts: synced one by one or in intervals, and never past a failure.
#pragma once

#include <rocksdb/types.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "actors/storage/rocksdb_store.h"
#include "schema/event/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// All writes to a store that go through its log. After the first failure nothing is written, for what is in
/// the log is not known any more; only a full disk is got over.
class DurableWrites {
 public:
  /// `sync_interval`: 0: each write is synced before it returns. Else they are synced together, this long
  /// after the first of them at the latest. `store` outlives this.
  DurableWrites(RocksdbStore& store, schema::Duration sync_interval);
  /// Syncs what is not synced yet.
  ~DurableWrites();

  /// On one thread, which is the only one to call `resume` too. `doing` completes "cannot ...". Errors:
  /// no_space; io, after which every write fails.
  schema::Result<void> write(rocksdb::WriteBatch& batch, const std::string& doing);

  /// A synced write on another thread. `generation`: of the store when the batch was made; of a store opened
  /// again since, nothing of it is written. Errors: as of `RocksdbStore::explain`.
  schema::Result<void> write_aside(rocksdb::WriteBatch& batch, std::uint64_t generation,
                                   const std::string& doing);

  /// After a full disk, opens the store again; does nothing where nothing failed. `check`: whether what was
  /// acknowledged is there. Errors: no_space, and it may be tried again; others for good.
  schema::Result<void> resume(const std::function<schema::Result<void>()>& check);

  /// Notes a failure met elsewhere; returns it. Any thread.
  schema::Error fail(schema::Error error);
  /// The first failure. Any thread.
  std::optional<schema::Error> failure() const;
  /// Why a store that is not open cannot be used.
  schema::Error not_open() const;

  schema::Duration loss_window() const { return sync_interval_; }
  /// Written so far. Any thread.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  rocksdb::Status write_locked(rocksdb::WriteBatch& batch, bool sync);
  void sync_now_and_then();
  void sync();

  RocksdbStore& store_;
  const schema::Duration sync_interval_;
  std::mutex sync_mutex_;
  std::condition_variable sync_changed_;
  rocksdb::SequenceNumber unsynced_ = 0;  // the newest write not synced yet
  bool log_failed_ = false;               // it may be neither written nor synced until opened again
  bool stopping_ = false;
  std::atomic<std::uint64_t> bytes_{0};
  mutable std::mutex failure_mutex_;
  std::optional<schema::Error> failure_;
  std::thread syncing_;
};

}  // namespace pollux::actors
