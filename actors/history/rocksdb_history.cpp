#include "actors/history/rocksdb_history.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "actors/history/history_chunks.h"
#include "actors/history/history_format.h"
#include "actors/history/history_notes.h"
#include "actors/history/history_store.h"
#include "actors/history/history_sweep.h"
#include "actors/history/history_tail.h"
#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_records.h"
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

class RocksdbHistory final : public History {
 public:
  RocksdbHistory(RocksdbStore& store, const schema::Model& model, std::size_t tail_max)
      : store_(store), model_(model), tail_max_(tail_max), generation_(store.generation()) {}

  Result<void> load(Position journaled);
  Result<void> remake(Position journal_first);

  Result<void> append(const EpochChanges& epoch) override;
  HistoryBounds bounds() const override;
  bool awaits_beginning() const override { return awaits_beginning_; }
  Result<void> begin_at(Position position, EventTime clock,
                        const std::function<EpochChangesPtr()>& next) override;
  Result<Position> position_at(EventTime clock) const override;
  Result<EventTime> clock_at(Position position) const override;
  Result<void> visit(const Series& series, Position first, Position last, const Visit& visit) const override;
  Result<void> visit_back(const Series& series, Position last, const Visit& visit) const override;
  Result<std::vector<EpochChangesPtr>> epochs(Position after, std::size_t epochs_max,
                                              std::size_t changes_max) const override;
  Result<void> resume(const std::deque<EpochChangesPtr>& lately) override;
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
  Result<void> read_anew(const std::deque<EpochChangesPtr>& lately);
  Result<void> take_in(const EpochChanges& epoch);
  Result<void> take_in(const EpochChanges& epoch, rocksdb::WriteBatch& batch);
  Result<void> index_tail();
  Result<void> write_state(const format::State& state);
  Result<void> begin_drop(Position position);
  Result<EpochChangesPtr> read_epoch(Position position, const rocksdb::Slice& bytes) const;
  Error damaged(const std::string& what, std::string message) const {
    return damaged_history(store_, what, std::move(message));
  }
  Iterator iterate(rocksdb::ColumnFamilyHandle* family) const {
    return Iterator(store_.database().NewIterator({}, family));
  }

  Result<void> check_whole() const;
  Result<void> flush();
  Result<EventTime> stored_clock(Position position) const;

  RocksdbStore& store_;
  const schema::Model& model_;
  const std::size_t tail_max_;
  std::atomic<std::uint64_t> generation_;  // of the store, when this was read from it
  std::atomic<bool> whole_{true};          // false while it resumes
  HistoryNotes notes_{store_};
  HistoryChunks chunks_{store_, model_};
  std::string encoded_;
  HistorySweep sweep_{store_};
  Position swept_ = 0;  // chunks are swept up to here, by this process
  mutable std::shared_mutex mutex_;
  HistoryTail tail_;
  HistoryBounds bounds_;
  std::optional<HistoryBounds> shown_;  // to readers, while it resumes
  Position indexed_ = 0;                // chunks hold everything up to here, the tail what follows
  Position cut_at_ = 0;                 // where the chunks begun last time end; 0: none were left unfinished
  bool awaits_beginning_ = false;
  bool background_ = false;  // comes with every epoch
};

/// What was not on disk when the store was opened again is lost to this process: the journal has it.
Result<void> RocksdbHistory::check_whole() const {
  if (store_.is_open() && store_.generation() == generation_ && whole_) return {};
  return Error{
      ErrorCode::unavailable, "the history stopped when the disk was full; the twin itself goes on",
      store_.directory(),
      "it goes on by itself once it can be written; where it does not, restart pollux, which completes "
      "it from the journal"};
}

Result<void> RocksdbHistory::load(Position journaled) {
  if (auto checked = check_model(); !checked.ok()) return checked;
  if (auto loaded = load_bounds(); !loaded.ok()) return loaded;
  if (bounds_.complete <= journaled) return load_tail(indexed_ + 1);
  if (auto begun = begin_anew(); !begun.ok()) return begun;
  return load_bounds();
}

