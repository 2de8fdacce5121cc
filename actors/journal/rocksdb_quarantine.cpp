#include "actors/journal/rocksdb_quarantine.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <memory>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_records.h"
#include "schema/assert.h"

namespace pollux::actors {

namespace format = journal_format;
using schema::Error;
using schema::Position;
using schema::Result;

Result<void> RocksdbQuarantine::load() {
  const std::unique_ptr<rocksdb::Iterator> at(store_.database().NewIterator({}, store_.quarantine()));
  schema::RecordDecoder decoder(model_);
  Identities identities;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string_view key = view(at->key()).substr(1);
    const std::string_view value = view(at->value());
    Result<void> loaded;
    // In this order, so that the identities are there when the events come.
    if (at->key()[0] == format::kByEventKey) {
      const auto event = format::read_event_key(key);
      const auto number = format::number_of_key(value);
      if (!event || !number) return damaged(store_.directory(), "quarantine", "an identity is not one");
      identities[*number] = *event;
    } else if (at->key()[0] == format::kByNumber) {
      loaded = load_event(key, value, identities, decoder);
    } else if (at->key()[0] == format::kDecided) {
      loaded = load_decision(key, value);
    }
    if (!loaded.ok()) return loaded;
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the quarantine");
  return {};
}

Result<void> RocksdbQuarantine::load_event(std::string_view key, std::string_view value,
                                           const Identities& identities, schema::RecordDecoder& decoder) {
  const auto number = format::number_of_key(key);
  if (!number) return damaged(store_.directory(), "quarantine", "a key is not a number");
  const std::string what = "quarantine number " + std::to_string(*number);
  // Of two with one identity, only the newer is found by it.
  const auto found = identities.find(*number);
  const schema::EventKey identity = found == identities.end() ? schema::EventKey{0, *number} : found->second;
  const auto stored = checked(store_, value, what);
  if (!stored.ok()) return stored.error();
  const auto reason = decoder.decode_reason(stored->bytes);
  if (!reason.ok()) return damaged(store_.directory(), what, reason.error().message);
  index_.set_aside(*number, identity, *reason, value.size());
  next_number_ = std::max(next_number_, *number + 1);
  return {};
}

Result<void> RocksdbQuarantine::load_decision(std::string_view key, std::string_view value) {
  const auto number = format::number_of_key(key);
  const auto decision = format::read_decision(value);
  if (!number || !decision) return damaged(store_.directory(), "quarantine", "a decision is not one");
  index_.restore(*number, {decision->admitted, decision->position, decision->key});
  next_number_ = std::max(next_number_, *number + 1);
  return {};
}

void RocksdbQuarantine::put_event(const QuarantinedEvent& event, std::uint64_t number,
                                  rocksdb::WriteBatch& batch) {
  QuarantinedEvent numbered = event;
  numbered.number = number;
  encoded_.clear();
  encoder_.encode(numbered, encoded_);
  const auto header =
      format::write_header({format::kNoPredecessor, format::chained(format::kNoPredecessor, encoded_)});
  const auto key = format::quarantine_key(number);
  const rocksdb::Slice key_part = slice(key);
  const std::array<rocksdb::Slice, 2> value = {slice(header), slice(std::string_view(encoded_))};
  batch.Put(store_.quarantine(), rocksdb::SliceParts(&key_part, 1),
            rocksdb::SliceParts(value.data(), static_cast<int>(value.size())));
  const auto identity = schema::event_key(event.event, event.event.events.front(), model_);
  batch.Put(store_.quarantine(), slice(format::quarantine_key(identity)), slice(format::number_key(number)));
  bytes_put_.push_back(header.size() + encoded_.size());
}

void RocksdbQuarantine::put(const QuarantineChanges& changes, Position position, rocksdb::WriteBatch& batch) {
  put_exits(changes.exits, position, batch);
  bytes_put_.clear();
  std::uint64_t number = next_number_;
  for (const QuarantinedEvent& event : changes.set_aside) put_event(event, number++, batch);
}

void RocksdbQuarantine::put_exits(const std::vector<QuarantineExit>& exits, Position position,
                                  rocksdb::WriteBatch& batch) {
  for (const QuarantineExit& exit : exits) {
    const auto key = index_.key_of(exit.number);
    POLLUX_ASSERT(key, "what leaves quarantine lies there");
    batch.Delete(store_.quarantine(), slice(format::quarantine_key(exit.number)));
    // The identity of what was discarded stays: sent again, it is a duplicate.
    if (exit.admitted) batch.Delete(store_.quarantine(), slice(format::quarantine_key(*key)));
    batch.Put(store_.quarantine(), slice(format::decision_key(exit.number)),
              slice(format::write_decision({exit.admitted, exit.admitted ? position : Position{0}, *key})));
  }
  for (const auto& [number, decision] : index_.surplus(exits.size())) {
    batch.Delete(store_.quarantine(), slice(format::decision_key(number)));
    if (!decision.admitted) batch.Delete(store_.quarantine(), slice(format::quarantine_key(decision.key)));
  }
}

void RocksdbQuarantine::written(const QuarantineChanges& changes, Position position) {
  for (const auto& [number, decision] : index_.surplus(changes.exits.size())) index_.forget(number);
  for (const QuarantineExit& exit : changes.exits)
    index_.decide(exit.number, exit.admitted, exit.admitted ? position : 0);
  for (std::size_t i = 0; i < changes.set_aside.size(); ++i) {
    const QuarantinedEvent& event = changes.set_aside[i];
    index_.set_aside(next_number_++, schema::event_key(event.event, event.event.events.front(), model_),
                     event.reason, bytes_put_[i]);
  }
}

Result<std::vector<QuarantinedEvent>> RocksdbQuarantine::read(std::uint64_t from, std::size_t limit) const {
  std::vector<QuarantinedEvent> page;
  const std::unique_ptr<rocksdb::Iterator> at(store_.database().NewIterator({}, store_.quarantine()));
  schema::RecordDecoder decoder(model_, schema::MisfitPolicy::leave_out);
  for (at->Seek(slice(format::quarantine_key(from))); page.size() < limit && at->Valid(); at->Next()) {
    if (at->key()[0] != format::kByNumber) break;
    const auto number = format::number_of_key(view(at->key()).substr(1));
    const std::string what = "quarantine number " + (number ? std::to_string(*number) : std::string("?"));
    const auto stored = checked(store_, view(at->value()), what);
    if (!stored.ok()) return stored.error();
    QuarantinedEvent event;
    if (auto decoded = decoder.decode(stored->bytes, event); !decoded.ok()) {
      Error error = decoded.error();
      error.where = store_.directory() + ", " + what;
      return error;
    }
    if (event.number != number) return damaged(store_.directory(), what, "another event stands in its place");
    page.push_back(std::move(event));
  }
  if (!at->status().ok()) return store_.explain(at->status(), "read the quarantine");
  return page;
}

}  // namespace pollux::actors
