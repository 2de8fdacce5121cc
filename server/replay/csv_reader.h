// Comma-separated values (RFC 4180) with a configurable delimiter, read one record at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/result.h"

namespace pollux::server {

/// Bounds on one record; a record beyond either is malformed, not fatal.
inline constexpr std::size_t kCsvRecordBytesMax = 1u << 20;
inline constexpr std::size_t kCsvFieldsMax = 4'096;

/// One record; the fields are views into the record and live until the next call of `CsvReader::next`.
struct CsvRecord {
  std::uint64_t line = 0;                ///< Where it starts, from 1.
  std::vector<std::string_view> fields;  ///< Unquoted.
  std::string problem;                   ///< Malformed records: what is wrong; no fields then.

 private:
  friend class CsvReader;
  std::string text_;
  std::vector<std::size_t> ends_;
};

/// Reads a file from front to back in constant memory. Fields may be quoted, contain the delimiter, line
/// breaks and doubled quotes; lines end in LF or CRLF; a byte order mark and empty lines are skipped.
class CsvReader {
 public:
  /// Errors: not_found, io; invalid where the delimiter is a quote or a line break.
  static schema::Result<CsvReader> open(const std::string& path, char delimiter);

  enum class Outcome : std::uint8_t {
    record,
    malformed,  ///< `CsvRecord::problem` says why; the next call goes on with the line after.
    end,
  };
  /// Errors: io.
  schema::Result<Outcome> next(CsvRecord& record);

  std::uint64_t bytes_read() const { return offset_; }
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  CsvReader(std::string path, char delimiter);

  int get();
  Outcome malformed(CsvRecord& record, std::uint64_t record_offset, std::string problem);
  bool read_quoted(CsvRecord& record);
  Outcome read_record(CsvRecord& record);

  std::string path_;
  char delimiter_;
  std::unique_ptr<std::filebuf> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t bytes_total_ = 0;
};

}  // namespace pollux::server
