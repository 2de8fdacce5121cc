// What the parts of the stored history share: writes beside the write-ahead log, and how damage is told.
#pragma once

#include <rocksdb/options.h>

#include <string>
#include <utility>

#include "actors/storage/rocksdb_store.h"
#include "schema/result.h"

namespace pollux::actors {

/// The journal is the truth and tells everything again, so none of the history is in the write-ahead log.
inline rocksdb::WriteOptions unlogged() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return options;
}

inline schema::Error damaged_history(const RocksdbStore& store, const std::string& what,
                                     std::string message) {
  return {schema::ErrorCode::corrupt, std::move(message), store.directory() + ", " + what,
          "the history can be made again from the journal: start with --rebuild-history"};
}

}  // namespace pollux::actors
