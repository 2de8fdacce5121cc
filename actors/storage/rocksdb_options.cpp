#include "actors/storage/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "actors/history/history_format.h"
#include "actors/journal/journal_format.h"

namespace pollux::actors {

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

}  // namespace

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

std::vector<rocksdb::ColumnFamilyDescriptor> column_families() {
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

}  // namespace pollux::actors
