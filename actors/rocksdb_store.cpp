#include "actors/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

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

namespace {

rocksdb::CompressionType best_compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (const auto type : {rocksdb::kZSTD, rocksdb::kLZ4Compression}) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::DBOptions database_options() {
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
  options.max_log_file_size = kInfoLogBytesMax;
  options.keep_log_file_num = kInfoLogFilesMax;
  options.max_open_files = kOpenFilesMax;
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

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool is_held_lock(const std::string& text) {
  return contains(text, "While lock file") || contains(text, "lock hold by current process");
}

// RocksDB mostly names the damaged file in its message, sometimes only its number.
std::string file_named_in(const std::string& text, const std::string& directory) {
  std::error_code ignored;  // an unreadable directory names no file; the directory itself is reported then
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (contains(text, name)) return entry.path().string();
  }
  const auto slash = text.find(directory + "/");
  if (slash == std::string::npos) return directory;
  const auto end = text.find_first_of(" :;,", slash + directory.size());
  return text.substr(slash, end - slash);
}

Error explain_status(const rocksdb::Status& status, const std::string& directory, const std::string& doing) {
  const std::string text = status.ToString();
  if (is_held_lock(text)) {
    return {ErrorCode::conflict,
            "cannot " + doing + ": it is in use by a running pollux (its LOCK file is held)", directory,
            "stop the other process first (`fuser " + directory +
                "/LOCK` names it), or choose another directory; do not delete the LOCK file"};
  }
  const std::string file = file_named_in(text, directory);
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
    if (!is_data) continue;
    return Error{ErrorCode::corrupt,
                 "the file CURRENT is missing beside data (" + entry.path().filename().string() +
                     "): the journal cannot be read without it",
                 (fs::path(directory) / "CURRENT").string(), kDamageAdvice};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open(const std::string& directory) {
  if (auto made = make_directory(directory); !made.ok()) return made.error();
  if (auto checked = refuse_remains(directory); !checked.ok()) return checked.error();

  const auto cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, lookup_options(cache)},
      {journal_format::kRecords, records_options(cache)},
      {journal_format::kQuarantine, lookup_options(cache)},
      {journal_format::kMeta, lookup_options(cache)},
      {journal_format::kIdentities, lookup_options(cache)},
  };
  std::unique_ptr<RocksdbStore> store(new RocksdbStore);
  store->directory_ = directory;
  rocksdb::DB* database = nullptr;
  const auto status =
      rocksdb::DB::Open(database_options(), directory, families, &store->families_, &database);
  store->database_.reset(database);
  if (!status.ok()) return explain_status(status, directory, "open the journal");
  return store;
}

RocksdbStore::~RocksdbStore() {
  for (auto* family : families_) database_->DestroyColumnFamilyHandle(family);
}

Error RocksdbStore::explain(const rocksdb::Status& status, const std::string& doing) const {
  return explain_status(status, directory_, doing);
}

}  // namespace pollux::actors
