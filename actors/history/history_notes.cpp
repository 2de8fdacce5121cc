#include "actors/history/history_notes.h"

#include <rocksdb/write_batch.h>

#include "actors/history/history_store.h"
#include "actors/storage/rocksdb_records.h"

namespace pollux::actors {

namespace format = history_format;
using schema::Result;

namespace {

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

Result<std::optional<std::string>> HistoryNotes::read(std::string_view key) const {
  std::string note;
  const auto status = store_.database().Get({}, store_.meta(), slice(key), &note);
  if (status.ok()) return std::optional(std::move(note));
  if (status.IsNotFound()) return std::optional<std::string>();
  return store_.explain(status, "open the history");
}

Result<std::string> HistoryNotes::model() const {
  auto note = read(format::kModelKey);
  if (!note.ok()) return note.error();
  return std::move(*note).value_or("");
}

Result<bool> HistoryNotes::background() const {
  const auto note = read(format::kBackgroundKey);
  if (!note.ok()) return note.error();
  return note->has_value();
}

Result<void> HistoryNotes::note_background(bool every_epoch) {
  const auto key = slice(format::kBackgroundKey);
  const auto status = every_epoch ? store_.database().Put(synced(), store_.meta(), key, {})
                                  : store_.database().Delete(synced(), store_.meta(), key);
  return status.ok() ? Result<void>() : store_.explain(status, "open the history");
}

Result<std::optional<format::ClockPlace>> HistoryNotes::read_place(std::string_view key) const {
  const auto note = read(key);
  if (!note.ok()) return note.error();
  if (!*note) return std::optional<format::ClockPlace>();
  const auto place = format::read_dropped(**note);
  if (!place) return damaged_history(store_, "meta/" + std::string(key), "it is not a clock and a position");
  return place;
}

Result<std::optional<format::ClockPlace>> HistoryNotes::dropped() const {
  return read_place(format::kDroppedKey);
}

Result<std::optional<format::ClockPlace>> HistoryNotes::begun() const {
  return read_place(format::kBegunKey);
}

Result<void> HistoryNotes::note_begun(const format::ClockPlace& begun, bool background) {
  rocksdb::WriteBatch batch;
  batch.Put(store_.meta(), slice(format::kDroppedKey), format::write_dropped(begun));
  batch.Put(store_.meta(), slice(format::kBegunKey), format::write_dropped(begun));
  if (background) batch.Put(store_.meta(), slice(format::kBackgroundKey), {});
  const auto status = store_.database().Write(synced(), &batch);
  return status.ok() ? Result<void>() : store_.explain(status, "begin the history anew");
}

Result<void> HistoryNotes::note_dropped(const format::ClockPlace& dropped) {
  const auto status = store_.database().Put(synced(), store_.meta(), slice(format::kDroppedKey),
                                            format::write_dropped(dropped));
  return status.ok() ? Result<void>() : store_.explain(status, "drop old history");
}

Result<void> HistoryNotes::wipe(const std::string& model_version) {
  rocksdb::WriteBatch batch;
  const std::string end(format::chunk_key({}).size() + 1, '\xff');
  batch.DeleteRange(store_.changes(), {}, end);
  batch.DeleteRange(store_.history(), {}, end);
  batch.Put(store_.meta(), slice(format::kModelKey), model_version);
  batch.Delete(store_.meta(), slice(format::kDroppedKey));
  batch.Delete(store_.meta(), slice(format::kBegunKey));
  batch.Delete(store_.meta(), slice(format::kBackgroundKey));
  const auto status = store_.database().Write(synced(), &batch);
  return status.ok() ? Result<void>() : store_.explain(status, "begin the history anew");
}

}  // namespace pollux::actors