/// What is there stays until there is something to put in its place: no snapshot may be fit for that.
Result<void> RocksdbHistory::remake(Position journal_first) {
  if (journal_first == 1) return begin_anew();
  awaits_beginning_ = true;
  return {};
}

/// The notes come last: without them it has not begun.
Result<void> RocksdbHistory::begin_at(Position position, EventTime clock,
                                      const std::function<EpochChangesPtr()>& next) {
  const auto using_it = store_.use();
  if (auto whole = check_whole(); !whole.ok()) return whole.error();
  if (auto begun = begin_anew(); !begun.ok()) return begun;
  while (const EpochChangesPtr portion = next()) {
    tail_.add(*portion, clock);
    auto written = chunks_.write(tail_);
    tail_.clear();
    if (!written.ok()) return written;
  }
  // An epoch that tells nothing, from which to go on.
  rocksdb::WriteBatch batch;
  encoded_.clear();
  format::write_epoch(EpochChanges(position, clock, {}), encoded_);
  batch.Put(store_.changes(), slice(journal_format::number_key(position)), encoded_);
  batch.Put(store_.history(), slice(format::clock_key(clock, position)), {});
  batch.Put(store_.history(), slice(format::kStateKey), format::write_state({position, position, 0}));
  const auto status = store_.database().Write(unlogged(), &batch);
  if (!status.ok()) return store_.explain(status, "begin the history anew");
  if (auto flushed = flush(); !flushed.ok()) return flushed;
  if (auto noted = notes_.note_begun({clock, position}, background_); !noted.ok()) return noted;
  const std::unique_lock lock(mutex_);
  bounds_ = {position, clock, position, clock, 0, position, clock};
  indexed_ = position;
  awaits_beginning_ = false;
  return {};
}

Result<void> RocksdbHistory::check_model() {
  const auto written_under = notes_.model();
  if (!written_under.ok()) return written_under.error();
  return *written_under == model_.version() ? Result<void>() : begin_anew();
}

Result<void> RocksdbHistory::begin_anew() {
  indexed_ = 0;
  cut_at_ = 0;
  bounds_ = {};
  return notes_.wipe(model_.version());
}

Result<bool> RocksdbHistory::keep_background(bool wanted, bool may_begin_anew) {
  const auto using_it = store_.use();
  background_ = wanted;
  if (awaits_beginning_) return wanted;
  const auto there = notes_.background();
  if (!there.ok() || *there == wanted) return there;
  if (wanted && bounds_.complete > 0) {
    if (!may_begin_anew) return background_ = false;
    tail_.clear();
    if (auto begun = begin_anew(); !begun.ok()) return begun.error();
  }
  if (auto noted = notes_.note_background(wanted); !noted.ok()) return noted.error();
  return wanted;
}

