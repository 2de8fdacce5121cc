#include "actors/storage/rocksdb_store.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_options.h"
#include "actors/storage/write_ahead_log.h"

namespace pollux::actors {

namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

Error unusable_directory(const rocksdb::Status& status, const std::string& directory) {
  return {ErrorCode::io, "cannot use this as a data directory: " + status.ToString(), directory,
          "name a directory that exists or can be created and is writable"};
}

/// RocksDB makes its directory, but none above it, and does not sync the one it makes it in: after a power
/// loss the whole journal could be gone.
Result<void> make_directory(rocksdb::Env& env, const fs::path& directory) {
  if (env.FileExists(directory.string()).ok() && fs::path(directory).filename().empty()) return {};
  const fs::path parent = directory.has_parent_path() ? directory.parent_path() : fs::path(".");
  if (parent != directory && !env.FileExists(parent.string()).ok()) {
    if (auto made = make_directory(env, parent); !made.ok()) return made;
  }
  const bool is_new = !env.FileExists(directory.string()).ok();
  auto status = env.CreateDirIfMissing(directory.string());
  if (!status.ok()) return unusable_directory(status, directory.string());
  if (!is_new) return {};
  std::unique_ptr<rocksdb::Directory> above;
  status = env.NewDirectory(parent.string(), &above);
  if (status.ok()) status = above->Fsync();
  if (!status.ok()) return unusable_directory(status, directory.string());
  return {};
}

/// What a creation that was cut short may leave, and what a file system puts into its root by itself.
bool belongs_to_a_new_store(const std::string& name) {
  if (name == "LOCK" || name == "IDENTITY" || name == "DURABLE" || name == "lost+found") return true;
  for (const std::string_view prefix : {"MANIFEST-", "OPTIONS-"}) {
    if (name.starts_with(prefix)) return true;
  }
  const auto extension = fs::path(name).extension();
  return extension == ".dbtmp" || extension == ".log";
}

// Without CURRENT, RocksDB would take the directory for a new one and delete what it does not know.
Result<void> refuse_remains(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (const auto status = env.GetChildren(directory, &names); !status.ok()) {
    return Error{ErrorCode::io, "cannot list the data directory: " + status.ToString(), directory,
                 "check its permissions"};
  }
  if (std::ranges::find(names, "CURRENT") != names.end()) return {};
  for (const std::string& name : names) {
    const auto extension = fs::path(name).extension();
    std::uint64_t bytes = 0;
    const bool is_log = extension == ".log" && env.GetFileSize(directory + "/" + name, &bytes).ok();
    const bool is_data = extension == ".sst" || (is_log && bytes > 0);
    if (!is_data && name != "." && name != ".." && !belongs_to_a_new_store(name)) {
      return Error{ErrorCode::conflict,
                   "this directory holds something else (" + name + ") and no journal of pollux", directory,
                   "name an empty directory, or one that is not there yet; nothing was changed"};
    }
    if (!is_data) continue;
    return Error{
        ErrorCode::corrupt,
        "the file CURRENT is missing beside data (" + name + "): the journal cannot be read without it",
        (fs::path(directory) / "CURRENT").string(), kDamageAdvice};
  }
  return {};
}

/// The number of the MANIFEST that CURRENT names; 0 where it names none.
std::uint64_t manifest_number(rocksdb::Env& env, const std::string& directory) {
  constexpr std::string_view kPrefix = "MANIFEST-";
  std::string current;
  if (!rocksdb::ReadFileToString(&env, directory + "/CURRENT", &current).ok()) return 0;
  if (!current.starts_with(kPrefix)) return 0;
  return std::strtoull(current.c_str() + kPrefix.size(), nullptr, 10);
}

std::string manifest_path(const std::string& directory, std::uint64_t number) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "/MANIFEST-%06llu", static_cast<unsigned long long>(number));
  return directory + name.data();
}

/// After this they are on disk, whatever RocksDB is about to sync itself; 0 where that cannot be said.
std::uint64_t synced_manifest_bytes(rocksdb::Env& env, const std::string& directory, std::uint64_t number) {
  std::uint64_t bytes = 0;
  std::unique_ptr<rocksdb::RandomRWFile> file;
  const std::string path = manifest_path(directory, number);
  const bool synced = env.GetFileSize(path, &bytes).ok() &&
                      env.NewRandomRWFile(path, &file, rocksdb::EnvOptions()).ok() && file->Fsync().ok();
  return synced ? bytes : 0;
}

/// The path of the newest write-ahead log; of the directory where there is none.
std::string newest_log(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;  // none in an unreadable directory, which opening will report
  env.GetChildren(directory, &names).PermitUncheckedError();
  std::string newest;
  for (const std::string& name : names) {
    if (name.ends_with(".log")) newest = std::max(newest, name);
  }
  return newest.empty() ? directory : directory + "/" + newest;
}

std::uint64_t manifest_bytes(rocksdb::Env& env, const std::string& directory, std::uint64_t number) {
  std::uint64_t bytes = 0;
  const bool known = env.GetFileSize(manifest_path(directory, number), &bytes).ok();
  return known ? bytes : 0;
}

