// Finds the snapshot that a twin goes on from.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "actors/history/history.h"
#include "actors/journal/journal.h"
#include "actors/snapshot/snapshot_format.h"
#include "actors/snapshot/snapshot_store.h"
#include "schema/result.h"

namespace pollux::actors {

/// What a twin starts with.
struct Recovered {
  schema::Position position = 0;  ///< The journal is to be replayed after this; 0: all of it.
  SnapshotInfo info;              ///< Of the snapshot, where there is one.
  std::uint64_t bytes = 0;
  std::set<schema::Position> unusable;  ///< Snapshots that were tried and are no good.
  std::vector<schema::Error> refused;   ///< Why each was not used, newest first.
};

/// Tries snapshots, newest first, until `restore` has put one back. One is passed over where it is damaged,
/// of another model, another journal or another engine, ahead of the journal, where the journal does not go
/// on from it, or where `history` (may be null) lacks epochs up to it, unless it is to begin anew there.
/// `restore` is handed one that is whole; it leaves nothing behind when it fails.
///
/// Errors: as of the store; corrupt where there is none and the journal no longer has its beginning, with all
/// reasons.
schema::Result<Recovered> recover(
    const SnapshotStore& store, const Journal& journal, const History* history, const schema::Model& model,
    const std::function<schema::Result<void>(const SnapshotView& snapshot, const std::string& where)>&
        restore);

/// The same without a store: all of the journal, if it is there.
schema::Result<Recovered> recover_without_snapshots(const Journal& journal);

}  // namespace pollux::actors