Result<void> RocksdbHistory::load_bounds() {
  std::string bytes;
  const auto status = store_.database().Get({}, store_.history(), slice(format::kStateKey), &bytes);
  if (!status.ok() && !status.IsNotFound()) return store_.explain(status, "open the history");
  if (status.ok()) {
    const auto state = format::read_state(bytes);
    if (!state) return damaged("history", "its state is unreadable");
    indexed_ = state->indexed;
    if (state->indexing > state->indexed) cut_at_ = state->indexing;
    bounds_.lag = state->lag;
  }
  const auto dropped = notes_.dropped();
  if (!dropped.ok()) return dropped.error();
  if (*dropped) {
    bounds_.dropped = bounds_.complete = (**dropped).position;
    bounds_.dropped_clock = bounds_.clock = (**dropped).clock;
  }
  const auto begun = notes_.begun();
  if (!begun.ok()) return begun.error();
  if (*begun) {
    bounds_.begun = (**begun).position;
    bounds_.begun_clock = (**begun).clock;
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
  return take_in(epoch);
}

/// What was not flushed when the store was closed is gone; what is asked for while it is read and taken in
/// again would be answered with less than is known.
Result<void> RocksdbHistory::resume(const std::deque<EpochChangesPtr>& lately) {
  const auto using_it = store_.use();
  if (!store_.is_writable()) {
    return Error{ErrorCode::unavailable, "the store is not open for writing", store_.directory(), ""};
  }
  whole_ = false;
  {
    const std::unique_lock lock(mutex_);
    if (!shown_) shown_ = bounds_;
    bounds_ = {};
    indexed_ = cut_at_ = 0;
    tail_.clear();
  }
  sweep_.stop();
  if (auto read = read_anew(lately); !read.ok()) return read;
  const std::unique_lock lock(mutex_);
  shown_.reset();
  generation_ = store_.generation();
  whole_ = true;
  return {};
}

Result<void> RocksdbHistory::read_anew(const std::deque<EpochChangesPtr>& lately) {
  if (auto loaded = load_bounds(); !loaded.ok()) return loaded;
  if (auto loaded = load_tail(indexed_ + 1); !loaded.ok()) return loaded;
  for (const EpochChangesPtr& epoch : lately) {
    if (epoch->position <= bounds_.complete) continue;
    if (epoch->position != bounds_.complete + 1)
      return damaged("changes", "after the store was opened again more is missing than was not yet durable");
    if (auto taken = take_in(*epoch); !taken.ok()) return taken;
  }
  return {};
}

Result<void> RocksdbHistory::take_in(const EpochChanges& epoch) {
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
  if (auto written = chunks_.write(tail_); !written.ok()) return written;
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
  return shown_ ? *shown_ : bounds_;
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

Result<void> RocksdbHistory::visit(const Series& series, Position first, Position last,
                                   const Visit& visit) const {
  const auto using_it = store_.use();
  std::vector<HistoryEntry> newest;
  Position indexed = 0;
  {
    const std::shared_lock lock(mutex_);
    if (auto whole = check_whole(); !whole.ok()) return whole.error();
    indexed = indexed_;
    tail_.append(series, first, last, newest);
  }
  const auto all = chunks_.visit(series, first, std::min(last, indexed), visit);
  if (!all.ok()) return all.error();
  if (!*all) return {};
  for (const HistoryEntry& entry : newest) {
    if (!visit(entry)) break;
  }
  return {};
}

Result<void> RocksdbHistory::visit_back(const Series& series, Position last, const Visit& visit) const {
  const auto using_it = store_.use();
  Position indexed = 0;
  {
    const std::shared_lock lock(mutex_);
    if (auto whole = check_whole(); !whole.ok()) return whole.error();
    indexed = indexed_;
    if (!tail_.visit_back(series, last, visit)) return {};
  }
  const auto all = chunks_.visit_back(series, std::min(last, indexed), visit);
  return all.ok() ? Result<void>() : all.error();
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
  if (auto noted = notes_.note_dropped({*clock, position}); !noted.ok()) return noted;
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
  const auto status = store_.database().Write(unlogged(), &batch);
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

Result<std::unique_ptr<History>> open_rocksdb_history(RocksdbStore& store, const schema::Model& model,
                                                      Position journaled, std::size_t tail_max) {
  auto history = std::make_unique<RocksdbHistory>(store, model, tail_max);
  if (auto loaded = history->load(journaled); !loaded.ok()) return loaded.error();
  return std::unique_ptr<History>(std::move(history));
}

Result<std::unique_ptr<History>> remake_rocksdb_history(RocksdbStore& store, const schema::Model& model,
                                                        Position journal_first, std::size_t tail_max) {
  auto history = std::make_unique<RocksdbHistory>(store, model, tail_max);
  if (auto remade = history->remake(journal_first); !remade.ok()) return remade.error();
  return std::unique_ptr<History>(std::move(history));
}

}  // namespace pollux::actors
