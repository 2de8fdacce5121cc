// The series of the history as they lie in the store: in chunks, each of which holds many entries.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/history/history.h"
#include "actors/history/history_format.h"
#include "actors/history/history_tail.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// Writes and reads chunks. Both outlive it. One thread writes; any reads beside it.
class HistoryChunks {
 public:
  HistoryChunks(RocksdbStore& store, const schema::Model& model) : store_(store), model_(model) {}

  /// Writes what the tail holds of each series, in several writes, so that the journal need not wait long for
  /// its turn. The same tail gives the same keys and bytes. Errors: io, no_space.
  schema::Result<void> write(const HistoryTail& tail);

  /// Calls `visit` with the entries of a series in [first, last], ascending, until it returns false; false
  /// then. Errors: corrupt, io.
  schema::Result<bool> visit(const Series& series, schema::Position first, schema::Position last,
                             const History::Visit& visit) const;
  /// The same from `last` downwards.
  schema::Result<bool> visit_back(const Series& series, schema::Position last,
                                  const History::Visit& visit) const;

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;

  Iterator iterate() const { return Iterator(store_.database().NewIterator({}, store_.history())); }
  static std::optional<history_format::ChunkPlace> place_in(const Series& series, const Iterator& at);
  schema::Result<void> read(const history_format::ChunkPlace& place, const Iterator& at,
                            std::vector<HistoryEntry>& entries) const;

  RocksdbStore& store_;
  const schema::Model& model_;
  std::string encoded_;
};

}  // namespace pollux::actors
