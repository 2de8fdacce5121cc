#include "actors/journal/journal_retention.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <optional>
#include <string>

#include "schema/record/epoch_codec.h"

namespace pollux::actors {

namespace format = journal_format;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

/// Dropped in one write, and one record more: appends wait for it.
constexpr std::size_t kEventsAStep = 2'000;

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

Result<format::Head> put_drop(const RocksdbStore& store, const schema::Model& model,
                              const format::Head& anchor, Position position, rocksdb::WriteBatch& batch) {
  // An event left out keeps its identity: sent again, it is a duplicate for ever.
  schema::RecordDecoder decoder(model, schema::MisfitPolicy::leave_out);
  schema::EpochRecord record;
  format::Head moved = anchor;
  std::size_t events = 0;
  const std::unique_ptr<rocksdb::Iterator> at(store.database().NewIterator({}, store.records()));
  const Position first = anchor.position + 1;
  for (at->Seek(slice(format::number_key(first))); moved.position + 1 < position && events < kEventsAStep;
       at->Next()) {
    const std::string what = "journal position " + std::to_string(moved.position + 1);
    if (!at->status().ok()) return store.explain(at->status(), "read " + what);
    const bool there = at->Valid() && format::number_of_key(view(at->key())) == moved.position + 1;
    const auto stored = there ? format::read_stored(view(at->value())) : std::nullopt;
    if (!stored || !stored->hash_is_right() || stored->header.previous != moved.hash) {
      return damaged(store, what, "it is missing or damaged, so nothing before it is dropped");
    }
    if (auto decoded = decoder.decode(stored->bytes, record); !decoded.ok()) return decoded.error();
    for (const schema::Event& event : record.events.events) {
      const auto key = format::identity_key(schema::event_key(record.events, event, model));
      batch.Delete(store.identities(), slice(key));
    }
    events += record.events.events.size() + 1;
    moved = {moved.position + 1, stored->header.hash};
  }
  if (moved.position == anchor.position) return moved;
  batch.DeleteRange(store.records(), slice(format::number_key(first)),
                    slice(format::number_key(moved.position + 1)));
  batch.Put(store.meta(), slice(format::kAnchorKey), slice(format::write_head(moved)));
  return moved;
}

}  // namespace pollux::actors
