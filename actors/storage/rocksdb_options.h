// How the database under the journal is set up: its bounds, its column families.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "actors/storage/rocksdb_faults.h"

namespace pollux::actors {

/// Bounds on what the database takes for itself.
inline constexpr std::size_t kBlockCacheBytes = 32u << 20;
inline constexpr std::size_t kWriteBufferBytes = 32u << 20;
inline constexpr std::size_t kAllWriteBuffersBytes = 160u << 20;
inline constexpr std::size_t kHistoryWriteBufferBytes = 16u << 20;
/// A start reads what is in the log and writes it to tables, at about 100 MB/s.
inline constexpr std::uint64_t kWriteAheadLogBytesMax = 32u << 20;
inline constexpr std::size_t kManifestBytesMax = 16u << 20;
inline constexpr int kOpenFilesMax = 256;

/// Of a database that may be new, in which a torn write is damage. `log` hears of its failures.
rocksdb::DBOptions database_options(rocksdb::Env* env, const std::shared_ptr<RocksdbWarnings>& log);

/// All column families, in the order of RocksdbStore's accessors; those at the end came later.
std::vector<rocksdb::ColumnFamilyDescriptor> column_families();
/// That many, from the first on, every version of Pollux has written.
inline constexpr std::size_t kFamiliesAtLeast = 5;

}  // namespace pollux::actors
