#include "actors/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

#include "actors/history_format.h"
#include "actors/journal_format.h"

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
  const char* Name() const override { return "pollux.NoAutomaticRecovery"; }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* automatic) override {
    *automatic = false;
  }
};

rocksdb::DBOptions database_options(std::shared_ptr<rocksdb::Logger> log) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A torn last write was never acknowledged and is dropped; damage before the tail refuses to open.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.max_total_wal_size = kWriteAheadLogBytesMax;
  options.db_write_buffer_size = kAllWriteBuffersBytes;
  options.max_manifest_file_size = kManifestBytesMax;
  options.info_log = std::move(log);
  options.max_open_files = kOpenFilesMax;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoAutomaticRecovery>());
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

// The first file of the directory that a text names, by its path or by its name alone.
std::optional<std::string> file_named_in(const std::string& text, const std::string& directory) {
  constexpr auto kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (const auto at = text.find(directory + "/"); at != std::string::npos) {
    const auto name = at + directory.size() + 1;
    fs::path file = text.substr(at, text.find_first_not_of(kNameCharacters, name) - at);
    // Where an .sst is missing, RocksDB looks for it under its name of long ago and reports that.
    if (file.extension() == ".ldb") file.replace_extension(".sst");
    return file.string();
  }
  std::error_code ignored;  // an unreadable directory names no file; the directory itself is reported then
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (contains(text, entry.path().filename().string())) return entry.path().string();
  }
  return std::nullopt;
}

// RocksDB mostly names the damaged file in its status, sometimes only in its log.
std::string damaged_file(const std::string& status, const std::string& warnings,
                         const std::string& directory) {
  if (const auto file = file_named_in(status, directory)) return *file;
  return file_named_in(warnings, directory).value_or(directory);
}

Error explain_status(const rocksdb::Status& status, const std::string& warnings, const std::string& directory,
                     const std::string& doing) {
  const std::string text = status.ToString();
  if (is_held_lock(text)) {
    return {ErrorCode::conflict,
            "cannot " + doing + ": it is in use by a running pollux (its LOCK file is held)", directory,
            "stop the other process first (`fuser " + directory +
                "/LOCK` names it), or choose another directory; do not delete the LOCK file"};
  }
  const std::string file = damaged_file(text, warnings, directory);
  const bool file_is_gone = contains(text, "No such file");
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotSupported() || file_is_gone) {
    return {ErrorCode::corrupt, "cannot " + doing + ": the stored data is damaged: " + text, file,
            kDamageAdvice};
  }
  return {ErrorCode::io, "cannot " + doing + ": " + text, file,
          "check space, permissions and the disk's health, then start again; nothing acknowledged is lost"};
}

Result<void> make_directory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error && fs::is_directory(directory, error)) return {};
  const std::string reason = error ? error.message() : std::string("it is not a directory");
  return Error{ErrorCode::io, "cannot use this as a data directory: " + reason, directory,
               "name a directory that exists or can be created and is writable"};
}

/// What a creation that was cut short may leave, and what a file system puts into its root by itself.
bool belongs_to_a_new_store(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "LOCK" || name == "IDENTITY" || name == "lost+found") return true;
  for (const std::string_view prefix : {"MANIFEST-", "OPTIONS-"}) {
    if (name.starts_with(prefix)) return true;
  }
  return file.extension() == ".dbtmp" || file.extension() == ".log";
}

// Without CURRENT, RocksDB would take the directory for a new one and delete what it does not know.
Result<void> refuse_remains(const std::string& directory) {
  std::error_code error;
  if (fs::exists(fs::path(directory) / "CURRENT", error)) return {};
  auto entries = fs::directory_iterator(directory, error);
  if (error) {
    return Error{ErrorCode::io, "cannot list the data directory: " + error.message(), directory,
                 "check its permissions"};
  }
  for (const auto& entry : entries) {
    const auto extension = entry.path().extension();
    const bool is_data = extension == ".sst" || (extension == ".log" && entry.file_size(error) > 0);
    if (!is_data && !belongs_to_a_new_store(entry.path())) {
      return Error{ErrorCode::conflict,
                   "this directory holds something else (" + entry.path().filename().string() +
                       ") and no journal of pollux",
                   directory, "name an empty directory, or one that is not there yet; nothing was changed"};
    }
    if (!is_data) continue;
    return Error{ErrorCode::corrupt,
                 "the file CURRENT is missing beside data (" + entry.path().filename().string() +
                     "): the journal cannot be read without it",
                 (fs::path(directory) / "CURRENT").string(), kDamageAdvice};
  }
  return {};
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

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open(const std::string& directory) {
  if (auto made = make_directory(directory); !made.ok()) return made.error();
  if (auto checked = refuse_remains(directory); !checked.ok()) return checked.error();

  std::unique_ptr<RocksdbStore> store(new RocksdbStore);
  store->directory_ = directory;
  store->warnings_ = std::make_shared<RocksdbWarnings>();
  rocksdb::DB* database = nullptr;
  const auto status = rocksdb::DB::Open(database_options(store->warnings_), directory, families(),
                                        &store->families_, &database);
  store->database_.reset(database);
  if (!status.ok()) return store->explain(status, "open the journal");
  return store;
}

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open_read_only(const std::string& directory) {
  std::error_code ignored;  // what cannot be looked at is not there
  if (!fs::exists(fs::path(directory) / "CURRENT", ignored)) {
    return Error{ErrorCode::not_found, "there is no journal in this directory", directory,
                 "name the directory given to `pollux serve --data`"};
  }
  std::unique_ptr<RocksdbStore> store(new RocksdbStore);
  store->directory_ = directory;
  store->warnings_ = std::make_shared<RocksdbWarnings>();
  rocksdb::DBOptions options = database_options(store->warnings_);
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  std::vector<std::string> there;
  auto status = rocksdb::DB::ListColumnFamilies(options, directory, &there);
  if (!status.ok()) return store->explain(status, "open the journal");
  // What an older Pollux did not have is absent; what this one does not know, RocksDB refuses by name.
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (auto& family : families()) {
    if (std::ranges::find(there, family.name) != there.end()) wanted.push_back(std::move(family));
  }
  if (wanted.size() < kFamiliesAtLeast || wanted.size() != there.size()) {
    return Error{ErrorCode::corrupt, "this is no journal that this pollux knows: its parts are others",
                 directory, "use the pollux version that wrote it"};
  }
  rocksdb::DB* database = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, directory, wanted, &store->families_, &database);
  store->database_.reset(database);
  if (!status.ok()) return store->explain(status, "open the journal");
  store->families_.resize(families().size(), nullptr);
  return store;
}

RocksdbStore::~RocksdbStore() {
  for (auto* family : families_) {
    if (family != nullptr) database_->DestroyColumnFamilyHandle(family);
  }
}

Error RocksdbStore::explain(const rocksdb::Status& status, const std::string& doing) const {
  return explain_status(status, warnings_->text(), directory_, doing);
}

}  // namespace pollux::actors