constexpr std::ptrdiff_t kLogsMax = 8;

/// RocksDB leaves an empty log behind at each opening after which nothing is written, until a family is
/// flushed. So where there are many, one is, with what it holds already.
rocksdb::Status drop_empty_logs(rocksdb::Env& env, const std::string& directory, rocksdb::DB& database,
                                rocksdb::ColumnFamilyHandle* meta) {
  std::vector<std::string> names;  // none in an unreadable directory, where opening has failed
  env.GetChildren(directory, &names).PermitUncheckedError();
  const auto logs = std::ranges::count_if(names, [](const auto& name) { return name.ends_with(".log"); });
  std::string format;
  const bool is_new = !database.Get({}, meta, journal_format::kFormatKey, &format).ok();
  if (logs <= kLogsMax || is_new) return {};
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = database.Put(synced, meta, journal_format::kFormatKey, format);
  return status.ok() ? database.Flush({}, meta) : status;
}

}  // namespace

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open(const std::string& directory, rocksdb::Env* env,
                                                         bool sync_each_write) {
  if (env == nullptr) env = rocksdb::Env::Default();
  if (auto made = make_directory(*env, directory); !made.ok()) return made.error();
  if (auto checked = refuse_remains(*env, directory); !checked.ok()) return checked.error();
  std::unique_ptr<RocksdbStore> store(new RocksdbStore);
  store->directory_ = directory;
  store->env_ = env;
  store->sync_each_write_ = sync_each_write;
  store->note_ = std::make_unique<DurableNote>(*env, directory);
  if (auto opened = store->open_checked(); !opened.ok()) return opened.error();
  return store;
}

Result<void> RocksdbStore::open_checked() {
  warnings_ = std::make_shared<RocksdbWarnings>();
  // Without a note each write counts as synced: one that says otherwise is durable before the first write.
  known_durable_ = note_->read().value_or(DurableExtent{});
  if (auto checked = refuse_damaged_manifest(); !checked.ok()) return checked;
  const std::string log = newest_log(*env_, directory_);
  if (const auto status = open_database(); !status.ok()) return explain(status, "open the journal");
  if (auto checked = refuse_lost_end(log); !checked.ok()) return checked;
  if (const auto status = drop_empty_logs(*env_, directory_, *database_, meta()); !status.ok())
    return explain(status, "open the journal");
  renew_note(database_->GetLatestSequenceNumber());
  writable_ = true;
  return {};
}

Result<void> RocksdbStore::reopen() {
  if (auto room = expect_room(); !room.ok()) return room;
  const std::unique_lock exclusively(use_);
  ++generation_;
  close();
  auto opened = open_checked();
  if (opened.ok()) return opened;
  close();
  open_for_reading().PermitUncheckedError();  // reading goes on if it can; what failed is told
  return opened;
}

/// What is in the logs has to go into new files.
Result<void> RocksdbStore::expect_room() const {
  std::uint64_t needed = kReopenBytes;
  std::vector<std::string> names;
  env_->GetChildren(directory_, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    std::uint64_t bytes = 0;
    if (name.ends_with(".log") && env_->GetFileSize(directory_ + "/" + name, &bytes).ok()) needed += bytes;
  }
  std::uint64_t free = 0;
  const auto status = env_->GetFreeSpace(directory_, &free);
  if (!status.ok() || free >= needed) return {};  // where it cannot be asked, trying tells
  return explain(rocksdb::Status::NoSpace("free are " + std::to_string(free >> 20) + " MiB",
                                          "needed are " + std::to_string((needed >> 20) + 1) + " MiB"),
                 "write to the journal");
}

// A MANIFEST that ends early, or whose last entries look as if they did, names older files only; RocksDB
// would take that for the state and delete the rest.
Result<void> RocksdbStore::refuse_damaged_manifest() const {
  const std::uint64_t number = manifest_number(*env_, directory_);
  if (number == 0 || number != known_durable_.manifest_number) return {};
  const std::uint64_t bytes = manifest_bytes(*env_, directory_, number);
  const std::string path = manifest_path(directory_, number);
  if (bytes < known_durable_.manifest_bytes) {
    return Error{ErrorCode::corrupt,
                 "cannot open the journal: this file has " + std::to_string(bytes) +
                     " bytes and had at least " + std::to_string(known_durable_.manifest_bytes),
                 path, kDamageAdvice};
  }
  std::string manifest;
  if (!rocksdb::ReadFileToString(env_, path, &manifest).ok()) return {};  // opening will report it
  const std::size_t intact = intact_bytes(manifest);
  if (intact >= known_durable_.manifest_bytes) return {};
  return Error{ErrorCode::corrupt,
               "cannot open the journal: this file is damaged at byte " + std::to_string(intact), path,
               kDamageAdvice};
}

