// Taking what need not be kept any longer out of a stored journal. Format: JOURNAL.md.
#pragma once

#include "actors/journal_format.h"
#include "actors/rocksdb_store.h"
#include "schema/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// The last record dropped; position 0 where none was. Errors: corrupt, io.
schema::Result<journal_format::Head> read_anchor(const RocksdbStore& store);

/// Drops the records before `position`, some at a time, each step in one synced write. REQUIRES: they are
/// there, and covered by a snapshot. Returns the new anchor. Errors: corrupt, io; what was dropped by then is
/// dropped as a whole.
schema::Result<journal_format::Head> drop_records(RocksdbStore& store, const schema::Model& model,
                                                  schema::Position position);

}  // namespace pollux::actors
