#include "actors/storage/backup.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "actors/storage/rocksdb_store.h"

namespace pollux::actors {

namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

Error failed(const rocksdb::Status& status, const std::string& doing, const std::string& directory) {
  const std::string text = status.ToString();
  if (status.IsNotFound()) {
    return {ErrorCode::not_found, "cannot " + doing + ": there is no such backup (" + text + ")", directory,
            "`pollux restore --list` shows what there is"};
  }
  if (status.IsCorruption()) {
    return {ErrorCode::corrupt, "cannot " + doing + ": the backup is damaged: " + text, directory,
            "use an older backup: `pollux restore --list` shows what there is"};
  }
  return {ErrorCode::io, "cannot " + doing + ": " + text, directory, "check space, permissions and the disk"};
}

/// Of folders with copies of snapshots, followed by a number; each backup names its own.
constexpr std::string_view kBeside = "snapshots-";

BackupInfo info_of(const rocksdb::BackupInfo& info) {
  return {info.backup_id, info.timestamp * schema::kSecond, info.size};
}

rocksdb::BackupEngineOptions options_for(const std::string& directory) {
  rocksdb::BackupEngineOptions options(directory);
  options.sync = true;
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.max_background_operations = 1;
  return options;
}

using ReadOnlyEngine = std::unique_ptr<rocksdb::BackupEngineReadOnly>;

Result<ReadOnlyEngine> open_for_reading(const std::string& directory, const std::string& doing) {
  std::error_code ignored;  // what cannot be looked at is not there
  if (!fs::is_directory(directory, ignored)) {
    return Error{ErrorCode::not_found, "cannot " + doing + ": there is no such directory", directory,
                 "name the directory that `pollux backup` wrote to"};
  }
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const auto status =
      rocksdb::BackupEngineReadOnly::Open(rocksdb::Env::Default(), options_for(directory), &engine);
  if (!status.ok()) return failed(status, doing, directory);
  return ReadOnlyEngine(engine);
}

std::vector<BackupInfo> all_of(const rocksdb::BackupEngineReadOnlyBase& engine) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  std::vector<BackupInfo> all;
  for (const auto& info : infos) all.push_back(info_of(info));
  return all;
}

/// Removes folders of backups that were broken off, and of those that are no more.
void remove_unnamed(const std::vector<rocksdb::BackupInfo>& backups, const std::string& directory,
                    const std::string& also_kept) {
  std::error_code ignored;  // what cannot be removed takes room, and is tried again with the next backup
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kBeside) || name == also_kept) continue;
    if (std::ranges::count(backups, name, &rocksdb::BackupInfo::app_metadata) == 0)
      fs::remove_all(entry.path(), ignored);
  }
}

/// A name that no folder there has.
std::string new_name_in(const std::string& directory) {
  std::error_code ignored;  // the folder is made next, and then it is told
  for (std::uint64_t number = 1;; ++number) {
    std::string name = std::string(kBeside) + std::to_string(number);
    if (!fs::exists(fs::path(directory) / name, ignored)) return name;
  }
}

/// The folder that backup `number` names; empty where it names none. A Pollux before this one named it by the
/// number.
fs::path snapshots_of(const rocksdb::BackupEngineReadOnlyBase& engine, const std::string& directory,
                      std::uint32_t number) {
  rocksdb::BackupInfo info;
  if (!engine.GetBackupInfo(number, &info).ok()) return {};
  if (info.app_metadata.starts_with(kBeside)) return fs::path(directory) / info.app_metadata;
  const fs::path by_number = fs::path(directory) / ("with-" + std::to_string(number));
  std::error_code ignored;  // it had no snapshots, or none are needed
  return fs::is_directory(by_number, ignored) ? by_number : fs::path();
}

}  // namespace

