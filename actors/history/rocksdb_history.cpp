#include "actors/history/rocksdb_history.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "actors/history/history_format.h"
#include "actors/history/history_sweep.h"
#include "actors/history/history_tail.h"
#include "actors/journal/journal.h"
#include "actors/journal/journal_format.h"
#include "actors/journal/journal_retention.h"
#include "schema/assert.h"

namespace pollux::actors {

namespace format = history_format;
using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::kBeginning;
using schema::Position;
using schema::Result;

namespace {

template <std::size_t N>
rocksdb::Slice slice(const std::array<char, N>& bytes) {
  return {bytes.data(), bytes.size()};
}
rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

/// Chunks in one write: some milliseconds for which the journal waits at most.
constexpr std::uint32_t kChunksAWrite = 1'024;

/// The journal is the truth and tells everything again, so none of this is in the write-ahead log.
rocksdb::WriteOptions unlogged() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return options;
}

Result<void> wipe(RocksdbStore& store, const std::string& model_version) {
  rocksdb::WriteBatch batch;
  const std::string end(format::chunk_key({}).size() + 1, '\xff');
  batch.DeleteRange(store.changes(), {}, end);
  batch.DeleteRange(store.history(), {}, end);
  batch.Put(store.meta(), slice(format::kModelKey), model_version);
  batch.Delete(store.meta(), slice(format::kDroppedKey));
  batch.Delete(store.meta(), slice(format::kBackgroundKey));
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = store.database().Write(options, &batch);
  return status.ok() ? Result<void>() : store.explain(status, "begin the history anew");
}

class RocksdbHistory final : public History {
 public:
  RocksdbHistory(RocksdbStore& store, const schema::Model& model, std::size_t tail_max)
      : store_(store), model_(model), tail_max_(tail_max), generation_(store.generation()) {}

  Result<void> load(Position journaled);

  Result<void> append(const EpochChanges& epoch) override;
  HistoryBounds bounds() const override;
  Result<Position> position_at(EventTime clock) const override;
  Result<EventTime> clock_at(Position position) const override;
  Result<void> visit(const Series& series, Position first, Position last, const Visit& visit) const override;
  Result<void> visit_back(const Series& series, Position last, const Visit& visit) const override;
  Result<std::vector<EpochChangesPtr>> epochs(Position after, std::size_t epochs_max,
                                              std::size_t changes_max) const override;
  Result<bool> keep_background(bool wanted, bool may_begin_anew) override;
  Result<bool> drop_through(Position position) override;
  std::uint64_t bytes() const override;
  Result<void> make_durable() override;

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;

  Result<void> check_model();
  Result<void> begin_anew();
  Result<void> load_bounds();
  Result<void> load_tail(Position from);
  Result<void> take_in(const EpochChanges& epoch, rocksdb::WriteBatch& batch);
  Result<void> index_tail();
  Result<void> write_state(const format::State& state);
  Result<void> begin_drop(Position position);
  Result<EpochChangesPtr> read_epoch(Position position, const rocksdb::Slice& bytes) const;
  static std::optional<format::ChunkPlace> place_in(const Series& series, const Iterator& at);
  Result<void> read_chunk(const format::ChunkPlace& place, const Iterator& at,
                          std::vector<HistoryEntry>& entries) const;
  Error damaged(const std::string& what, std::string message) const;
  Iterator iterate(rocksdb::ColumnFamilyHandle* family) const {
    return Iterator(store_.database().NewIterator({}, family));
  }

  Result<void> check_whole() const;
  Result<void> flush();
  Result<EventTime> stored_clock(Position position) const;

