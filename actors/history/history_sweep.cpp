#include "actors/history/history_sweep.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "actors/history/history_store.h"
#include "actors/history/words.h"
#include "schema/assert.h"

namespace pollux::actors {

namespace format = history_format;
using schema::Result;

namespace {

std::string key_of(const format::ChunkPlace& place) {
  const auto key = format::chunk_key(place);
  return {key.data(), key.size()};
}

}  // namespace

void HistorySweep::begin(schema::Position position, schema::EventTime clock, schema::Duration lag) {
  POLLUX_ASSERT(!under_way());
  position_ = position;
  clock_ = clock;
  lag_ = lag;
  cursor_ = key_of({{0, 0}, 0, 0});
}

Result<bool> HistorySweep::go_on() {
  const std::unique_ptr<rocksdb::Iterator> at(store_.database().NewIterator({}, store_.history()));
  const auto here = [&]() -> std::optional<format::ChunkPlace> {
    if (!at->Valid()) return std::nullopt;
    return format::place_of_key({at->key().data(), at->key().size()});
  };
  std::size_t chunks = 0;
  std::vector<Old> old;
  for (at->Seek(cursor_); chunks < kChunksAStep;) {
    const auto first = here();
    if (!first) {
      if (!at->status().ok()) return store_.explain(at->status(), "drop old history");
      cursor_.clear();
      return true;
    }
    old.clear();
    for (auto place = first; place && place->series == first->series && place->first <= position_;
         at->Next(), place = here()) {
      old.push_back({*place, at->value().ToString()});
    }
    if (!at->status().ok()) return store_.explain(at->status(), "drop old history");
    if (auto swept = sweep_series(old); !swept.ok()) return swept.error();
    chunks += old.size() + 1;
    cursor_ = key_of({first->series, ~schema::Position{0}, format::kLastPart});
    at->Seek(cursor_);
  }
  return false;
}

/// All but the last chunk are old altogether.
Result<void> HistorySweep::sweep_series(const std::vector<Old>& chunks) {
  if (chunks.size() <= 1) return {};
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) batch.Delete(store_.history(), key_of(chunks[i].place));
  const auto kept =
      is_told(chunks.front().place.series) ? keep_words(chunks, batch) : keep_what_held(chunks, batch);
  if (!kept.ok()) return kept;
  const auto status = store_.database().Write(unlogged(), &batch);
  if (!status.ok()) return store_.explain(status, "drop old history");
  return {};
}

Result<void> HistorySweep::read(const Old& chunk, std::vector<HistoryEntry>& entries) const {
  entries.clear();
  if (format::read_chunk(chunk.place, chunk.bytes, entries)) return {};
  return damaged_history(store_, "history, position " + std::to_string(chunk.place.first),
                         "a chunk of the history is unreadable");
}

void HistorySweep::put(const Series& series, std::span<const HistoryEntry> entries,
                       rocksdb::WriteBatch& batch) const {
  const format::ChunkPlace place{series, entries.front().position, 0};
  std::string bytes;
  format::write_chunk(place, entries, bytes);
  batch.Put(store_.history(), key_of(place), bytes);
}

Result<void> HistorySweep::keep_words(const std::vector<Old>& chunks, rocksdb::WriteBatch& batch) const {
  Words words;
  std::vector<HistoryEntry> entries;
  for (const Old& chunk : chunks) {
    if (auto whole = read(chunk, entries); !whole.ok()) return whole;
    for (const HistoryEntry& entry : entries) {
      if (entry.position <= position_) words.take(entry, Words::Order::later);
    }
  }
  std::vector<HistoryEntry> kept = words.needed(clock_, lag_);
  std::erase_if(kept, [&](const HistoryEntry& entry) { return entry.position >= chunks.back().place.first; });
  if (!kept.empty()) put(chunks.front().place.series, kept, batch);
  return {};
}

/// The entry that told what held then.
Result<void> HistorySweep::keep_what_held(const std::vector<Old>& chunks, rocksdb::WriteBatch& batch) const {
  std::vector<HistoryEntry> entries;
  bool found = false;
  for (std::size_t i = chunks.size(); i-- > 0 && !found;) {
    if (auto whole = read(chunks[i], entries); !whole.ok()) return whole;
    for (auto entry = entries.rbegin(); entry != entries.rend() && !found; ++entry) {
      found = entry->position <= position_ && entry->covers(clock_);
      if (!found || i + 1 == chunks.size()) continue;
      put(chunks[i].place.series, std::span(&*entry, 1), batch);
    }
  }
  return {};
}

}  // namespace pollux::actors
