// How a column of a recorded file tells the time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/time.h"

namespace pollux::server {

/// Parses the texts of one time column. Thread-safe.
class TimeColumn {
 public:
  /// `format`: `rfc3339`, `unix_s`, `unix_ms`, or a pattern of strptime(3) such as `%Y-%m-%d %H:%M:%S`; after
  /// a pattern, a fraction of a second (`.25`) is understood. `zone`: `UTC` or an offset such as `+03:00`,
  /// for patterns without `%z`; empty is UTC. Errors: invalid, saying which of the two is wrong.
  static schema::Result<TimeColumn> create(const std::string& format, std::string_view zone);

  /// Errors: invalid, with what was found and what was expected.
  schema::Result<schema::EventTime> parse(std::string_view text) const;

 private:
  enum class Form : std::uint8_t { rfc3339, unix_s, unix_ms, pattern };

  schema::Result<schema::EventTime> parse_pattern(std::string_view text) const;

  Form form_ = Form::rfc3339;
  std::string pattern_;
  bool pattern_has_zone_ = false;
  schema::Duration zone_offset_ = 0;
};

}  // namespace pollux::server