  RocksdbStore& store_;
  const schema::Model& model_;
  const std::size_t tail_max_;
  const std::uint64_t generation_;  // of the store, when this was read from it
  std::string encoded_;
  HistorySweep sweep_{store_};
  Position swept_ = 0;  // chunks are swept up to here, by this process
  mutable std::shared_mutex mutex_;
  HistoryTail tail_;
  HistoryBounds bounds_;
  Position indexed_ = 0;  // chunks hold everything up to here, the tail what follows
  Position cut_at_ = 0;   // where the chunks begun last time end; 0: none were left unfinished
};

/// What was not on disk when the store was opened again is lost to this process: the journal has it.
Result<void> RocksdbHistory::check_whole() const {
  if (store_.is_open() && store_.generation() == generation_) return {};
  return Error{ErrorCode::unavailable, "the history stopped when the disk was full; the twin itself goes on",
               store_.directory(), "restart pollux: the history is completed from the journal then"};
}

Error RocksdbHistory::damaged(const std::string& what, std::string message) const {
  return {ErrorCode::corrupt, std::move(message), store_.directory() + ", " + what,
          "the history can be made again from the journal: start with --rebuild-history"};
}

Result<void> RocksdbHistory::load(Position journaled) {
  if (auto checked = check_model(); !checked.ok()) return checked;
  if (auto loaded = load_bounds(); !loaded.ok()) return loaded;
  if (bounds_.complete <= journaled) return load_tail(indexed_ + 1);
  if (auto begun = begin_anew(); !begun.ok()) return begun;
  return load_bounds();
}

Result<void> RocksdbHistory::check_model() {
  std::string written_under;
  const auto status = store_.database().Get({}, store_.meta(), slice(format::kModelKey), &written_under);
  if (!status.ok() && !status.IsNotFound()) return store_.explain(status, "open the history");
  return written_under == model_.version() ? Result<void>() : begin_anew();
}

Result<void> RocksdbHistory::begin_anew() {
  indexed_ = 0;
  cut_at_ = 0;
  bounds_ = {};
  return wipe(store_, model_.version());
}

/// The note is there as long as every epoch came with its background.
Result<bool> RocksdbHistory::keep_background(bool wanted, bool may_begin_anew) {
  const auto using_it = store_.use();
  rocksdb::WriteOptions synced;
  synced.sync = true;
  std::string note;
  auto status = store_.database().Get({}, store_.meta(), slice(format::kBackgroundKey), &note);
  if (!status.ok() && !status.IsNotFound()) return store_.explain(status, "open the history");
  if (wanted && status.ok()) return true;
  if (!wanted) {
    status = store_.database().Delete(synced, store_.meta(), slice(format::kBackgroundKey));
    if (!status.ok()) return store_.explain(status, "open the history");
    return false;
  }
  if (bounds_.complete > 0) {
    if (!may_begin_anew) return false;
    tail_.clear();
    if (auto begun = begin_anew(); !begun.ok()) return begun.error();
  }
  status = store_.database().Put(synced, store_.meta(), slice(format::kBackgroundKey), {});
  if (!status.ok()) return store_.explain(status, "open the history");
  return true;
}

Result<void> RocksdbHistory::load_bounds() {
  std::string bytes;
  auto status = store_.database().Get({}, store_.history(), slice(format::kStateKey), &bytes);
  if (!status.ok() && !status.IsNotFound()) return store_.explain(status, "open the history");
  if (status.ok()) {
    const auto state = format::read_state(bytes);
    if (!state) return damaged("history", "its state is unreadable");
    indexed_ = state->indexed;
    if (state->indexing > state->indexed) cut_at_ = state->indexing;
    bounds_.lag = state->lag;
  }
  status = store_.database().Get({}, store_.meta(), slice(format::kDroppedKey), &bytes);
  if (!status.ok() && !status.IsNotFound()) return store_.explain(status, "open the history");
  if (status.ok()) {
    const auto dropped = format::read_dropped(bytes);
    if (!dropped) return damaged("meta", "it does not say up to where history was dropped");
    bounds_.dropped = bounds_.complete = dropped->position;
    bounds_.dropped_clock = bounds_.clock = dropped->clock;
  }
  const Iterator newest = iterate(store_.changes());
  newest->SeekToLast();
  if (!newest->status().ok()) return store_.explain(newest->status(), "open the history");
  if (!newest->Valid()) return {};
  const auto position = journal_format::number_of_key(view(newest->key()));
  const auto clock = format::read_epoch_clock(view(newest->value()));
  if (!position || !clock) return damaged("changes", "its newest epoch is unreadable");
  bounds_.complete = *position;
  bounds_.clock = *clock;
  return {};
}

/// What had been taken in, but was not sorted into chunks when the process ended. Positions that lie in
/// chunks already, but not in `changes`, will be taken in again as the journal is replayed.
Result<void> RocksdbHistory::load_tail(Position from) {
  const Position last = bounds_.complete;
  if (from > last) return {};
  EventTime before = kBeginning;
  if (from > 1) {
    const auto clock = stored_clock(from - 1);
    if (!clock.ok()) return clock.error();
    before = *clock;
  }
  bounds_.complete = from - 1;
  bounds_.clock = before;
  const Iterator at = iterate(store_.changes());
  for (at->Seek(slice(journal_format::number_key(from))); at->Valid(); at->Next()) {
    const auto epoch = read_epoch(bounds_.complete + 1, at->value());
    if (!epoch.ok()) return epoch.error();
    rocksdb::WriteBatch batch;
    if (auto taken = take_in(**epoch, batch); !taken.ok()) return taken;
  }
  if (!at->status().ok()) return store_.explain(at->status(), "open the history");
  if (bounds_.complete != last) return damaged("changes", "epochs are missing");
  return {};
}

Result<void> RocksdbHistory::append(const EpochChanges& epoch) {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  POLLUX_ASSERT(epoch.position == bounds_.complete + 1, "epochs are taken in one after another");
  rocksdb::WriteBatch batch;
  encoded_.clear();
  format::write_epoch(epoch, encoded_);
  batch.Put(store_.changes(), slice(journal_format::number_key(epoch.position)), encoded_);
  return take_in(epoch, batch);
}

Result<void> RocksdbHistory::take_in(const EpochChanges& epoch, rocksdb::WriteBatch& batch) {
  batch.Put(store_.history(), slice(format::clock_key(epoch.clock, epoch.position)), {});
  const auto status = store_.database().Write(unlogged(), &batch);
  if (!status.ok()) return store_.explain(status, "write the history");
  {
    const std::unique_lock lock(mutex_);
    const EventTime before = bounds_.clock;
    if (epoch.position > indexed_) tail_.add(epoch, before);
    bounds_.lag = std::max(bounds_.lag, lag_of(epoch, before));
    bounds_.complete = epoch.position;
    bounds_.clock = epoch.clock;
  }
  const bool cut = cut_at_ != 0 ? bounds_.complete == cut_at_ : tail_.size() >= tail_max_;
  return cut ? index_tail() : Result<void>();
}

/// In several writes, so that the journal need not wait long for its turn. Should the process end between
/// them, the same chunks are made once more: from the same epochs, for `indexing` says where to cut.
Result<void> RocksdbHistory::index_tail() {
  const Position cut = bounds_.complete;
  if (auto begun = write_state({indexed_, cut, bounds_.lag}); !begun.ok()) return begun;
  rocksdb::WriteBatch batch;
  Result<void> outcome;
  const auto write_out = [&](std::uint32_t at_least) {
    if (batch.Count() < at_least || !outcome.ok()) return;
    const auto status = store_.database().Write(unlogged(), &batch);
    if (!status.ok()) outcome = store_.explain(status, "write the history");
    batch.Clear();
  };
  tail_.for_each([&](const Series& series, const std::vector<HistoryEntry>& entries) {
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
  if (!outcome.ok()) return outcome;
  if (auto done = write_state({cut, cut, bounds_.lag}); !done.ok()) return done;
  const std::unique_lock lock(mutex_);
  indexed_ = cut;
  cut_at_ = 0;
  tail_.clear();
  return {};
}

Result<void> RocksdbHistory::write_state(const format::State& state) {
  const auto status = store_.database().Put(unlogged(), store_.history(), slice(format::kStateKey),
                                            format::write_state(state));
  if (!status.ok()) return store_.explain(status, "write the history");
  return {};
}

HistoryBounds RocksdbHistory::bounds() const {
  const std::shared_lock lock(mutex_);
  return bounds_;
}

Result<Position> RocksdbHistory::position_at(EventTime clock) const {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  const Position complete = bounds().complete;
  const Iterator at = iterate(store_.history());
  for (at->SeekForPrev(slice(format::clock_key(clock, ~Position{0}))); at->Valid(); at->Prev()) {
    const auto place = format::clock_of_key(view(at->key()));
    if (!place) break;
    if (place->position <= complete) return place->position;
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the history");
  return Position{0};
}

Result<EventTime> RocksdbHistory::clock_at(Position position) const {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  return stored_clock(position);
}

Result<EventTime> RocksdbHistory::stored_clock(Position position) const {
  const HistoryBounds bounds = this->bounds();
  if (position == bounds.dropped) return bounds.dropped_clock;
  rocksdb::PinnableSlice bytes;
  const auto status =
      store_.database().Get({}, store_.changes(), slice(journal_format::number_key(position)), &bytes);
  if (status.IsNotFound()) {
    return Error{
        ErrorCode::not_found, "the history has no position " + std::to_string(position), "",
        "it reaches from " + std::to_string(bounds.dropped) + " to " + std::to_string(bounds.complete)};
  }
  if (!status.ok()) return store_.explain(status, "read the history");
  const auto clock = format::read_epoch_clock(view(bytes));
  if (!clock) return damaged("changes, position " + std::to_string(position), "the epoch is unreadable");
  return *clock;
}

/// Where the iterator stands within a series; nothing where it has left it.
std::optional<format::ChunkPlace> RocksdbHistory::place_in(const Series& series, const Iterator& at) {
  const auto place = at->Valid() ? format::place_of_key(view(at->key())) : std::nullopt;
  return place && place->series == series ? place : std::nullopt;
}

Result<void> RocksdbHistory::read_chunk(const format::ChunkPlace& place, const Iterator& at,
                                        std::vector<HistoryEntry>& entries) const {
  entries.clear();
  if (format::read_chunk(place, view(at->value()), entries)) return {};
  return damaged(
      "history of `" + model_.id(place.series.entity) + "`, position " + std::to_string(place.first),
      "the chunk is unreadable");
}

Result<void> RocksdbHistory::visit(const Series& series, Position first, Position last,
                                   const Visit& visit) const {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  std::vector<HistoryEntry> newest;
  Position indexed = 0;
  {
    const std::shared_lock lock(mutex_);
    indexed = indexed_;
    tail_.append(series, first, last, newest);
  }
  const Position limit = std::min(last, indexed);
  const Iterator at = iterate(store_.history());
  at->SeekForPrev(slice(format::chunk_key({series, first, 0})));
  if (!place_in(series, at)) at->Seek(slice(format::chunk_key({series, first, 0})));
  std::vector<HistoryEntry> entries;
  for (auto place = place_in(series, at); place && place->first <= limit; place = place_in(series, at)) {
    if (auto read = read_chunk(*place, at, entries); !read.ok()) return read;
    for (const HistoryEntry& entry : entries) {
      if (entry.position >= first && entry.position <= limit && !visit(entry)) return {};
    }
    at->Next();
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the history");
  for (const HistoryEntry& entry : newest) {
    if (!visit(entry)) break;
  }
  return {};
}

Result<void> RocksdbHistory::visit_back(const Series& series, Position last, const Visit& visit) const {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  Position indexed = 0;
  {
    const std::shared_lock lock(mutex_);
    indexed = indexed_;
    if (!tail_.visit_back(series, last, visit)) return {};
  }
  const Iterator at = iterate(store_.history());
  const Position limit = std::min(last, indexed);
  std::vector<HistoryEntry> entries;
  at->SeekForPrev(slice(format::chunk_key({series, limit, format::kLastPart})));
  for (auto place = place_in(series, at); place; place = place_in(series, at)) {
    if (auto read = read_chunk(*place, at, entries); !read.ok()) return read;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->position <= limit && !visit(*entry)) return {};
    }
    at->Prev();
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the history");
  return {};
}

Result<EpochChangesPtr> RocksdbHistory::read_epoch(Position position, const rocksdb::Slice& bytes) const {
  EpochChangesPtr epoch = format::read_epoch(position, view(bytes));
  const auto exists = [this](const auto& each) {
    return each.entity < model_.entity_count() &&
           each.attribute < model_.type_of(each.entity).attributes.size();
  };
  if (epoch != nullptr && std::ranges::all_of(epoch->recorded(), exists) &&
      std::ranges::all_of(epoch->background().memory, exists) &&
      std::ranges::all_of(epoch->background().words, exists))
    return epoch;
  return damaged("changes, position " + std::to_string(position), "the epoch is unreadable");
}

Result<std::vector<EpochChangesPtr>> RocksdbHistory::epochs(Position after, std::size_t epochs_max,
                                                            std::size_t changes_max) const {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  const HistoryBounds bounds = this->bounds();
  const auto gone = [&] {
    return Error{ErrorCode::not_found,
                 "changes up to position " + std::to_string(bounds.dropped) + " are no longer kept", "", ""};
  };
  if (after < bounds.dropped) return gone();
  std::vector<EpochChangesPtr> page;
  std::size_t changes = 0;
  Position next = after + 1;
  const Iterator at = iterate(store_.changes());
  for (at->Seek(slice(journal_format::number_key(next)));
       next <= bounds.complete && page.size() < epochs_max && (changes < changes_max || page.empty());
       at->Next(), ++next) {
    if (!at->status().ok()) return store_.explain(at->status(), "read the history");
    if (!at->Valid() || journal_format::number_of_key(view(at->key())) != next) {
      // It may have been dropped while we were reading.
      if (next <= this->bounds().dropped) return gone();
      return damaged("changes, position " + std::to_string(next), "the epoch is missing");
    }
    auto epoch = read_epoch(next, at->value());
    if (!epoch.ok()) return epoch.error();
    changes += (*epoch)->size();
    page.push_back(std::move(*epoch));
  }
  return page;
}

/// From now on nobody asks for it; then the epochs go at once and the chunks piece by piece.
Result<void> RocksdbHistory::begin_drop(Position position) {
  const auto clock = stored_clock(position);
  if (!clock.ok()) return clock.error();
  if (position > indexed_ && cut_at_ == 0) {
    if (auto indexed = index_tail(); !indexed.ok()) return indexed;
  }
  if (position > indexed_) return {};  // soon: chunks begun before a crash come first
  // What is deleted below must not be the only copy of what was sorted into chunks just now.
  if (auto flushed = flush(); !flushed.ok()) return flushed;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  auto status = store_.database().Put(synced, store_.meta(), slice(format::kDroppedKey),
                                      format::write_dropped({*clock, position}));
  if (!status.ok()) return store_.explain(status, "drop old history");
  {
    const std::unique_lock lock(mutex_);
    bounds_.dropped = position;
    bounds_.dropped_clock = *clock;
  }
  rocksdb::WriteBatch batch;
  // The newest epoch stays: it tells where to go on.
  const Position end = std::min(position + 1, bounds_.complete);
  batch.DeleteRange(store_.changes(), slice(journal_format::number_key(0)),
                    slice(journal_format::number_key(end)));
  batch.DeleteRange(store_.history(), slice(format::clock_key(kBeginning, 0)),
                    slice(format::clock_key(*clock, position)));
  status = store_.database().Write(unlogged(), &batch);
  if (!status.ok()) return store_.explain(status, "drop old history");
  sweep_.begin(position, *clock, bounds_.lag);
  return {};
}

Result<bool> RocksdbHistory::drop_through(Position position) {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  POLLUX_ASSERT(position <= bounds_.complete);
  if (!sweep_.under_way()) {
    if (position <= std::max(bounds_.dropped, swept_)) return true;
    if (auto begun = begin_drop(position); !begun.ok()) return begun.error();
    if (!sweep_.under_way()) return true;
  }
  auto done = sweep_.go_on();
  if (done.ok() && *done) swept_ = bounds_.dropped;
  return done;
}

/// What is to be deleted lies on the disk for a while, so what counts is the space of the epochs still kept;
/// chunks hold about as much as their epochs do.
std::uint64_t RocksdbHistory::bytes() const {
  const auto using_it = store_.use();
  if (!check_whole().ok()) return 0;
  const std::string end(format::chunk_key({}).size() + 1, '\xff');
  const auto begin = journal_format::number_key(bounds().dropped + 1);
  const rocksdb::Range kept(slice(begin), end);
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  std::uint64_t size = 0;
  const auto status = store_.database().GetApproximateSizes(options, store_.changes(), &kept, 1, &size);
  return status.ok() ? 2 * size : 0;
}

Result<void> RocksdbHistory::make_durable() {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole;
  return flush();
}

Result<void> RocksdbHistory::flush() {
  for (auto* family : {store_.changes(), store_.history()}) {
    const auto status = store_.database().Flush({}, family);
    if (!status.ok()) return store_.explain(status, "write the history");
  }
  return {};
}

}  // namespace

Result<void> discard_history(const std::string& directory) {
  auto store = RocksdbStore::open(directory);
  if (!store.ok()) return store.error();
  const auto anchor = read_anchor(**store);
  if (!anchor.ok()) return anchor.error();
  if (anchor->position == 0) return wipe(**store, "");
  return Error{ErrorCode::conflict,
               "the history cannot be made again: the journal's records up to position " +
                   std::to_string(anchor->position) +
                   " have been dropped, and only the history tells of them",
               directory, "start without --rebuild-history; nothing was changed"};
}

Result<std::unique_ptr<History>> open_rocksdb_history(RocksdbStore& store, const schema::Model& model,
                                                      Position journaled, std::size_t tail_max) {
  auto history = std::make_unique<RocksdbHistory>(store, model, tail_max);
  if (auto loaded = history->load(journaled); !loaded.ok()) return loaded.error();
  return std::unique_ptr<History>(std::move(history));
}

}  // namespace pollux::actors