Result<void> RocksdbStore::refuse_lost_end(const std::string& log) const {
  if (database_->GetLatestSequenceNumber() >= known_durable_.sequence) return {};
  return Error{ErrorCode::corrupt,
               "the end of the journal is gone: its newest write is number " +
                   std::to_string(database_->GetLatestSequenceNumber()) + ", and number " +
                   std::to_string(known_durable_.sequence) + " had been synced",
               log, kDamageAdvice};
}

void RocksdbStore::renew_note(rocksdb::SequenceNumber sequence) {
  const std::uint64_t number = manifest_number(*env_, directory_);
  const std::uint64_t bytes = synced_manifest_bytes(*env_, directory_, number);
  note_->replace({sequence, bytes == 0 ? 0 : number, bytes, sync_each_write_});
}

// A write that the power or a kill cut short was never acknowledged and is to be dropped, however it was
// torn; whatever was synced before is damage when it cannot be read. RocksDB has no mode that tells the two
// apart: the modes that drop any torn write drop what follows damage as well.
rocksdb::Status RocksdbStore::open_database() {
  auto options = database_options(env_, warnings_);
  rocksdb::DB* database = nullptr;
  auto status = rocksdb::DB::Open(options, directory_, column_families(), &families_, &database);
  bool torn = false;
  if (status.IsCorruption()) {
    // A disk that fails meanwhile is no damage.
    if (const auto looked = look_for_torn_write(torn); looked.IsIOError()) return looked;
  }
  if (torn) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = rocksdb::DB::Open(options, directory_, column_families(), &families_, &database);
  }
  database_.reset(database);
  return status;
}

/// Changes nothing on disk.
rocksdb::Status RocksdbStore::open_for_reading() {
  auto options = database_options(env_, warnings_);
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  std::vector<rocksdb::ColumnFamilyDescriptor> there;
  auto status = families_there(there);
  if (!status.ok()) return status;
  rocksdb::DB* database = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, directory_, there, &families_, &database);
  database_.reset(database);
  if (status.ok()) families_.resize(column_families().size(), nullptr);
  return status;
}

/// Those that an older Pollux did not have may be absent.
rocksdb::Status RocksdbStore::families_there(std::vector<rocksdb::ColumnFamilyDescriptor>& there) const {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(database_options(env_, warnings_), directory_, &names);
  if (!status.ok()) return status;
  for (auto& family : column_families()) {
    if (std::ranges::find(names, family.name) != names.end()) there.push_back(std::move(family));
  }
  if (there.size() >= kFamiliesAtLeast && there.size() == names.size()) return status;
  return rocksdb::Status::InvalidArgument("its column families are not those this pollux knows");
}

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open_read_only(const std::string& directory) {
  std::unique_ptr<RocksdbStore> store(new RocksdbStore);
  store->directory_ = directory;
  store->env_ = rocksdb::Env::Default();
  store->warnings_ = std::make_shared<RocksdbWarnings>();
  if (!store->env_->FileExists(directory + "/CURRENT").ok()) {
    return Error{ErrorCode::not_found, "there is no journal in this directory", directory,
                 "name the directory given to `pollux serve --data`"};
  }
  // First the note, for beside it a server may go on writing.
  store->note_ = std::make_unique<DurableNote>(*store->env_, directory);
  store->known_durable_ = store->note_->read().value_or(DurableExtent{});
  if (auto checked = store->refuse_damaged_manifest(); !checked.ok()) return checked.error();
  const std::string log = newest_log(*store->env_, directory);
  const auto status = store->open_for_reading();
  if (!status.ok()) return store->explain(status, "open the journal");
  if (auto checked = store->refuse_lost_end(log); !checked.ok()) return checked.error();
  return store;
}

/// Whether no more than the last write is unreadable.
rocksdb::Status RocksdbStore::look_for_torn_write(bool& torn) {
  const auto status = open_for_reading();
  if (!status.ok()) return status;
  const auto recovered = database_->GetLatestSequenceNumber();
  close();
  torn = recovered >= known_durable_.sequence;
  if (!torn || !known_durable_.each_write) return status;  // writes not synced each prove nothing
  const auto proven = sequence_proven_by_logs(*env_, directory_);
  torn = proven.ok() && recovered >= *proven;
  return status;
}

RocksdbStore::~RocksdbStore() {
  close();
}

void RocksdbStore::close() {
  if (database_ == nullptr) return;
  std::uint64_t failures = 0;
  const bool sound = database_->GetIntProperty(rocksdb::DB::Properties::kBackgroundErrors, &failures) &&
                     failures == 0 && !warnings_->failed();
  for (auto* family : families_) {
    if (family != nullptr) database_->DestroyColumnFamilyHandle(family);
  }
  families_.clear();
  database_.reset();
  if (sound && writable_) renew_note(note_->extent().sequence);
  writable_ = false;
}

// By the number that the database gave the batch: its newest number may be that of a write without a log.
void RocksdbStore::note_durable(const rocksdb::WriteBatch& written) {
  note_->advance(sequence_of_write(written.Data()));
}

Error RocksdbStore::explain(const rocksdb::Status& status, const std::string& doing) const {
  return explain_status(*env_, status, warnings_->text(), directory_, doing);
}

}  // namespace pollux::actors
