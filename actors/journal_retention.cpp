#include "actors/journal_retention.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <optional>
#include <string>

#include "schema/epoch_codec.h"

namespace pollux::actors {

namespace format = journal_format;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

/// Dropped in one write, at most.
constexpr std::size_t kEventsAStep = 100'000;

template <class Bytes>
rocksdb::Slice slice(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

Error damaged(const RocksdbStore& store, const std::string& what, std::string message) {
  return {ErrorCode::corrupt, std::move(message), store.directory() + ", " + what, kDamageAdvice};
}

Result<void> write(RocksdbStore& store, rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = store.database().Write(synced, &batch);
  if (!status.ok()) return store.explain(status, "drop old records");
  return {};
}

/// One step; the anchor moves with what it drops.
Result<format::Head> drop_some(RocksdbStore& store, const schema::Model& model, format::Head anchor,
                               Position position) {
  rocksdb::WriteBatch batch;
  // Of an event whose source is gone the identity stays: sent again, it is a duplicate for ever.
  schema::RecordDecoder decoder(model, schema::MisfitPolicy::leave_out);
  schema::EpochRecord record;
  std::size_t events = 0;
  const std::unique_ptr<rocksdb::Iterator> at(store.database().NewIterator({}, store.records()));
  const Position first = anchor.position + 1;
  for (at->Seek(slice(format::number_key(first))); anchor.position + 1 < position && events < kEventsAStep;
       at->Next()) {
    const std::string what = "journal position " + std::to_string(anchor.position + 1);
    if (!at->status().ok()) return store.explain(at->status(), "read " + what);
    const bool there = at->Valid() && format::number_of_key(view(at->key())) == anchor.position + 1;
    const auto stored = there ? format::read_stored(view(at->value())) : std::nullopt;
    if (!stored || !stored->hash_is_right() || stored->header.previous != anchor.hash) {
      return damaged(store, what, "it is missing or damaged, so nothing before it is dropped");
    }
    if (auto decoded = decoder.decode(stored->bytes, record); !decoded.ok()) return decoded.error();
    for (const schema::Event& event : record.events.events) {
      const auto key = format::identity_key(schema::event_key(record.events, event, model));
      batch.Delete(store.identities(), slice(key));
    }
    events += record.events.events.size() + 1;
    anchor = {anchor.position + 1, stored->header.hash};
  }
  batch.DeleteRange(store.records(), slice(format::number_key(first)),
                    slice(format::number_key(anchor.position + 1)));
  batch.Put(store.meta(), slice(format::kAnchorKey), slice(format::write_head(anchor)));
  if (auto written = write(store, batch); !written.ok()) return written.error();
  return anchor;
}

}  // namespace

Result<format::Head> read_anchor(const RocksdbStore& store) {
  std::string bytes;
  const auto status = store.database().Get({}, store.meta(), slice(format::kAnchorKey), &bytes);
  if (status.IsNotFound()) return format::Head{};
  if (!status.ok()) return store.explain(status, "read the journal's description");
  const auto anchor = format::read_head(bytes);
  if (!anchor) return damaged(store, "meta/anchor", "it is not a position and a hash");
  return *anchor;
}

Result<format::Head> drop_records(RocksdbStore& store, const schema::Model& model, Position position) {
  auto anchor = read_anchor(store);
  while (anchor.ok() && anchor->position + 1 < position) anchor = drop_some(store, model, *anchor, position);
  return anchor;
}

}  // namespace pollux::actors
