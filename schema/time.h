// Event time: points and spans on the UTC time line, in integer nanoseconds.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::schema {

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds (as POSIX time).
using EventTime = std::int64_t;

/// A span in nanoseconds.
using Duration = std::int64_t;

/// Before every event: where parameters and what follows from them alone take effect.
inline constexpr EventTime kBeginning = std::numeric_limits<EventTime>::min();

/// After every event.
inline constexpr EventTime kNever = std::numeric_limits<EventTime>::max();

inline constexpr Duration kMicrosecond = 1'000;
inline constexpr Duration kMillisecond = 1'000'000;
inline constexpr Duration kSecond = 1'000'000'000;
inline constexpr Duration kMinute = 60 * kSecond;
inline constexpr Duration kHour = 60 * kMinute;
inline constexpr Duration kDay = 24 * kHour;

/// `time - span`, or `kBeginning` where that would not be representable.
constexpr EventTime before(EventTime time, Duration span) {
  return time < kBeginning + span ? kBeginning : time - span;
}

/// `time + span`, or `kNever` where that would not be representable.
constexpr EventTime after(EventTime time, Duration span) {
  return time > kNever - span ? kNever : time + span;
}

/// Parses RFC 3339 (`2026-11-22T07:28:00.123456789Z`, `+01:00`); years 1678 to 2261. Leap second 60 is
/// refused.
Result<EventTime> parse_rfc3339(std::string_view text);

/// Writes RFC 3339 in UTC with as many fractional digits as needed (0, 3, 6 or 9); `kBeginning` gives an
/// empty string.
std::string format_rfc3339(EventTime time);

/// Parses `5 s`, `10min`, `1.5 h`, `250 ms`, `2 d`; must be >= 0 and below 100 years.
Result<Duration> parse_duration(std::string_view text);

/// Writes a duration in the largest unit that divides it: `5 min`, `250 ms`.
std::string format_duration(Duration span);

}  // namespace pollux::schema
