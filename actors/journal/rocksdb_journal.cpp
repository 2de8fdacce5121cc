#include <rocksdb/write_batch.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>

#include "actors/history/rocksdb_history.h"
#include "actors/journal/durable_writes.h"
#include "actors/journal/journal.h"
#include "actors/journal/journal_format.h"
#include "actors/journal/journal_retention.h"
#include "actors/journal/rocksdb_quarantine.h"
#include "actors/storage/backup.h"
#include "actors/storage/rocksdb_records.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/assert.h"
#include "schema/record/epoch_codec.h"

namespace pollux::actors {

namespace format = journal_format;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

constexpr std::size_t kReplayReadaheadBytes = 2u << 20;

class RocksdbJournal final : public Journal {
 public:
  RocksdbJournal(std::unique_ptr<RocksdbStore> store, const schema::Model& model,
                 const JournalOptions& options)
      : store_(std::move(store)),
        model_(model),
        misfits_(options.misfits),
        remake_history_(options.remake_history),
        writes_(*store_, options.sync_interval),
        encoder_(model),
        quarantine_(*store_, model) {}

  // Second step of opening: checks or writes what the layout requires.
  Result<void> load();

  Result<void> append(const schema::EpochRecord& record, const QuarantineChanges& quarantine) override;
  Result<void> read(Position from, const std::function<bool(schema::EpochRecord&)>& visit) const override;
  Result<std::vector<QuarantinedEvent>> quarantine(std::uint64_t from, std::size_t limit) const override {
    const auto using_it = store_->use();
    if (!store_->is_open()) return writes_.not_open();
    return quarantine_.read(from, limit);
  }
  bool holds(const schema::EventKey& key) const override;
  std::optional<Position> position_of(const schema::EventKey& key) const override;
  bool knows_positions() const override { return knows_positions_; }
  const QuarantineIndex& quarantine_index() const override { return quarantine_.index(); }

  schema::Duration loss_window() const override { return writes_.loss_window(); }
  Position last_position() const override { return last_position_.load(std::memory_order_acquire); }
  const JournalIdentity& identity() const override { return identity_; }
  std::uint64_t bytes_appended() const override { return writes_.bytes(); }
  History* history() override { return history_.get(); }
  Result<void> note_covered(Position position) override;
  Result<void> drop_before(Position position) override;
  Position first_position() const override { return first_position_.load(std::memory_order_acquire); }
  Result<format::Hash> hash_at(Position position) const override;
  std::uint64_t bytes_from(Position position) const override;
  Result<BackupInfo> back_up(const std::string& directory, const std::string& beside) const override;

 private:
  std::string position_text(Position position) const {
    return "journal position " + std::to_string(position);
  }

  Result<void> create();
  Result<void> check_meta();
  Result<void> load_head();
  Result<std::string> meta(std::string_view key) const;
  Result<bool> drop_step(Position position);

  format::Head put_record(const schema::EpochRecord& record, rocksdb::WriteBatch& batch);
  void put_identities(const schema::EventBatch& events, Position position, rocksdb::WriteBatch& batch);
  void put_model(rocksdb::WriteBatch& batch) const;
  using Family = std::function<rocksdb::ColumnFamilyHandle*()>;
  bool has(const Family& family, const rocksdb::Slice& key) const;
  format::Head anchor() const;
  Result<void> check_reopened() const;

