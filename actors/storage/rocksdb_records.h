// What the parts of the RocksDB journal share: views of bytes, and stored records whose hash is right.
#pragma once

#include <rocksdb/slice.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/result.h"

namespace pollux::actors {

template <std::size_t N>
rocksdb::Slice slice(const std::array<char, N>& bytes) {
  return {bytes.data(), bytes.size()};
}
inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

inline schema::Error damaged(const std::string& directory, const std::string& what, std::string message) {
  return {schema::ErrorCode::corrupt, std::move(message), directory + ", " + what, kDamageAdvice};
}

/// Takes a stored value apart. Errors: corrupt, saying what is wrong with `what`.
schema::Result<journal_format::StoredRecord> checked(const RocksdbStore& store, std::string_view value,
                                                     const std::string& what);

}  // namespace pollux::actors
