#include "server/replay/time_column.h"

#include <time.h>

#include <charconv>

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Result;

namespace {

constexpr std::size_t kTimeTextBytesMax = 64;
constexpr std::size_t kFractionDigitsMax = 9;
// What 64-bit nanoseconds can express.
constexpr int kYearMin = 1678;
constexpr int kYearMax = 2261;

Error not_a_time(std::string_view text, std::string expected) {
  return Error{ErrorCode::invalid,
               "`" + std::string(text) + "` is not a time: expected " + std::move(expected),
               {},
               {}};
}

// Digits after a decimal point, as billionths; -1 where they are not that.
std::int64_t billionths(std::string_view digits) {
  if (digits.empty() || digits.size() > kFractionDigitsMax) return -1;
  std::int64_t result = 0;
  for (std::size_t i = 0; i < kFractionDigitsMax; ++i) {
    const char c = i < digits.size() ? digits[i] : '0';
    if (c < '0' || c > '9') return -1;
    result = result * 10 + (c - '0');
  }
  return result;
}

// A decimal count of `unit_ns` since 1970, taken exactly.
Result<EventTime> parse_count(std::string_view text, std::int64_t unit_ns, const char* expected) {
  const bool negative = text.starts_with('-');
  const std::string_view magnitude = text.substr(negative ? 1 : 0);
  const std::size_t point = magnitude.find('.');
  const std::string_view whole = magnitude.substr(0, point);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  std::int64_t fraction = point == std::string_view::npos ? 0 : billionths(magnitude.substr(point + 1));
  if (error != std::errc() || end != whole.data() + whole.size() || whole.starts_with('-') || fraction < 0 ||
      count > (schema::kNever - unit_ns) / unit_ns) {
    return not_a_time(text, expected);
  }
  const std::int64_t ns = count * unit_ns + fraction / (schema::kSecond / unit_ns);
  return negative ? -ns : ns;
}

// `UTC`, `Z`, `+03:00`; the offset of local time from UTC.
Result<schema::Duration> parse_zone(std::string_view zone) {
  if (zone.empty() || zone == "UTC" || zone == "Z") return schema::Duration{0};
  int hours = 0;
  int minutes = 0;
  const bool shaped = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':';
  if (shaped) {
    const auto h = std::from_chars(zone.data() + 1, zone.data() + 3, hours);
    const auto m = std::from_chars(zone.data() + 4, zone.data() + 6, minutes);
    if (h.ptr == zone.data() + 3 && m.ptr == zone.data() + 6 && hours < 24 && minutes < 60) {
      const schema::Duration span = hours * schema::kHour + minutes * schema::kMinute;
      return zone[0] == '-' ? -span : span;
    }
  }
  return Error{ErrorCode::invalid,
               "`" + std::string(zone) + "` is not a zone: expected UTC or an offset",
               {},
               "write an offset such as +03:00; names of zones are not understood"};
}

}  // namespace

Result<TimeColumn> TimeColumn::create(const std::string& format, std::string_view zone) {
  TimeColumn column;
  if (format == "rfc3339") {
    column.form_ = Form::rfc3339;
  } else if (format == "unix_s") {
    column.form_ = Form::unix_s;
  } else if (format == "unix_ms") {
    column.form_ = Form::unix_ms;
  } else if (format.find('%') != std::string::npos) {
    column.form_ = Form::pattern;
    column.pattern_ = format;
    column.pattern_has_zone_ = format.find("%z") != std::string::npos;
  } else {
    return Error{ErrorCode::invalid,
                 "`" + format + "` is not a time format: expected rfc3339, unix_s, unix_ms or a pattern",
                 {},
                 "write a pattern of strptime(3) such as \"%Y-%m-%d %H:%M:%S\""};
  }
  if (column.form_ != Form::pattern && !zone.empty() && zone != "UTC") {
    return Error{ErrorCode::invalid,
                 "a zone has no meaning with " + format + ", whose times are absolute",
                 {},
                 "leave `zone` out"};
  }
  Result<schema::Duration> offset = parse_zone(zone);
  if (!offset.ok()) return std::move(offset).error();
  column.zone_offset_ = *offset;
  return column;
}

Result<EventTime> TimeColumn::parse(std::string_view text) const {
  switch (form_) {
    case Form::rfc3339:
      return schema::parse_rfc3339(text);
    case Form::unix_s:
      return parse_count(text, schema::kSecond, "seconds since 1970 such as 1583748873.5");
    case Form::unix_ms:
      return parse_count(text, schema::kMillisecond, "milliseconds since 1970 such as 1583748873500");
    case Form::pattern:
      break;
  }
  return parse_pattern(text);
}

Result<EventTime> TimeColumn::parse_pattern(std::string_view text) const {
  if (text.size() >= kTimeTextBytesMax) return not_a_time(text.substr(0, kTimeTextBytesMax), pattern_);
  char terminated[kTimeTextBytesMax] = {};
  text.copy(terminated, text.size());
  tm fields{};
  fields.tm_year = 70;
  fields.tm_mday = 1;
  const char* rest = strptime(terminated, pattern_.c_str(), &fields);
  if (rest == nullptr) return not_a_time(text, pattern_);
  const std::string_view tail(rest);
  std::int64_t fraction_ns = 0;
  if (!tail.empty()) {
    fraction_ns = tail[0] == '.' || tail[0] == ',' ? billionths(tail.substr(1)) : -1;
    if (fraction_ns < 0) return not_a_time(text, pattern_);
  }
  const int year = fields.tm_year + 1900;
  if (year < kYearMin || year > kYearMax) {
    return not_a_time(text, "a year from " + std::to_string(kYearMin) + " to " + std::to_string(kYearMax));
  }
  tm normalized = fields;
  const std::int64_t seconds = timegm(&normalized);
  // timegm turns 30 February into 1 March; a recorder that writes such a date is broken.
  if (normalized.tm_mday != fields.tm_mday || normalized.tm_sec != fields.tm_sec) {
    return not_a_time(text, "a date of the calendar");
  }
  const schema::Duration offset = pattern_has_zone_ ? fields.tm_gmtoff * schema::kSecond : zone_offset_;
  return seconds * schema::kSecond + fraction_ns - offset;
}

}  // namespace pollux::server