Result<BackupInfo> back_up(rocksdb::DB& database, const std::string& directory, const std::string& beside) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return Error{ErrorCode::io, "cannot make the backup directory: " + error.message(), directory,
                 "name one that can be written to"};
  }
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status =
      rocksdb::BackupEngine::Open(rocksdb::Env::Default(), options_for(directory), &opened);
  if (!status.ok()) return failed(status, "open the backup directory", directory);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  std::vector<rocksdb::BackupInfo> backups;
  engine->GetBackupInfo(&backups);
  remove_unnamed(backups, directory, beside);
  rocksdb::CreateBackupOptions options;
  // The history is not in the write-ahead log: what is not flushed would have to be made again.
  options.flush_before_backup = true;
  rocksdb::BackupID number = 0;
  status = engine->CreateNewBackupWithMetadata(options, &database, beside, &number);
  if (!status.ok()) return failed(status, "back up", directory);
  rocksdb::BackupInfo info;
  status = engine->GetBackupInfo(number, &info);
  if (!status.ok()) return failed(status, "back up", directory);
  return info_of(info);
}

/// Snapshots first: none of them may be ahead of the journal that is copied after them.
Result<BackupInfo> back_up_with_snapshots(
    const SnapshotStore* store, const std::string& directory,
    const std::function<Result<BackupInfo>(const std::string& beside)>& take) {
  if (store == nullptr) return take("");
  const auto held = store->hold_all();
  const std::string beside = new_name_in(directory);
  const fs::path folder = fs::path(directory) / beside;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return Error{ErrorCode::io, "cannot prepare the backup: " + error.message(), folder.string(),
                 "name a directory that can be written to"};
  SnapshotStore copies(folder.string());
  if (auto copied = copy_snapshots(*store, copies); !copied.ok()) return copied.error();
  // That the folder is there is made durable with the backup that names it.
  return take(beside);
}

Result<BackupInfo> back_up_directory(const std::string& data, const std::string& directory) {
  std::error_code ignored;  // what cannot be looked at is not there
  if (!fs::exists(fs::path(data) / "CURRENT", ignored)) {
    return Error{ErrorCode::not_found, "there is no journal in this directory", data,
                 "name the directory given to `pollux serve --data`"};
  }
  const auto store = RocksdbStore::open(data);
  if (!store.ok()) return store.error();
  const SnapshotStore snapshots(data);
  return back_up_with_snapshots(&snapshots, directory, [&](const std::string& beside) {
    return back_up((*store)->database(), directory, beside);
  });
}

Result<std::vector<BackupInfo>> list_backups(const std::string& directory) {
  std::error_code ignored;  // what cannot be looked at is told when it is opened
  const bool begun = fs::exists(fs::path(directory) / "meta", ignored);
  if (!begun && fs::is_directory(directory, ignored))
    return std::vector<BackupInfo>{};  // the first was broken off
  const auto engine = open_for_reading(directory, "list the backups");
  if (!engine.ok()) return engine.error();
  return all_of(**engine);
}

Result<BackupInfo> restore_backup(const std::string& directory, std::uint32_t number,
                                  const std::string& data) {
  const auto engine = open_for_reading(directory, "restore");
  if (!engine.ok()) return engine.error();
  const auto all = all_of(**engine);
  const auto wanted = number == 0 && !all.empty() ? std::prev(all.end())
                                                  : std::ranges::find(all, number, &BackupInfo::number);
  if (wanted == all.end()) return failed(rocksdb::Status::NotFound(), "restore", directory);
  std::error_code error;
  if (fs::exists(data, error) && !fs::is_empty(data, error)) {
    return Error{ErrorCode::conflict, "this directory is not empty; nothing was changed", data,
                 "restore to a new directory, then move it where it is to be"};
  }
  const fs::path beside = snapshots_of(**engine, directory, wanted->number);
  if (!beside.empty() && !fs::is_directory(beside, error)) {
    return Error{ErrorCode::corrupt, "the snapshots that belong to this backup are gone", beside.string(),
                 "use an older backup: `pollux restore --list` shows what there is"};
  }
  rocksdb::Status status = (*engine)->VerifyBackup(wanted->number, true);
  if (!status.ok()) return failed(status, "restore", directory);
  status = (*engine)->RestoreDBFromBackup(wanted->number, data, data);
  if (!status.ok()) return failed(status, "restore", data);
  if (beside.empty()) return *wanted;
  const SnapshotStore copies(beside.string());
  SnapshotStore snapshots(data);
  if (auto copied = copy_snapshots(copies, snapshots); !copied.ok()) return copied.error();
  return *wanted;
}

}  // namespace pollux::actors