  std::unique_ptr<RocksdbStore> store_;
  const schema::Model& model_;
  std::unique_ptr<History> history_;
  schema::MisfitPolicy misfits_;
  const bool remake_history_;
  mutable DurableWrites writes_;  // a lookup that fails is noted there too
  schema::RecordEncoder encoder_;
  std::string encoded_;
  bool knows_positions_ = false;
  std::vector<schema::EventKey> identities_;
  JournalIdentity identity_;
  std::string stored_model_version_;
  format::Head head_;
  format::Head anchor_;  // the last record dropped
  mutable std::mutex anchor_mutex_;
  std::atomic<Position> first_position_{1};
  std::atomic<Position> last_position_{0};
  RocksdbQuarantine quarantine_;
};

Result<void> RocksdbJournal::load() {
  const auto stored_format = meta(format::kFormatKey);
  if (!stored_format.ok() && stored_format.error().code != ErrorCode::not_found) return stored_format.error();
  if (!stored_format.ok()) {
    if (auto created = create(); !created.ok()) return created;
  }
  if (auto checked = check_meta(); !checked.ok()) return checked;
  if (auto loaded = load_head(); !loaded.ok()) return loaded;
  if (auto loaded = quarantine_.load(); !loaded.ok()) return loaded;
  auto history = remake_history_ ? remake_rocksdb_history(*store_, model_, first_position())
                                 : open_rocksdb_history(*store_, model_, head_.position);
  if (!history.ok()) return history.error();
  history_ = std::move(history).value();
  return {};
}

// Only an empty store is new; one with records but no format is damaged.
Result<void> RocksdbJournal::create() {
  for (auto* family : {store_->records(), store_->quarantine()}) {
    const std::unique_ptr<rocksdb::Iterator> any(store_->database().NewIterator({}, family));
    any->SeekToFirst();
    if (!any->status().ok()) return store_->explain(any->status(), "open the journal");
    if (any->Valid()) {
      return damaged(store_->directory(), "meta", "there are records but no word about their format");
    }
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto created_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  rocksdb::WriteBatch batch;
  batch.Put(store_->meta(), slice(format::kFormatKey), std::to_string(format::kVersion));
  batch.Put(store_->meta(), slice(format::kTwinKey), model_.name());
  batch.Put(store_->meta(), slice(format::kPositionsKey), {});
  batch.Put(store_->meta(), slice(format::kCreatedKey), std::to_string(created_ns));
  batch.Put(store_->meta(), slice(format::kHeadKey), slice(format::write_head({})));
  put_model(batch);
  return writes_.write(batch, "create the journal");
}

Result<void> RocksdbJournal::check_meta() {
  const auto version = meta(format::kFormatKey);
  if (!version.ok()) return version.error();
  if (*version != std::to_string(format::kVersion)) {
    return Error{ErrorCode::corrupt,
                 "the journal has format version " + *version + "; this pollux reads version " +
                     std::to_string(format::kVersion),
                 store_->directory() + ", meta/format",
                 "run the pollux version that wrote it, or a newer one that reads it"};
  }
  const auto twin = meta(format::kTwinKey);
  if (!twin.ok()) return twin.error();
  if (*twin != model_.name()) {
    return Error{
        ErrorCode::conflict,
        "this directory belongs to twin `" + *twin + "`, the model is of twin `" + model_.name() + "`",
        store_->directory(), "use the directory of `" + model_.name() + "`, or a new one"};
  }
  knows_positions_ = meta(format::kPositionsKey).ok();
  const auto model_version = meta(format::kModelVersionKey);
  if (!model_version.ok()) return model_version.error();
  stored_model_version_ = *model_version;
  identity_ = {*twin, *model_version};
  if (stored_model_version_ == model_.version()) misfits_ = schema::MisfitPolicy::leave_out;
  return {};
}

Result<void> RocksdbJournal::load_head() {
  const auto text = meta(format::kHeadKey);
  if (!text.ok()) return text.error();
  const auto head = format::read_head(*text);
  if (!head) return damaged(store_->directory(), "meta/head", "it is not a position and a hash");

  const std::unique_ptr<rocksdb::Iterator> newest(store_->database().NewIterator({}, store_->records()));
  newest->SeekToLast();
  if (!newest->status().ok()) return store_->explain(newest->status(), "read the newest record");
  const auto anchor = read_anchor(*store_);
  if (!anchor.ok()) return anchor.error();
  anchor_ = *anchor;
  first_position_ = anchor_.position + 1;
  const auto position = newest->Valid() ? format::number_of_key(view(newest->key())) : anchor_.position;
  if (position != head->position) {
    return damaged(store_->directory(), position_text(head->position),
                   "the newest record is missing: the journal ends at position " +
                       (position ? std::to_string(*position) : std::string("?")));
  }
  if (newest->Valid()) {
    const auto stored = checked(*store_, view(newest->value()), position_text(*position));
    if (!stored.ok()) return stored.error();
    if (stored->header.hash != head->hash) {
      return damaged(store_->directory(), position_text(*position),
                     "it is not the record last written there");
    }
  }
  head_ = *head;
  last_position_ = head_.position;
  return {};
}

Result<std::string> RocksdbJournal::meta(std::string_view key) const {
  std::string value;
  const auto status = store_->database().Get({}, store_->meta(), slice(key), &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) return store_->explain(status, "read the journal's description");
  return Error{ErrorCode::not_found, "the journal's description lacks `" + std::string(key) + "`",
               store_->directory() + ", meta", kDamageAdvice};
}

/// All that was acknowledged is there, and at most the append that failed.
Result<void> RocksdbJournal::check_reopened() const {
  const auto text = meta(format::kHeadKey);
  if (!text.ok()) return text.error();
  const auto head = format::read_head(*text);
  const bool same = head && head->position == head_.position && head->hash == head_.hash;
  if (same || (head && head->position == head_.position + 1)) return {};
  return damaged(store_->directory(), position_text(head_.position),
                 "after the disk was full, the newest record is not the one last acknowledged");
}

Result<void> RocksdbJournal::append(const schema::EpochRecord& record, const QuarantineChanges& quarantine) {
  if (auto ready = writes_.resume([this] { return check_reopened(); }); !ready.ok()) return ready;
  rocksdb::WriteBatch batch;
  format::Head head = head_;
  if (record.position != 0) {
    POLLUX_ASSERT(record.position == head_.position + 1);
    head = put_record(record, batch);
    put_identities(record.events, record.position, batch);
  }
  quarantine_.put(quarantine, record.position, batch);
  if (batch.Count() == 0) return {};
  const bool model_is_new = stored_model_version_ != model_.version();
  if (model_is_new) put_model(batch);

  if (auto written = writes_.write(batch, "write to the journal"); !written.ok()) return written;
  head_ = head;
  quarantine_.written(quarantine, record.position);
  if (model_is_new) stored_model_version_ = model_.version();
  last_position_.store(head_.position, std::memory_order_release);
  return {};
}

format::Head RocksdbJournal::put_record(const schema::EpochRecord& record, rocksdb::WriteBatch& batch) {
  encoded_.clear();
  encoder_.encode(record, encoded_);
  const format::Hash hash = format::chained(head_.hash, encoded_);
  const format::Head head{record.position, hash};
  const auto key = format::number_key(record.position);
  const auto header = format::write_header({head_.hash, hash});
  const rocksdb::Slice key_part = slice(key);
  const std::array<rocksdb::Slice, 2> value = {slice(header), slice(std::string_view(encoded_))};
  batch.Put(store_->records(), rocksdb::SliceParts(&key_part, 1),
            rocksdb::SliceParts(value.data(), static_cast<int>(value.size())));
  batch.Put(store_->meta(), slice(format::kHeadKey), slice(format::write_head(head)));
  return head;
}

/// In key order, so that each insertion into the store's sorted memory starts where the last one ended.
void RocksdbJournal::put_identities(const schema::EventBatch& events, Position position,
                                    rocksdb::WriteBatch& batch) {
  identities_ = events.keys;
  if (identities_.size() != events.events.size()) {
    identities_.clear();
    for (const schema::Event& event : events.events)
      identities_.push_back(schema::event_key(events, event, model_));
  }
  std::ranges::sort(identities_);
  const auto at = format::number_key(position);
  for (const schema::EventKey& key : identities_)
    batch.Put(store_->identities(), slice(format::identity_key(key)), slice(at));
}

void RocksdbJournal::put_model(rocksdb::WriteBatch& batch) const {
  batch.Put(store_->meta(), slice(format::kModelVersionKey), model_.version());
  batch.Put(store_->meta(), std::string(format::kModelTextPrefix) + model_.version(), model_.source_text());
}

Result<void> RocksdbJournal::read(Position from,
                                  const std::function<bool(schema::EpochRecord&)>& visit) const {
  const auto using_it = store_->use();
  if (!store_->is_open()) return writes_.not_open();
  const Position last = last_position();
  const Position first = from == 0 ? 1 : from;
  if (first > last) return {};
  rocksdb::ReadOptions options;
  options.readahead_size = kReplayReadaheadBytes;
  options.fill_cache = false;
  // It sees what is there now, so what the anchor, read after it, says to be there it does see.
  const std::unique_ptr<rocksdb::Iterator> at(store_->database().NewIterator(options, store_->records()));
  const format::Head anchor = this->anchor();
  if (first <= anchor.position) {
    return Error{ErrorCode::not_found,
                 "the records up to position " + std::to_string(anchor.position) + " were dropped",
                 store_->directory() + ", " + position_text(first),
                 "start from a snapshot, or restore a backup that still has them"};
  }
  schema::RecordDecoder decoder(model_, misfits_);
  schema::EpochRecord record;
  format::Hash previous = anchor.hash;
  // The record before the first one wanted is read for its hash, to check the chain from there on.
  Position position = first == anchor.position + 1 ? first : first - 1;
  bool chain_known = position == anchor.position + 1;
  for (at->Seek(slice(format::number_key(position))); position <= last; at->Next(), ++position) {
    if (!at->status().ok()) return store_->explain(at->status(), "read " + position_text(position));
    if (!at->Valid() || format::number_of_key(view(at->key())) != position) {
      return damaged(store_->directory(), position_text(position), "the record is missing");
    }
    const auto stored = checked(*store_, view(at->value()), position_text(position));
    if (!stored.ok()) return stored.error();
    if (chain_known && stored->header.previous != previous) {
      return damaged(store_->directory(), position_text(position),
                     "the chain is broken: the record does not follow the one before it");
    }
    previous = stored->header.hash;
    chain_known = true;
    if (position < first) continue;
    if (auto decoded = decoder.decode(stored->bytes, record); !decoded.ok()) {
      Error error = decoded.error();
      error.where = store_->directory() + ", " + position_text(position);
      if (error.advice.empty()) error.advice = kDamageAdvice;
      return error;
    }
    if (record.position != position) {
      return damaged(store_->directory(), position_text(position),
                     "another record (" + std::to_string(record.position) + ") stands in its place");
    }
    if (!visit(record)) return {};
  }
  return {};
}

format::Head RocksdbJournal::anchor() const {
  const std::scoped_lock lock(anchor_mutex_);
  return anchor_;
}

Result<void> RocksdbJournal::note_covered(Position position) {
  if (position > last_position()) {
    return Error{ErrorCode::conflict, "there is no record at position " + std::to_string(position),
                 store_->directory(), ""};
  }
  rocksdb::WriteBatch batch;
  std::uint64_t generation = 0;
  {
    const auto using_it = store_->use();
    if (!store_->is_open()) return writes_.not_open();
    generation = store_->generation();
    batch.Put(store_->meta(), slice(format::kCoveredKey), slice(format::number_key(position)));
  }
  return writes_.write_aside(batch, generation, "note a snapshot");
}

Result<void> RocksdbJournal::drop_before(Position position) {
  {
    const auto using_it = store_->use();
    if (!store_->is_open()) return writes_.not_open();
    const auto covered = meta(format::kCoveredKey);
    if (!covered.ok() && covered.error().code != ErrorCode::not_found) return covered.error();
    const Position safe = covered.ok() ? format::number_of_key(*covered).value_or(0) : 0;
    if (position > safe + 1) {
      return Error{ErrorCode::conflict,
                   "the records before position " + std::to_string(position) +
                       " cannot be dropped: snapshots cover those up to " + std::to_string(safe),
                   store_->directory(), "take a snapshot first"};
    }
  }
  auto more = drop_step(position);
  while (more.ok() && *more) more = drop_step(position);
  return more.ok() ? Result<void>() : more.error();
}

/// False when nothing is left to drop.
Result<bool> RocksdbJournal::drop_step(Position position) {
  rocksdb::WriteBatch batch;
  std::uint64_t generation = 0;
  const format::Head before = anchor();
  format::Head moved;
  {
    const auto using_it = store_->use();
    if (!store_->is_open()) return writes_.not_open();
    generation = store_->generation();
    const auto put = put_drop(*store_, model_, before, position, batch);
    if (!put.ok()) return put.error();
    moved = *put;
  }
  if (moved.position == before.position) return false;
  if (auto written = writes_.write_aside(batch, generation, "drop old records"); !written.ok())
    return written.error();
  const std::scoped_lock lock(anchor_mutex_);
  anchor_ = moved;
  first_position_ = moved.position + 1;
  return true;
}

Result<format::Hash> RocksdbJournal::hash_at(Position position) const {
  if (position == 0) return format::kNoPredecessor;
  const auto using_it = store_->use();
  if (!store_->is_open()) return writes_.not_open();
  std::string value;
  const auto status =
      store_->database().Get({}, store_->records(), slice(format::number_key(position)), &value);
  if (status.IsNotFound()) {
    const format::Head last_dropped = anchor();
    if (last_dropped.position == position) return last_dropped.hash;
    return Error{ErrorCode::not_found, "the journal has no such record",
                 store_->directory() + ", " + position_text(position), ""};
  }
  if (!status.ok()) return store_->explain(status, "read " + position_text(position));
  const auto stored = checked(*store_, value, position_text(position));
  if (!stored.ok()) return stored.error();
  return stored->header.hash;
}

std::uint64_t RocksdbJournal::bytes_from(Position position) const {
  const auto using_it = store_->use();
  if (!store_->is_open()) return 0;
  const auto first = format::number_key(position);
  const auto end = format::number_key(UINT64_MAX);
  const rocksdb::Range range(slice(first), slice(end));
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  std::uint64_t bytes = 0;
  store_->database()
      .GetApproximateSizes(options, store_->records(), &range, 1, &bytes)
      .PermitUncheckedError();
  return bytes;
}

Result<BackupInfo> RocksdbJournal::back_up(const std::string& directory, const std::string& beside) const {
  const auto using_it = store_->use();
  if (!store_->is_open()) return writes_.not_open();
  return actors::back_up(store_->database(), directory, beside);
}

bool RocksdbJournal::holds(const schema::EventKey& key) const {
  return has([this] { return store_->identities(); }, slice(format::identity_key(key)));
}

std::optional<Position> RocksdbJournal::position_of(const schema::EventKey& key) const {
  const auto using_it = store_->use();
  if (!store_->is_open()) {
    writes_.fail(writes_.not_open());
    return std::nullopt;
  }
  rocksdb::PinnableSlice value;
  const auto status =
      store_->database().Get({}, store_->identities(), slice(format::identity_key(key)), &value);
  if (!status.ok() && !status.IsNotFound()) writes_.fail(store_->explain(status, "look up an event"));
  if (!status.ok()) return std::nullopt;
  return format::number_of_key({value.data(), value.size()}).value_or(0);
}

bool RocksdbJournal::has(const Family& family, const rocksdb::Slice& key) const {
  const auto using_it = store_->use();
  if (!store_->is_open()) {
    writes_.fail(writes_.not_open());
    return false;
  }
  rocksdb::PinnableSlice value;
  const auto status = store_->database().Get({}, family(), key, &value);
  if (!status.ok() && !status.IsNotFound()) writes_.fail(store_->explain(status, "look up an event"));
  return status.ok();
}

}  // namespace

Result<std::unique_ptr<Journal>> open_rocksdb_journal(const std::string& directory,
                                                      const schema::Model& model,
                                                      const JournalOptions& options) {
  if (sodium_init() < 0) {
    return Error{ErrorCode::io, "libsodium cannot be initialised: no source of randomness", directory,
                 "check that /dev/urandom is readable"};
  }
  auto store = RocksdbStore::open(directory, options.env, options.sync_interval == 0);
  if (!store.ok()) return store.error();
  auto journal = std::make_unique<RocksdbJournal>(std::move(store).value(), model, options);
  if (auto loaded = journal->load(); !loaded.ok()) return loaded.error();
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace pollux::actors
