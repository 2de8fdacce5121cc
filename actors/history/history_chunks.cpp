#include "actors/history/history_chunks.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <span>

#include "actors/history/history_store.h"
#include "actors/storage/rocksdb_records.h"

namespace pollux::actors {

namespace format = history_format;
using schema::Position;
using schema::Result;

namespace {

/// Chunks in one write: some milliseconds for which the journal waits at most.
constexpr std::uint32_t kChunksAWrite = 1'024;

}  // namespace

Result<void> HistoryChunks::write(const HistoryTail& tail) {
  rocksdb::WriteBatch batch;
  Result<void> outcome;
  const auto write_out = [&](std::uint32_t at_least) {
    if (batch.Count() < at_least || !outcome.ok()) return;
    const auto status = store_.database().Write(unlogged(), &batch);
    if (!status.ok()) outcome = store_.explain(status, "write the history");
    batch.Clear();
  };
  tail.for_each([&](const Series& series, const std::vector<HistoryEntry>& entries) {
    format::ChunkPlace place{series, 0, 0};
    for (std::size_t i = 0; i < entries.size(); i += format::kChunkEntriesMax) {
      const std::size_t size = std::min(format::kChunkEntriesMax, entries.size() - i);
      place.part = i > 0 && entries[i].position == place.first ? place.part + 1 : 0;
      place.first = entries[i].position;
      encoded_.clear();
      format::write_chunk(place, std::span(entries).subspan(i, size), encoded_);
      batch.Put(store_.history(), slice(format::chunk_key(place)), encoded_);
      write_out(kChunksAWrite);
    }
  });
  write_out(1);
  return outcome;
}

/// Where the iterator stands within a series; nothing where it has left it.
std::optional<format::ChunkPlace> HistoryChunks::place_in(const Series& series, const Iterator& at) {
  const auto place = at->Valid() ? format::place_of_key(view(at->key())) : std::nullopt;
  return place && place->series == series ? place : std::nullopt;
}

Result<void> HistoryChunks::read(const format::ChunkPlace& place, const Iterator& at,
                                 std::vector<HistoryEntry>& entries) const {
  entries.clear();
  if (format::read_chunk(place, view(at->value()), entries)) return {};
  return damaged_history(
      store_, "history of `" + model_.id(place.series.entity) + "`, position " + std::to_string(place.first),
      "the chunk is unreadable");
}

Result<bool> HistoryChunks::visit(const Series& series, Position first, Position last,
                                  const History::Visit& visit) const {
  const Iterator at = iterate();
  at->SeekForPrev(slice(format::chunk_key({series, first, 0})));
  if (!place_in(series, at)) at->Seek(slice(format::chunk_key({series, first, 0})));
  std::vector<HistoryEntry> entries;
  for (auto place = place_in(series, at); place && place->first <= last; place = place_in(series, at)) {
    if (auto whole = read(*place, at, entries); !whole.ok()) return whole.error();
    for (const HistoryEntry& entry : entries) {
      if (entry.position >= first && entry.position <= last && !visit(entry)) return false;
    }
    at->Next();
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the history");
  return true;
}

Result<bool> HistoryChunks::visit_back(const Series& series, Position last,
                                       const History::Visit& visit) const {
  const Iterator at = iterate();
  std::vector<HistoryEntry> entries;
  at->SeekForPrev(slice(format::chunk_key({series, last, format::kLastPart})));
  for (auto place = place_in(series, at); place; place = place_in(series, at)) {
    if (auto whole = read(*place, at, entries); !whole.ok()) return whole.error();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->position <= last && !visit(*entry)) return false;
    }
    at->Prev();
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the history");
  return true;
}

}  // namespace pollux::actors
