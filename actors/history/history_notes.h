// What the history notes of itself among the journal's notes: what it was made of, and how far it reaches.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/history/history_format.h"
#include "actors/storage/rocksdb_store.h"
#include "schema/result.h"

namespace pollux::actors {

/// Each note is synced when it is made. `store` outlives it. Errors of all: io, no_space; corrupt where one
/// is unreadable.
class HistoryNotes {
 public:
  explicit HistoryNotes(RocksdbStore& store) : store_(store) {}

  /// Version of the model that the history was made under; empty where there is none.
  schema::Result<std::string> model() const;

  /// Whether every epoch came with its background.
  schema::Result<bool> background() const;
  schema::Result<void> note_background(bool every_epoch);

  /// Up to which epoch everything was dropped, and the clock then.
  schema::Result<std::optional<history_format::ClockPlace>> dropped() const;
  schema::Result<void> note_dropped(const history_format::ClockPlace& dropped);

  /// Where it begins, if not with the journal. `note_begun` also notes that all before is dropped, and
  /// whether background is there from then on.
  schema::Result<std::optional<history_format::ClockPlace>> begun() const;
  schema::Result<void> note_begun(const history_format::ClockPlace& begun, bool background);

  /// Begins the history anew: nothing of it is there any more, nor its notes, but the one of the model.
  schema::Result<void> wipe(const std::string& model_version);

 private:
  schema::Result<std::optional<std::string>> read(std::string_view key) const;
  schema::Result<std::optional<history_format::ClockPlace>> read_place(std::string_view key) const;

  RocksdbStore& store_;
};

}  // namespace pollux::actors
