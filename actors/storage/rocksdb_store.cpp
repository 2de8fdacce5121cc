#include "actors/storage/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

#include "actors/history/history_format.h"
#include "actors/journal/journal_format.h"
#include "actors/storage/write_ahead_log.h"

namespace pollux::actors {

namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

const char* const kDamageAdvice =
    "nothing was changed; copy the directory away for analysis and restore it from a backup, or start with a "
    "new "
    "directory and replay the sources; do not delete single files";

// What RocksDB says about itself, the last few warnings only, kept in memory: they name files its statuses do
// not. There is no LOG file: when a disk is full, Debian's RocksDB, which keeps its assertions, ends the
// process at the second line it cannot write there.
class RocksdbWarnings final : public rocksdb::Logger {
 public:
  RocksdbWarnings() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  /// From then on nothing that is on disk may be taken for what was written: a sync that fails forgets it,
  /// and the next one succeeds.
  void note_failure() { failed_ = true; }
  bool failed() const { return failed_; }

  void Logv(const char* format, va_list arguments) override {
    std::array<char, kWarningBytesMax> line;
    std::vsnprintf(line.data(), line.size(), format, arguments);
    const std::scoped_lock lock(mutex_);
    if (lines_.size() == kWarningsKept) lines_.pop_front();
    lines_.emplace_back(line.data());
  }

  std::string text() const {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
};

namespace {

rocksdb::CompressionType first_supported(std::initializer_list<rocksdb::CompressionType> wanted) {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (const auto type : wanted) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}
rocksdb::CompressionType best_compression() {
  return first_supported({rocksdb::kZSTD, rocksdb::kLZ4Compression});
}
rocksdb::CompressionType light_compression() {
  return first_supported({rocksdb::kLZ4Compression, rocksdb::kZSTD});
}

// A journal that failed stays failed until it is opened again and read: nothing resumes behind its back.
class NoAutomaticRecovery final : public rocksdb::EventListener {
 public:
  explicit NoAutomaticRecovery(std::shared_ptr<RocksdbWarnings> warnings) : warnings_(std::move(warnings)) {}
  const char* Name() const override { return "pollux.NoAutomaticRecovery"; }
  // Not every failure is in its count of background errors: that of a MANIFEST's sync is not.
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    warnings_->note_failure();
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* automatic) override {
    *automatic = false;
  }

 private:
  const std::shared_ptr<RocksdbWarnings> warnings_;
};

rocksdb::DBOptions database_options(rocksdb::Env* env, const std::shared_ptr<RocksdbWarnings>& log) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // First without any tolerance; see `open_database`.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  options.track_and_verify_wals_in_manifest = true;
  options.max_total_wal_size = kWriteAheadLogBytesMax;
  options.db_write_buffer_size = kAllWriteBuffersBytes;
  options.max_manifest_file_size = kManifestBytesMax;
  options.info_log = log;
  options.max_open_files = kOpenFilesMax;
  options.max_file_opening_threads = 1;  // starting more costs more than opening what little there is
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoAutomaticRecovery>(log));
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

// Records arrive in key order and are never rewritten, so a compaction is a rename from level to level.
rocksdb::ColumnFamilyOptions records_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 64u << 10;
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.compression = best_compression();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Small and looked up by key: whether an event lies in quarantine is asked for every late one.
rocksdb::ColumnFamilyOptions lookup_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  constexpr double kBloomBitsPerKey = 10;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes / 4;
  options.compression = best_compression();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Written faster than anything else here and rarely read: light compression, few rewrites.
rocksdb::ColumnFamilyOptions history_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                             rocksdb::CompactionStyle style) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16u << 10;
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kHistoryWriteBufferBytes;
  options.max_write_buffer_number = 4;
  options.compaction_style = style;
  options.compression = light_compression();
  options.bottommost_compression = best_compression();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool is_held_lock(const std::string& text) {
  return contains(text, "While lock file") || contains(text, "lock hold by current process");
}

// RocksDB has no code for EDQUOT, only the system's text. It is got over as a full disk is: the store is
// opened again, which writes what its logs hold to new files, and the same append is repeated.
bool is_used_up_quota(const std::string& text) {
  return contains(text, std::generic_category().message(EDQUOT));
}

