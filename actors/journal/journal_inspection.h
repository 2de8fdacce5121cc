// Looking into a data directory without running its twin: read-only, without a model, beside a server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/journal_format.h"
#include "schema/record/named_record.h"
#include "schema/result.h"

namespace pollux::actors {

class RocksdbStore;

/// What a data directory holds.
struct JournalStatistics {
  std::string twin;
  std::string format;
  std::string model_version;
  schema::EventTime created = 0;
  schema::Position first = 0;  ///< 0: there is no record.
  schema::Position last = 0;
  schema::Position dropped = 0;  ///< Records up to this one were dropped.
  std::uint64_t records_bytes = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t model_versions = 0;
  schema::Position history_from = 0;  ///< Epochs kept in the history, as far as they are on disk.
  schema::Position history_to = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t disk_bytes = 0;
  /// What was found damaged in what was counted one by one (the quarantine); as in JournalVerdict.
  std::vector<schema::Error> faults;
};

/// What a check found.
struct JournalVerdict {
  static constexpr std::size_t kFaultsMax = 100;

  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::uint64_t quarantined = 0;
  schema::Position first = 0;
  schema::Position last = 0;
  std::vector<schema::Error> faults;  ///< Each names its place; at most `kFaultsMax`.
};

/// A data directory opened for reading only. It shows what was on disk when it was opened; a server may go on
/// writing meanwhile. One thread.
class JournalInspection {
 public:
  /// Errors: not_found (no journal there), corrupt (also: written by a newer Pollux), io.
  static schema::Result<std::unique_ptr<JournalInspection>> open(const std::string& directory);
  ~JournalInspection();

  schema::Result<JournalStatistics> statistics() const;

  /// Reads every record in [from, to] and everything in quarantine: checksums, the chain from record to
  /// record, positions without gaps, contents, and that the newest record is the one last acknowledged.
  /// Goes on after a damaged record; ends where the store itself can read no further.
  JournalVerdict verify(schema::Position from, schema::Position to) const;

  /// Checks the checksum of every block of every file of the store, history included. Errors: corrupt, naming
  /// the file.
  schema::Result<void> verify_files() const;

  /// Calls `visit` with each record in [from, to], until it returns false. Errors: corrupt, io.
  schema::Result<void> dump(schema::Position from, schema::Position to,
                            const std::function<bool(const schema::NamedRecord&)>& visit) const;

 private:
  explicit JournalInspection(std::unique_ptr<RocksdbStore> store);

  schema::Result<std::string> meta(std::string_view key) const;
  schema::Result<journal_format::Head> head_at(std::string_view key) const;
  schema::Error damaged(const std::string& what, std::string message) const;
  void verify_records(schema::Position from, schema::Position to, JournalVerdict& verdict) const;
  void verify_quarantine(JournalVerdict& verdict) const;
  void verify_head(JournalVerdict& verdict) const;

  std::unique_ptr<RocksdbStore> store_;
};

}  // namespace pollux::actors
