#include "server/replay/row_feed.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr std::size_t kQuotedCellBytesMax = 80;  // of a bad cell, in messages

std::string json_string(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

// The JSON string without its quotes, to be put together with others.
std::string json_inside(std::string_view text) {
  const std::string quoted = json_string(text);
  return quoted.substr(1, quoted.size() - 2);
}

template <class Number>
void append_number(std::string& text, Number number) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), end);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Two runs called 0.csv in different folders must not share ids, and where the folders lie must not matter.
std::string stable_name(const std::string& path) {
  std::error_code failed;
  std::filesystem::path full = std::filesystem::canonical(path, failed);
  if (failed) full = path;
  const std::filesystem::path folder = full.parent_path().filename();
  return folder.empty() ? full.filename().string() : folder.string() + "/" + full.filename().string();
}

}  // namespace

RowFeed::RowFeed(CsvReader reader, const Mapping& mapping, std::string name)
    : reader_(std::move(reader)), mapping_(&mapping), name_(std::move(name)) {}

Result<RowFeed> RowFeed::open(const std::string& path, const Mapping& mapping) {
  Result<CsvReader> reader = CsvReader::open(path, mapping.delimiter);
  if (!reader.ok()) return std::move(reader).error();
  RowFeed feed(std::move(reader).value(), mapping, stable_name(path));
  Result<CsvReader::Outcome> header = feed.reader_.next(feed.record_);
  if (!header.ok()) return std::move(header).error();
  if (*header != CsvReader::Outcome::record) {
    return Error{ErrorCode::invalid,
                 *header == CsvReader::Outcome::end ? "the file is empty"
                                                    : "its header cannot be read: " + feed.record_.problem,
                 path + ":1", "the first line must name the columns"};
  }
  const schema::Diagnostics problems = check_columns(mapping, feed.record_.fields);
  if (!problems.empty()) {
    std::string text = "the mapping does not fit the file";
    for (const auto& problem : problems) text += "\n" + problem.text(mapping.file);
    return Error{ErrorCode::invalid, text, path + ":1", "compare the column names and the delimiter of both"};
  }
  feed.bind(feed.record_.fields);
  return feed;
}

void RowFeed::bind(const std::vector<std::string_view>& header) {
  const auto field_of = [&](const std::string& column) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), column) - header.begin());
  };
  columns_ = header.size();
  time_field_ = field_of(mapping_->time_column);
  std::vector<std::string> entities;
  for (const MappedColumn& column : mapping_->columns) {
    auto known = std::find(entities.begin(), entities.end(), column.entity);
    if (known == entities.end()) {
      Subject subject;
      subject.before_id = R"({"specversion":"1.0","type":"pollux.observe","source":)" +
                          json_string(mapping_->source) + R"(,"subject":)" + json_string(column.entity) +
                          R"(,"id":")" + json_inside(name_) + ":";
      subject.after_id = ":" + json_inside(column.entity) + R"(","time":")";
      subjects_.push_back(std::move(subject));
      known = entities.insert(entities.end(), column.entity);
    }
    Cell cell{field_of(column.column), column.type, &column, json_string(column.attribute) + ":", ""};
    if (!column.unit.empty()) {
      cell.before += R"({"value":)";
      cell.after = R"(,"unit":)" + json_string(column.unit) + "}";
    }
    subjects_[static_cast<std::size_t>(known - entities.begin())].cells.push_back(std::move(cell));
  }
}

Result<RowFeed::Outcome> RowFeed::next() {
  Result<CsvReader::Outcome> read = reader_.next(record_);
  if (!read.ok()) return std::move(read).error();
  if (*read == CsvReader::Outcome::end) return Outcome::end;
  ++row_;
  events_.clear();
  reason_.clear();
  if (*read == CsvReader::Outcome::malformed) {
    reason_ = record_.problem;
    return Outcome::rejected;
  }
  return convert() ? Outcome::row : Outcome::rejected;
}

bool RowFeed::reject(std::string reason) {
  events_.clear();
  reason_ = std::move(reason);
  return false;
}

bool RowFeed::is_missing(std::string_view text) const {
  return std::find(mapping_->missing.begin(), mapping_->missing.end(), text) != mapping_->missing.end();
}

bool RowFeed::write_value(const Cell& cell, std::string_view text) {
  const auto bad = [&](const char* expected) {
    return reject("column `" + cell.column->column + "`: `" +
                  std::string(text.substr(0, kQuotedCellBytesMax)) + "` is not " + expected);
  };
  if (cell.type == CellType::number) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
      return bad("a finite number");
    }
    append_number(event_, number);
  } else if (cell.type == CellType::boolean) {
    const bool is_true = text == "true" || text == "1";
    if (!is_true && text != "false" && text != "0") return bad("true, false, 1 or 0");
    event_ += is_true ? "true" : "false";
  } else {
    event_ += json_string(text);
  }
  return true;
}

bool RowFeed::convert() {
  if (record_.fields.size() != columns_) {
    return reject(std::to_string(record_.fields.size()) + " columns where the header has " +
                  std::to_string(columns_));
  }
  Result<schema::EventTime> time = mapping_->time.parse(trimmed(record_.fields[time_field_]));
  if (!time.ok()) return reject("column `" + mapping_->time_column + "`: " + time.error().message);
  time_ = *time;
  const std::string time_text = schema::format_rfc3339(time_);
  for (const Subject& subject : subjects_) {
    event_ = subject.before_id;
    append_number(event_, row_);
    event_ += subject.after_id;
    event_ += time_text;
    event_ += R"(","sequence":)";
    append_number(event_, row_);
    event_ += R"(,"data":{)";
    bool any = false;
    for (const Cell& cell : subject.cells) {
      const std::string_view text = trimmed(record_.fields[cell.field]);
      if (is_missing(text)) continue;
      if (any) event_ += ',';
      any = true;
      event_ += cell.before;
      if (!write_value(cell, text)) return false;
      event_ += cell.after;
    }
    event_ += "}}";
    if (any) events_.add(event_, row_, record_.line);
  }
  return !events_.empty() || reject("no mapped column holds a value");
}

}  // namespace pollux::server
