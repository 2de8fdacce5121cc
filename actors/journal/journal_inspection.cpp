#include "actors/journal/journal_inspection.h"

#include <rocksdb/db.h>
#include <sodium.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

#include "actors/storage/rocksdb_store.h"

namespace pollux::actors {

namespace format = journal_format;
namespace fs = std::filesystem;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}
template <class Bytes>
rocksdb::Slice slice(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

std::string name_of(Position position) {
  return "journal position " + std::to_string(position);
}

/// What is wrong with a stored record by itself; empty: nothing.
std::string fault_of(const std::optional<format::StoredRecord>& stored) {
  if (!stored) return "the record is cut off";
  if (stored->version != format::kVersion) {
    return "the record has format version " + std::to_string(stored->version) + "; this pollux reads " +
           std::to_string(format::kVersion);
  }
  return stored->hash_is_right() ? "" : "the record does not match its hash: it was changed after writing";
}

void add(JournalVerdict& verdict, Error fault) {
  if (verdict.faults.size() < JournalVerdict::kFaultsMax) verdict.faults.push_back(std::move(fault));
}

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;  // a file that goes away meanwhile counts nothing
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto size = entry.file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

}  // namespace

JournalInspection::JournalInspection(std::unique_ptr<RocksdbStore> store) : store_(std::move(store)) {}

JournalInspection::~JournalInspection() = default;

Result<std::unique_ptr<JournalInspection>> JournalInspection::open(const std::string& directory) {
  if (sodium_init() < 0) return Error{ErrorCode::io, "libsodium cannot be initialised", directory, ""};
  auto store = RocksdbStore::open_read_only(directory);
  if (!store.ok()) return store.error();
  return std::unique_ptr<JournalInspection>(new JournalInspection(std::move(store).value()));
}

Error JournalInspection::damaged(const std::string& what, std::string message) const {
  return {ErrorCode::corrupt, std::move(message), store_->directory() + ", " + what, kDamageAdvice};
}

Result<std::string> JournalInspection::meta(std::string_view key) const {
  std::string value;
  const auto status = store_->database().Get({}, store_->meta(), slice(key), &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) return store_->explain(status, "read the journal's description");
  return Error{ErrorCode::not_found, "the journal's description lacks `" + std::string(key) + "`",
               store_->directory() + ", meta", kDamageAdvice};
}

/// Position 0 where there is none.
Result<format::Head> JournalInspection::head_at(std::string_view key) const {
  const auto text = meta(key);
  if (!text.ok() && text.error().code == ErrorCode::not_found) return format::Head{};
  if (!text.ok()) return text.error();
  const auto head = format::read_head(*text);
  if (!head) return damaged("meta/" + std::string(key), "it is not a position and a hash");
  return *head;
}

Result<JournalStatistics> JournalInspection::statistics() const {
  JournalStatistics of;
  for (auto [key, text] : {std::pair{format::kTwinKey, &of.twin}, std::pair{format::kFormatKey, &of.format},
                           std::pair{format::kModelVersionKey, &of.model_version}}) {
    auto value = meta(key);
    if (!value.ok()) return value.error();
    *text = std::move(*value);
  }
  if (const auto created = meta(format::kCreatedKey); created.ok()) {
    std::from_chars(created->data(), created->data() + created->size(), of.created);
  }
  const auto anchor = head_at(format::kAnchorKey);
  if (!anchor.ok()) return anchor.error();
  of.dropped = anchor->position;
  rocksdb::DB& database = store_->database();
  rocksdb::Status unread;  // the first failure
  const auto position_at = [&](const rocksdb::Iterator& at) {
    if (unread.ok()) unread = at.status();
    return at.Valid() ? format::number_of_key(view(at.key())).value_or(0) : Position{0};
  };
  const auto ends = [&](rocksdb::ColumnFamilyHandle* family) {
    if (family == nullptr) return std::pair<Position, Position>{0, 0};
    const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, family));
    at->SeekToFirst();
    const Position first = position_at(*at);
    at->SeekToLast();
    return std::pair{first, position_at(*at)};
  };
  const auto size = [&](rocksdb::ColumnFamilyHandle* family) {
    std::uint64_t bytes = 0;
    if (family != nullptr) database.GetIntProperty(family, "rocksdb.estimate-live-data-size", &bytes);
    return bytes;
  };
  std::tie(of.first, of.last) = ends(store_->records());
  std::tie(of.history_from, of.history_to) = ends(store_->changes());
  of.records_bytes = size(store_->records());
  of.history_bytes = size(store_->changes()) + size(store_->history());
  of.disk_bytes = bytes_in(store_->directory());
  JournalVerdict counted;
  verify_quarantine(counted);
  of.quarantined = counted.quarantined;
  of.faults = std::move(counted.faults);
  const std::unique_ptr<rocksdb::Iterator> models(database.NewIterator({}, store_->meta()));
  for (models->Seek(slice(format::kModelTextPrefix));
       models->Valid() && models->key().starts_with(slice(format::kModelTextPrefix)); models->Next()) {
    ++of.model_versions;
  }
  if (unread.ok()) unread = models->status();
  if (!unread.ok()) return store_->explain(unread, "read the journal");
  return of;
}

