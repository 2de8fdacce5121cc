// The history in the data directory, beside the journal. Format: HISTORY.md.
#pragma once

#include <memory>

#include "actors/history/history.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// Entries held in memory before they are sorted into chunks; one takes some 80 bytes.
inline constexpr std::size_t kHistoryTailMax = 262'144;

/// Opens the history in `store`, which must outlive it, as must `model`. `journaled`: the newest position of
/// the journal. Where it was written under another model, or the journal has come to know less than it (it
/// was replaced), it begins anew. Errors: corrupt, io.
schema::Result<std::unique_ptr<History>> open_rocksdb_history(RocksdbStore& store, const schema::Model& model,
                                                              schema::Position journaled,
                                                              std::size_t tail_max = kHistoryTailMax);

/// One that is to be made again: from the journal, or, where that has lost its beginning, from a snapshot.
/// Then it awaits its beginning, and until it has begun what was there stays as it is, unread. Errors: io.
schema::Result<std::unique_ptr<History>> remake_rocksdb_history(RocksdbStore& store,
                                                                const schema::Model& model,
                                                                schema::Position journal_first,
                                                                std::size_t tail_max = kHistoryTailMax);

}  // namespace pollux::actors
