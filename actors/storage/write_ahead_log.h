// What the write-ahead logs of a data directory prove, read without RocksDB where RocksDB stops at damage.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::actors {

/// The newest sequence number that must have been durable, by the logs in `directory`: a write begins only
/// after all before it were synced, so any intact write proves those. A recovery that ends before it
/// has met damage; one that ends there or later has dropped no more than a torn last write. Looks for intact
/// writes at every byte, behind damage too. Errors: io.
///
/// Format: https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format
schema::Result<rocksdb::SequenceNumber> sequence_proven_by_logs(rocksdb::Env& env,
                                                                const std::string& directory);

/// How many bytes at the beginning of a file in the log's format, as the MANIFEST is too, match their
/// checksums.
std::size_t intact_bytes(std::string_view log);

/// The number of the first change in a write as RocksDB logs it; 0 where the bytes are none.
rocksdb::SequenceNumber sequence_of_write(std::string_view write);

}  // namespace pollux::actors