JournalVerdict JournalInspection::verify(Position from, Position to) const {
  JournalVerdict verdict;
  verify_records(from, to, verdict);
  verify_quarantine(verdict);
  verify_head(verdict);
  return verdict;
}

void JournalInspection::verify_records(Position from, Position to, JournalVerdict& verdict) const {
  const auto anchor = head_at(format::kAnchorKey);
  if (!anchor.ok()) return add(verdict, anchor.error());
  const Position first = std::max(from, anchor->position + 1);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(store_->database().NewIterator(options, store_->records()));
  // The hash of the record before, where it is known.
  std::optional<format::Hash> previous;
  if (first == anchor->position + 1) previous = anchor->hash;
  Position expected = first;
  for (at->Seek(slice(format::number_key(first))); at->Valid(); at->Next()) {
    const auto position = format::number_of_key(view(at->key()));
    if (!position) {
      add(verdict, damaged("journal", "a key is not a position"));
      continue;
    }
    if (*position > to) return;
    if (*position != expected) {
      add(verdict, damaged(name_of(expected), "the records from here to position " +
                                                  std::to_string(*position - 1) + " are missing"));
      previous.reset();
    }
    expected = *position + 1;
    if (verdict.records++ == 0) verdict.first = *position;
    verdict.last = *position;
    const auto stored = format::read_stored(view(at->value()));
    if (const std::string fault = fault_of(stored); !fault.empty()) {
      add(verdict, damaged(name_of(*position), fault));
      previous.reset();
      continue;
    }
    if (previous && stored->header.previous != *previous) {
      add(verdict,
          damaged(name_of(*position), "the chain is broken: the record does not follow the one before it"));
    }
    previous = stored->header.hash;
    const auto record = schema::read_named_record(stored->bytes);
    if (!record.ok()) {
      add(verdict, damaged(name_of(*position), record.error().message));
    } else if (record->position != *position) {
      add(verdict, damaged(name_of(*position),
                           "another record (" + std::to_string(record->position) + ") stands in its place"));
    } else {
      verdict.events += record->events.size();
    }
  }
  if (!at->status().ok()) add(verdict, store_->explain(at->status(), "read " + name_of(expected)));
}

void JournalInspection::verify_quarantine(JournalVerdict& verdict) const {
  const std::unique_ptr<rocksdb::Iterator> at(store_->database().NewIterator({}, store_->quarantine()));
  for (at->Seek(slice(format::quarantine_key(0))); at->Valid() && at->key()[0] == format::kByNumber;
       at->Next()) {
    ++verdict.quarantined;
    const auto number = format::number_of_key(view(at->key()).substr(1));
    const std::string fault = fault_of(format::read_stored(view(at->value())));
    if (!fault.empty()) {
      add(verdict, damaged("quarantine number " + (number ? std::to_string(*number) : "?"), fault));
    }
  }
  if (!at->status().ok()) add(verdict, store_->explain(at->status(), "read the quarantine"));
}

void JournalInspection::verify_head(JournalVerdict& verdict) const {
  const auto head = head_at(format::kHeadKey);
  if (!head.ok()) return add(verdict, head.error());
  const auto anchor = head_at(format::kAnchorKey);
  if (!anchor.ok()) return add(verdict, anchor.error());
  if (head->position == anchor->position) {
    if (head->hash != anchor->hash) add(verdict, damaged("meta/head", "it is not the record last dropped"));
    return;
  }
  std::string value;
  const auto status =
      store_->database().Get({}, store_->records(), slice(format::number_key(head->position)), &value);
  const auto stored = status.ok() ? format::read_stored(value) : std::nullopt;
  if (status.IsNotFound()) {
    add(verdict, damaged(name_of(head->position), "the newest record is missing"));
  } else if (!status.ok()) {
    add(verdict, store_->explain(status, "read " + name_of(head->position)));
  } else if (!stored || stored->header.hash != head->hash) {
    add(verdict, damaged(name_of(head->position), "it is not the record last written there"));
  }
}

Result<void> JournalInspection::verify_files() const {
  const auto status = store_->database().VerifyChecksum();
  if (!status.ok()) return store_->explain(status, "read the data files");
  return {};
}

Result<void> JournalInspection::dump(Position from, Position to,
                                     const std::function<bool(const schema::NamedRecord&)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> at(store_->database().NewIterator({}, store_->records()));
  for (at->Seek(slice(format::number_key(from))); at->Valid(); at->Next()) {
    const auto position = format::number_of_key(view(at->key()));
    if (position && *position > to) return {};
    const std::string where = position ? name_of(*position) : std::string("journal");
    const auto stored = format::read_stored(view(at->value()));
    if (const std::string fault = fault_of(stored); !fault.empty()) return damaged(where, fault);
    const auto record = schema::read_named_record(stored->bytes);
    if (!record.ok()) return damaged(where, record.error().message);
    if (!visit(*record)) return {};
  }
  if (!at->status().ok()) return store_->explain(at->status(), "read the journal");
  return {};
}

}  // namespace pollux::actors
