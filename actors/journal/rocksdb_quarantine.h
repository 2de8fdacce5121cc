// The quarantine as it lies in RocksDB. Format: JOURNAL.md.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tsl/robin_map.h>

#include "actors/journal/quarantine_index.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/event/event.h"
#include "schema/record/epoch_codec.h"
#include "schema/result.h"

namespace pollux::actors {

/// Part of a RocksDB journal, whose store and model must outlive it. One thread at a time writes; reading may
/// run beside it.
class RocksdbQuarantine {
 public:
  RocksdbQuarantine(const RocksdbStore& store, const schema::Model& model)
      : store_(store), model_(model), encoder_(model) {}

  /// Builds the index from what is stored. Errors: corrupt, io.
  schema::Result<void> load();

  /// Adds what changes to `batch`.
  void put(const QuarantineChanges& changes, schema::Position position, rocksdb::WriteBatch& batch);
  /// To be called once that batch is durable, with the same arguments.
  void written(const QuarantineChanges& changes, schema::Position position);

  /// See Journal::quarantine.
  schema::Result<std::vector<QuarantinedEvent>> read(std::uint64_t from, std::size_t limit) const;

  const QuarantineIndex& index() const { return index_; }

 private:
  using Identities = tsl::robin_map<std::uint64_t, schema::EventKey>;

  schema::Result<void> load_event(std::string_view key, std::string_view value, const Identities& identities,
                                  schema::RecordDecoder& decoder);
  schema::Result<void> load_decision(std::string_view key, std::string_view value);
  void put_event(const QuarantinedEvent& event, std::uint64_t number, rocksdb::WriteBatch& batch);
  void put_exits(const std::vector<QuarantineExit>& exits, schema::Position position,
                 rocksdb::WriteBatch& batch);

  const RocksdbStore& store_;
  const schema::Model& model_;
  schema::RecordEncoder encoder_;
  std::string encoded_;
  std::vector<std::size_t> bytes_put_;  // of each event of the batch being made
  std::uint64_t next_number_ = 1;
  QuarantineIndex index_;
};

}  // namespace pollux::actors
