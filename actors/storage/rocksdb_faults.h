// What RocksDB's failures mean, told to a person.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/status.h>

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "schema/result.h"

namespace pollux::actors {

/// What can be done about damage; the same advice everywhere.
extern const char* const kDamageAdvice;

/// What RocksDB says about itself, the last few warnings only, kept in memory: they name files its statuses
/// do not. Thread-safe. There is no LOG file: when a disk is full, Debian's RocksDB, which keeps its
/// assertions, ends the process at the second line it cannot write there.
class RocksdbWarnings final : public rocksdb::Logger {
 public:
  static constexpr std::size_t kKept = 32;
  static constexpr std::size_t kBytesMax = 512;

  RocksdbWarnings() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  /// From then on nothing that is on disk may be taken for what was written: a sync that fails forgets it,
  /// and the next one succeeds.
  void note_failure() { failed_ = true; }
  bool failed() const { return failed_; }

  void Logv(const char* format, va_list arguments) override;
  std::string text() const;

 private:
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
};

/// What a failed operation on the database in `directory` means: which file, which way out. `doing` completes
/// "cannot ...".
schema::Error explain_status(rocksdb::Env& env, const rocksdb::Status& status, const std::string& warnings,
                             const std::string& directory, const std::string& doing);

}  // namespace pollux::actors