// The first file of the directory that a text names, by its path or by its name alone.
std::optional<std::string> file_named_in(rocksdb::Env& env, const std::string& text,
                                         const std::string& directory) {
  constexpr auto kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (const auto at = text.find(directory + "/"); at != std::string::npos) {
    const auto name = at + directory.size() + 1;
    fs::path file = text.substr(at, text.find_first_not_of(kNameCharacters, name) - at);
    // Where an .sst is missing, RocksDB looks for it under its name of long ago and reports that.
    if (file.extension() == ".ldb") file.replace_extension(".sst");
    return file.string();
  }
  std::vector<std::string> names;  // none in an unreadable directory; the directory itself is reported then
  env.GetChildren(directory, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    if (name.size() > 2 && contains(text, name)) return directory + "/" + name;
  }
  return std::nullopt;
}

/// The first table whose blocks do not match their checksums; nothing when all do.
std::optional<std::string> damaged_table(rocksdb::Env& env, const std::string& directory) {
  rocksdb::Options options;
  options.env = &env;
  std::vector<std::string> names;
  env.GetChildren(directory, &names).PermitUncheckedError();
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!name.ends_with(".sst")) continue;
    rocksdb::SstFileReader table(options);
    const std::string path = directory + "/" + name;
    if (!table.Open(path).ok() || !table.VerifyChecksum().ok()) return path;
  }
  return std::nullopt;
}

// RocksDB mostly names the damaged file in its status, sometimes only in its log. Where it fails to open a
// table it names the MANIFEST that the table is listed in, and where CURRENT is damaged the file it then
// names.
std::string damaged_file(rocksdb::Env& env, const std::string& status, const std::string& warnings,
                         const std::string& directory) {
  const auto file = file_named_in(env, status, directory);
  if (!file) return file_named_in(env, warnings, directory).value_or(directory);
  if (!contains(*file, "/MANIFEST-")) return *file;
  if (env.FileExists(*file).IsNotFound()) return directory + "/CURRENT, which names " + *file;
  return damaged_table(env, directory).value_or(*file);
}

Error explain_status(rocksdb::Env& env, const rocksdb::Status& status, const std::string& warnings,
                     const std::string& directory, const std::string& doing) {
  const std::string text = status.ToString();
  if (is_held_lock(text)) {
    return {ErrorCode::conflict,
            "cannot " + doing + ": it is in use by a running pollux (its LOCK file is held)", directory,
            "stop the other process first (`fuser " + directory +
                "/LOCK` names it), or choose another directory; do not delete the LOCK file"};
  }
  if (status.IsNoSpace() || is_used_up_quota(text)) {
    return {ErrorCode::no_space, "cannot " + doing + ": the disk is full (" + text + ")", directory,
            "free some space there, or raise the quota: pollux then goes on by itself, and answers reads "
            "meanwhile; nothing "
            "acknowledged is lost; send again what was refused"};
  }
  const std::string file = damaged_file(env, text, warnings, directory);
  const bool file_is_gone = contains(text, "No such file");
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotSupported() || file_is_gone) {
    return {ErrorCode::corrupt, "cannot " + doing + ": the stored data is damaged: " + text, file,
            kDamageAdvice};
  }
  return {ErrorCode::io, "cannot " + doing + ": " + text, file,
          "check space, permissions and the disk's health, then start again; nothing acknowledged is lost"};
}

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

/// In the order of the store's accessors; those at the end came later.
std::vector<rocksdb::ColumnFamilyDescriptor> families() {
  const auto cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  return {
      {rocksdb::kDefaultColumnFamilyName, lookup_options(cache)},
      {journal_format::kRecords, records_options(cache)},
      {journal_format::kQuarantine, lookup_options(cache)},
      {journal_format::kMeta, lookup_options(cache)},
      {journal_format::kIdentities, lookup_options(cache)},
      {history_format::kChanges, history_options(cache, rocksdb::kCompactionStyleLevel)},
      {history_format::kHistory, history_options(cache, rocksdb::kCompactionStyleUniversal)},
  };
}
constexpr std::size_t kFamiliesAtLeast = 5;

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
  auto status = rocksdb::DB::Open(options, directory_, families(), &families_, &database);
  bool torn = false;
  if (status.IsCorruption()) {
    // A disk that fails meanwhile is no damage.
    if (const auto looked = look_for_torn_write(torn); looked.IsIOError()) return looked;
  }
  if (torn) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = rocksdb::DB::Open(options, directory_, families(), &families_, &database);
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
  if (status.ok()) families_.resize(families().size(), nullptr);
  return status;
}

/// Those that an older Pollux did not have may be absent.
rocksdb::Status RocksdbStore::families_there(std::vector<rocksdb::ColumnFamilyDescriptor>& there) const {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(database_options(env_, warnings_), directory_, &names);
  if (!status.ok()) return status;
  for (auto& family : families()) {
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
