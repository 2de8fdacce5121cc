// A recorded CSV file as a sequence of rows, each turned into the events it stands for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"
#include "server/replay/csv_reader.h"
#include "server/replay/event_text.h"
#include "server/replay/mapping.h"

namespace pollux::server {

/// Reads rows and makes one event for each entity a row speaks of. An event's id is the file's name with the
/// folder it lies in, the row and the entity (`valve1/0.csv:17:pump`), its sequence the row number: the same
/// file gives the same events whenever and from wherever it is replayed.
class RowFeed {
 public:
  /// Opens the file and fits the mapping to its header. `mapping` must outlive the feed. Errors: as
  /// `CsvReader::open`; invalid, with every mismatch between header and mapping.
  static schema::Result<RowFeed> open(const std::string& path, const Mapping& mapping);

  enum class Outcome : std::uint8_t {
    row,
    rejected,  ///< `reason()` says why the row gives no events.
    end,
  };
  /// Reads the next row. Errors: io.
  schema::Result<Outcome> next();

  // About the row read last.
  std::uint64_t row() const { return row_; }  ///< From 1, the header not counted.
  std::uint64_t line() const { return record_.line; }
  schema::EventTime time() const { return time_; }
  const EventText& events() const { return events_; }
  const std::string& reason() const { return reason_; }

  /// The file's name with the folder it lies in.
  const std::string& name() const { return name_; }
  std::uint64_t bytes_read() const { return reader_.bytes_read(); }
  std::uint64_t bytes_total() const { return reader_.bytes_total(); }

 private:
  struct Cell {
    std::size_t field = 0;
    CellType type = CellType::number;
    const MappedColumn* column = nullptr;
    std::string before;  // JSON up to the value
    std::string after;   // JSON from the value to the end of the member
  };
  struct Subject {
    std::string before_id;  // JSON up to the row number in the id
    std::string after_id;   // JSON from there to the time
    std::vector<Cell> cells;
  };

  RowFeed(CsvReader reader, const Mapping& mapping, std::string name);
  void bind(const std::vector<std::string_view>& header);
  bool reject(std::string reason);
  bool convert();
  bool write_value(const Cell& cell, std::string_view text);
  bool is_missing(std::string_view text) const;

  CsvReader reader_;
  const Mapping* mapping_;
  std::string name_;
  std::size_t columns_ = 0;
  std::size_t time_field_ = 0;
  std::vector<Subject> subjects_;

  CsvRecord record_;
  std::uint64_t row_ = 0;
  schema::EventTime time_ = 0;
  EventText events_;
  std::string event_;
  std::string reason_;
};

}  // namespace pollux::server
