// Takes dropped knowledge out of the stored history, series by series.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "actors/history/history_format.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/result.h"

namespace rocksdb {
class WriteBatch;
}

namespace pollux::actors {

/// Of each series keeps what is known since a position, and the one older entry that told what held at the
/// clock of that position: whoever asks for that time or a later one finds the same answer as before. Of what
/// was told, what a late event may need: see `Words::needed`. One thread at a time. `store` must outlive it.
class HistorySweep {
 public:
  explicit HistorySweep(RocksdbStore& store) : store_(store) {}

  /// `lag`: see HistoryBounds. REQUIRES: not under way; all entries up to `position` lie in chunks.
  void begin(schema::Position position, schema::EventTime clock, schema::Duration lag);
  bool under_way() const { return !cursor_.empty(); }
  void stop() { cursor_.clear(); }

  /// Works through some hundred chunks; true when nothing is left. Errors: corrupt, io.
  schema::Result<bool> go_on();

 private:
  static constexpr std::size_t kChunksAStep = 512;

  /// Chunks of one series that begin no later than `position_`, ascending, with their bytes.
  struct Old {
    history_format::ChunkPlace place;
    std::string bytes;
  };
  schema::Result<void> sweep_series(const std::vector<Old>& chunks);
  schema::Result<void> keep_what_held(const std::vector<Old>& chunks, rocksdb::WriteBatch& batch) const;
  schema::Result<void> keep_words(const std::vector<Old>& chunks, rocksdb::WriteBatch& batch) const;
  schema::Result<void> read(const Old& chunk, std::vector<HistoryEntry>& entries) const;
  void put(const Series& series, std::span<const HistoryEntry> entries, rocksdb::WriteBatch& batch) const;

  RocksdbStore& store_;
  schema::Position position_ = 0;
  schema::EventTime clock_ = 0;
  schema::Duration lag_ = 0;
  std::string cursor_;  // the next key to look at; empty: done
};

}  // namespace pollux::actors
