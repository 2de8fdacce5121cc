#include "actors/journal/durable_writes.h"

#include <rocksdb/db.h>

#include <chrono>
#include <utility>

#include "actors/storage/write_ahead_log.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

/// Whatever it was, the journal's state is not known after it; only a full disk is got over.
Error failure_of_a_write(Error error) {
  if (error.code != ErrorCode::no_space) error.code = ErrorCode::io;
  return error;
}

}  // namespace

DurableWrites::DurableWrites(RocksdbStore& store, schema::Duration sync_interval)
    : store_(store), sync_interval_(sync_interval) {
  if (sync_interval_ > 0) syncing_ = std::thread([this] { sync_now_and_then(); });
}

DurableWrites::~DurableWrites() {
  if (!syncing_.joinable()) return;
  {
    const std::scoped_lock lock(sync_mutex_);
    stopping_ = true;
  }
  sync_changed_.notify_one();
  syncing_.join();
}

Result<void> DurableWrites::write(rocksdb::WriteBatch& batch, const std::string& doing) {
  // Not beside a sync in intervals: RocksDB must not be asked to sync a log that failed. After one that
  // failed it takes no write.
  const std::scoped_lock lock(sync_mutex_);
  const auto status = write_locked(batch, sync_interval_ == 0);
  if (status.ok()) return {};
  return fail(failure_of_a_write(store_.explain(status, doing)));
}

/// REQUIRES: `sync_mutex_` is held.
rocksdb::Status DurableWrites::write_locked(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = store_.database().Write(options, &batch);
  log_failed_ = !status.ok();
  if (!status.ok()) return status;
  if (sync) {
    store_.note_durable(batch);
    unsynced_ = 0;
  } else {
    unsynced_ = sequence_of_write(batch.Data());
    sync_changed_.notify_one();
  }
  bytes_.fetch_add(batch.GetDataSize(), std::memory_order_relaxed);
  return status;
}

Result<void> DurableWrites::write_aside(rocksdb::WriteBatch& batch, std::uint64_t generation,
                                        const std::string& doing) {
  // In the order in which `resume` takes them.
  const std::scoped_lock lock(sync_mutex_);
  const auto using_it = store_.use();
  if (auto failed = failure()) return *std::move(failed);
  if (!store_.is_open() || store_.generation() != generation) return not_open();
  const auto status = write_locked(batch, true);
  return status.ok() ? Result<void>() : fail(store_.explain(status, doing));
}

/// On a thread of its own, where writes are not synced one by one; once more at the end.
void DurableWrites::sync_now_and_then() {
  std::unique_lock lock(sync_mutex_);
  const auto due = [this] { return unsynced_ != 0 && !log_failed_; };
  while (true) {
    sync_changed_.wait(lock, [&] { return stopping_ || due(); });
    sync_changed_.wait_for(lock, std::chrono::nanoseconds(sync_interval_), [this] { return stopping_; });
    if (due()) sync();
    if (stopping_) return;
  }
}

/// REQUIRES: `sync_mutex_` is held.
void DurableWrites::sync() {
  const auto status = store_.database().SyncWAL();
  log_failed_ = !status.ok();
  if (status.ok()) {
    store_.note_durable(std::exchange(unsynced_, 0));
    return;
  }
  fail(failure_of_a_write(store_.explain(status, "sync the journal")));
}

/// Opened again, the database writes what it can recover to new files and leaves the log that failed. Whether
/// that held the last write does not matter, for it is made again under the same keys.
Result<void> DurableWrites::resume(const std::function<Result<void>()>& check) {
  const auto failed = failure();
  if (!failed) return {};
  if (failed->code != ErrorCode::no_space) {
    return Error{ErrorCode::io, "nothing is written since an earlier failure: " + failed->message,
                 failed->where, "remove the cause and restart pollux; what was acknowledged is safe"};
  }
  const std::scoped_lock no_sync(sync_mutex_);
  auto reopened = store_.reopen();
  if (reopened.ok()) reopened = check();
  const std::scoped_lock lock(failure_mutex_);
  if (!reopened.ok()) {
    failure_ = reopened.error();
    return reopened;
  }
  failure_.reset();
  log_failed_ = false;
  unsynced_ = 0;  // opening wrote all of it to files and synced those
  return {};
}

Error DurableWrites::fail(Error error) {
  const std::scoped_lock lock(failure_mutex_);
  if (!failure_ || failure_->code == ErrorCode::no_space) failure_ = error;
  return error;
}

std::optional<Error> DurableWrites::failure() const {
  const std::scoped_lock lock(failure_mutex_);
  return failure_;
}

Error DurableWrites::not_open() const {
  return {ErrorCode::io, "the journal could not be opened again after the disk was full", store_.directory(),
          "free some space there; if it does not go on by itself, restart pollux"};
}

}  // namespace pollux::actors
