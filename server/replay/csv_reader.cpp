#include "server/replay/csv_reader.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr int kEnd = std::char_traits<char>::eof();
constexpr char kQuote = '"';
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

CsvReader::CsvReader(std::string path, char delimiter)
    : path_(std::move(path)), delimiter_(delimiter), file_(std::make_unique<std::filebuf>()) {}

Result<CsvReader> CsvReader::open(const std::string& path, char delimiter) {
  if (delimiter == kQuote || delimiter == '\n' || delimiter == '\r') {
    return Error{ErrorCode::invalid, "a quote or a line break cannot separate columns", path,
                 "set `delimiter` in the mapping to the character between the columns"};
  }
  std::error_code status;
  const std::uint64_t size = std::filesystem::file_size(path, status);
  if (status) {
    const bool missing = status == std::errc::no_such_file_or_directory;
    return Error{missing ? ErrorCode::not_found : ErrorCode::io, "cannot read it: " + status.message(), path,
                 "name a readable CSV file"};
  }
  CsvReader reader(path, delimiter);
  reader.bytes_total_ = size;
  if (reader.file_->open(path, std::ios::in | std::ios::binary) == nullptr) {
    return Error{ErrorCode::io, std::string("cannot open it: ") + std::strerror(errno), path,
                 "check its permissions"};
  }
  char start[kByteOrderMark.size()];
  const auto read = reader.file_->sgetn(start, sizeof start);
  if (std::string_view(start, static_cast<std::size_t>(read)) == kByteOrderMark) {
    reader.offset_ = kByteOrderMark.size();
  } else {
    reader.file_->pubseekpos(0, std::ios::in);
  }
  return reader;
}

Result<CsvReader::Outcome> CsvReader::next(CsvRecord& record) {
  try {
    const Outcome outcome = read_record(record);
    if (outcome == Outcome::end && offset_ < bytes_total_) {
      return Error{ErrorCode::io, "the file became shorter while it was read", path_, "run the replay again"};
    }
    return outcome;
  } catch (const std::exception& error) {
    return Error{ErrorCode::io, error.what(), path_ + ":" + std::to_string(line_), "check the disk"};
  }
}

int CsvReader::get() {
  const int c = file_->sbumpc();
  if (c == kEnd) return c;
  ++offset_;
  if (c == '\n') ++line_;
  return c;
}

// A broken quote would swallow the rest of the file: reading goes on with the line after the one that starts
// the record, so that one bad line costs one row.
CsvReader::Outcome CsvReader::malformed(CsvRecord& record, std::uint64_t record_offset, std::string problem) {
  record.fields.clear();
  record.problem = std::move(problem);
  file_->pubseekpos(static_cast<std::streamoff>(record_offset), std::ios::in);
  offset_ = record_offset;
  line_ = record.line;
  for (int c = get(); c != kEnd && c != '\n'; c = get()) {
  }
  return Outcome::malformed;
}

// Reads up to and with the closing quote; false where there is none within the bound.
bool CsvReader::read_quoted(CsvRecord& record) {
  while (record.text_.size() <= kCsvRecordBytesMax) {
    const int c = get();
    if (c == kEnd) return false;
    if (c == kQuote) {
      if (file_->sgetc() != kQuote) return true;
      get();
    }
    record.text_.push_back(static_cast<char>(c));
  }
  return false;
}

CsvReader::Outcome CsvReader::read_record(CsvRecord& record) {
  record.text_.clear();
  record.ends_.clear();
  record.fields.clear();
  record.problem.clear();
  while (file_->sgetc() == '\n' || file_->sgetc() == '\r') get();
  if (file_->sgetc() == kEnd) return Outcome::end;
  const std::uint64_t start = offset_;
  record.line = line_;
  bool at_field_start = true;
  bool was_quoted = false;
  for (;;) {
    const int c = get();
    if (c == kEnd || c == '\n' || c == delimiter_) {
      record.ends_.push_back(record.text_.size());
      if (c != delimiter_) break;
      if (record.ends_.size() == kCsvFieldsMax) {
        return malformed(record, start, "more than " + std::to_string(kCsvFieldsMax) + " columns");
      }
      at_field_start = true;
      was_quoted = false;
    } else if (c == '\r' && (file_->sgetc() == '\n' || file_->sgetc() == kEnd)) {
      continue;
    } else if (c == kQuote && at_field_start) {
      if (!read_quoted(record)) return malformed(record, start, "a quote is opened and never closed");
      at_field_start = false;
      was_quoted = true;
    } else if (c == kQuote || was_quoted) {
      return malformed(
          record, start,
          was_quoted ? "text after a closing quote" : "a quote inside a field that is not quoted");
    } else {
      at_field_start = false;
      record.text_.push_back(static_cast<char>(c));
      if (record.text_.size() > kCsvRecordBytesMax) {
        return malformed(
            record, start,
            "longer than " + std::to_string(kCsvRecordBytesMax) + " bytes, the most a row may be");
      }
    }
  }
  std::size_t begin = 0;
  for (const std::size_t end : record.ends_) {
    record.fields.push_back(std::string_view(record.text_).substr(begin, end - begin));
    begin = end;
  }
  return Outcome::record;
}

}  // namespace pollux::server
