// Copies of a data directory: consistent, incremental, checked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/journal/journal.h"
#include "actors/snapshot/snapshot_store.h"
#include "schema/result.h"

namespace rocksdb {
class DB;
}

namespace pollux::actors {

/// Adds a backup of an open store to `directory`, which is made where it is not there. Files that an earlier
/// backup has are not copied again. Writing to the store may go on meanwhile: the backup is the store as it
/// was at one moment. `beside`: a folder in `directory` that belongs to it, may be empty; those that belong
/// to no backup are removed. Errors: io, corrupt.
schema::Result<BackupInfo> back_up(rocksdb::DB& database, const std::string& directory,
                                   const std::string& beside);

/// Takes a backup by `take`, and with it copies of the snapshots (`store` may be null): where the journal
/// lacks its beginning, only a snapshot makes it a twin. They lie in a folder whose name `take` is told, so
/// that there is no backup without them. Errors: also no_space.
schema::Result<BackupInfo> back_up_with_snapshots(
    const SnapshotStore* store, const std::string& directory,
    const std::function<schema::Result<BackupInfo>(const std::string& beside)>& take);

/// The same of a data directory that no server has open. Errors: also conflict where one has.
schema::Result<BackupInfo> back_up_directory(const std::string& data, const std::string& directory);

/// None where the first one was broken off. Errors: not_found (there is no such directory), io, corrupt.
schema::Result<std::vector<BackupInfo>> list_backups(const std::string& directory);

/// Makes `data` what it was when backup `number` (0: the newest) was taken, after checking the backup's
/// checksums. Errors: conflict where `data` exists and is not empty; not_found; corrupt; io.
schema::Result<BackupInfo> restore_backup(const std::string& directory, std::uint32_t number,
                                          const std::string& data);

}  // namespace pollux::actors
