// Taking what need not be kept any longer out of a stored journal. Format: JOURNAL.md.
#pragma once

#include <rocksdb/write_batch.h>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// The last record dropped; position 0 where none was. Errors: corrupt, io.
schema::Result<journal_format::Head> read_anchor(const RocksdbStore& store);

/// Puts the next step of dropping the records before `position` into `batch`: some records, the identities of
/// their events, and the anchor moved behind them. Returns the new anchor; the same where nothing is left to
/// drop. REQUIRES: they are there, and covered by a snapshot. Errors: corrupt, io.
schema::Result<journal_format::Head> put_drop(const RocksdbStore& store, const schema::Model& model,
                                              const journal_format::Head& anchor, schema::Position position,
                                              rocksdb::WriteBatch& batch);

}  // namespace pollux::actors
