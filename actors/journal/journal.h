// The journal: the one durable truth of a domain. Everything else can be derived from it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/history/history.h"
#include "actors/journal/quarantine_index.h"
#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/record/epoch_codec.h"
#include "schema/result.h"

namespace rocksdb {
class Env;
}

namespace pollux::actors {

/// How the journal is kept.
struct JournalOptions {
  /// 0: every append is synced before it is acknowledged. Else they are synced together, this long after the
  /// first of them at the latest, and a power loss (not a kill) can cost what was acknowledged within it.
  schema::Duration sync_interval = 0;
  /// What becomes of records that no longer fit the model.
  schema::MisfitPolicy misfits = schema::MisfitPolicy::refuse;
  /// Gives up the history beside it, to be made again: from the journal, or, where its beginning was dropped,
  /// from the snapshot that the twin goes on from.
  bool remake_history = false;
  /// Where the files lie; outlives the journal. Null: the operating system's. Another one is for tests.
  rocksdb::Env* env = nullptr;
};

/// Identifies what a data directory belongs to; written when it is created.
struct JournalIdentity {
  std::string twin;           ///< Name of the twin.
  std::string model_version;  ///< Version of the model its latest record was written under.
};

/// One backup in a backup directory.
struct BackupInfo {
  std::uint32_t number = 0;  ///< Ascending from 1.
  schema::EventTime taken = 0;
  std::uint64_t bytes = 0;  ///< Of all its files, those shared with other backups included.
};

/// Append-only, durable, ordered. One thread at a time may append; reads may run beside it.
///
/// This is the seam where a replicated stream can stand in for the embedded store: append a batch and get its
/// position, read from a position.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Makes `record` durable, together with what it does to the quarantine, in one atomic write.
  /// `record.position` must be `last_position() + 1`; with position 0 only the quarantine is written. On
  /// return the bytes are on disk. After an error nothing of the call is visible; whether it is on disk is
  /// not known. After no_space the only append allowed is the same one again: once there is room it succeeds,
  /// and the record is there once. After any other error all appends fail until the journal is reopened.
  virtual schema::Result<void> append(const schema::EpochRecord& record,
                                      const QuarantineChanges& quarantine) = 0;

  /// Calls `visit` for each record from `from` on, in order, until it returns false. Errors: corrupt, naming
  /// the position and what can be done; io; not_found and conflict where a record does not fit the model and
  /// this was not to be left out.
  virtual schema::Result<void> read(schema::Position from,
                                    const std::function<bool(schema::EpochRecord&)>& visit) const = 0;

  /// Up to `limit` quarantined events numbered from `from` on. One that does not fit the model says why.
  virtual schema::Result<std::vector<QuarantinedEvent>> quarantine(std::uint64_t from,
                                                                   std::size_t limit) const = 0;

  /// Whether an event with this key is in some record, however old.
  virtual bool holds(const schema::EventKey& key) const = 0;

  /// Position of that record; 0 where that is not known. Nothing where there is none.
  virtual std::optional<schema::Position> position_of(const schema::EventKey& key) const {
    return holds(key) ? std::optional(schema::Position{0}) : std::nullopt;
  }
  /// Whether the positions of all events held are known.
  virtual bool knows_positions() const { return false; }

  /// What lies in quarantine. Thread-safe; lives as long as the journal.
  virtual const QuarantineIndex& quarantine_index() const = 0;

  /// Position of the newest record; 0 when there is none.
  virtual schema::Position last_position() const = 0;

  /// The window of acknowledged events that a power loss can cost; 0: none.
  virtual schema::Duration loss_window() const { return 0; }

  /// As found on opening, before this process appended anything.
  virtual const JournalIdentity& identity() const = 0;

  /// Bytes written by `append` so far in this process.
  virtual std::uint64_t bytes_appended() const = 0;

  /// Notes, durably, that a durable snapshot holds everything up to `position`, so that the records may go.
  /// On one thread, which may be another than the appending one; as `drop_before`. Errors: io, no_space,
  /// conflict (there is no such record).
  virtual schema::Result<void> note_covered(schema::Position position);
  /// Drops the records before `position`, with the identities of their events; the chain is then checked from
  /// the hash of the last one dropped. Goes in steps, so that appends beside it never wait long. Errors:
  /// conflict where no snapshot covers them; corrupt; no_space; io. What was dropped by then stays so.
  virtual schema::Result<void> drop_before(schema::Position position);
  /// Position of the oldest record kept, or that of the next one where none is.
  virtual schema::Position first_position() const { return 1; }

  /// By it a journal is told from another with other records: the hash of the record at `position`, also
  /// where it was the last one dropped; zeros for position 0 and in a journal that has none. Any thread.
  /// Errors: not_found, corrupt, io.
  virtual schema::Result<std::array<unsigned char, 32>> hash_at(schema::Position position) const;
  /// About how much the records from `from` on take. Any thread.
  virtual std::uint64_t bytes_from(schema::Position) const { return 0; }

  /// Adds a consistent copy of all that is stored to a backup directory, while appends go on. `beside`: a
  /// folder there that belongs to it; may be empty. Any thread. Errors: conflict where nothing is stored; io.
  virtual schema::Result<BackupInfo> back_up(const std::string& directory,
                                             const std::string& beside = "") const;

  /// The history stored beside it, which it owns; null where there is none.
  virtual History* history() { return nullptr; }
};

/// Opens or creates the RocksDB journal in `directory`. Format: actors/journal/JOURNAL.md. Event names are
/// resolved against `model`, which must outlive the journal. What does not fit `model` is left out by `read`
/// where `options` say so, and also where the journal was last written under this very model: what did not
/// fit was accepted then. Errors: conflict when another process has it open, or it belongs to another twin;
/// corrupt (naming the file and what can be done) when it is damaged or of an unknown format; io.
schema::Result<std::unique_ptr<Journal>> open_rocksdb_journal(const std::string& directory,
                                                              const schema::Model& model,
                                                              const JournalOptions& options = {});

/// A journal in memory, for tests and for runs that need no durability. `model` must outlive it.
std::unique_ptr<Journal> make_memory_journal(const schema::Model& model);

}  // namespace pollux::actors
