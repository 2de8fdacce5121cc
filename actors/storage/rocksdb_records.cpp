#include "actors/storage/rocksdb_records.h"

namespace pollux::actors {

using schema::Result;

Result<journal_format::StoredRecord> checked(const RocksdbStore& store, std::string_view value,
                                             const std::string& what) {
  const auto stored = journal_format::read_stored(value);
  if (!stored) return damaged(store.directory(), what, "the record is cut off");
  if (stored->version != journal_format::kVersion) {
    return damaged(store.directory(), what,
                   "the record has format version " + std::to_string(stored->version) +
                       "; this pollux reads " + std::to_string(journal_format::kVersion));
  }
  if (!stored->hash_is_right()) {
    return damaged(store.directory(), what,
                   "the record does not match its hash: it was changed after writing");
  }
  return *stored;
}

}  // namespace pollux::actors
