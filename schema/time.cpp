#include "schema/time.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>

namespace pollux::schema {
namespace {

constexpr int kFractionDigitsMax = 9;
constexpr Duration kDurationMax = 100 * (365 * kDay + 6 * kHour);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads a text from left to right; every step says whether it found what it looked for.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> fixed_digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  std::string_view digits() {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    const std::string_view result = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return result;
  }

  void skip_spaces() {
    while (take(" \t")) {
    }
  }

 private:
  std::string_view rest_;
};

// REQUIRES: at most 18 digits.
std::int64_t integer_of(std::string_view digits) {
  std::int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

Error bad_time(std::string_view text, const char* why) {
  return {ErrorCode::invalid, "'" + std::string(text.substr(0, 64)) + "' is not a time: " + why, "",
          "write it as RFC 3339, for example 2026-11-22T07:28:00.5Z or 2026-11-22T08:28:00+01:00"};
}

Error bad_duration(std::string_view text, const char* why) {
  return {ErrorCode::invalid, "'" + std::string(text.substr(0, 64)) + "' is not a duration: " + why, "",
          "write a number and one of ns, us, ms, s, min, h, d, for example 5 min"};
}

// Nanoseconds since the epoch of a calendar date, or nullopt where there is no such day in range.
std::optional<EventTime> date_of(Reader& reader) {
  const auto year = reader.fixed_digits(4);
  if (!year || !reader.take("-")) return std::nullopt;
  const auto month = reader.fixed_digits(2);
  if (!month || !reader.take("-")) return std::nullopt;
  const auto day = reader.fixed_digits(2);
  if (!day || *year < 1678 || *year > 2261) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

std::optional<Duration> clock_of(Reader& reader) {
  const auto hour = reader.fixed_digits(2);
  if (!hour || !reader.take(":")) return std::nullopt;
  const auto minute = reader.fixed_digits(2);
  if (!minute || !reader.take(":")) return std::nullopt;
  const auto second = reader.fixed_digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return *hour * kHour + *minute * kMinute + *second * kSecond;
}

// The part after the point in nanoseconds; 0 where there is none.
std::optional<Duration> fraction_of(Reader& reader) {
  if (!reader.take(".")) return 0;
  const std::string_view digits = reader.digits();
  if (digits.empty() || digits.size() > kFractionDigitsMax) return std::nullopt;
  Duration value = integer_of(digits);
  for (std::size_t i = digits.size(); i < kFractionDigitsMax; ++i) value *= 10;
  return value;
}

std::optional<Duration> zone_of(Reader& reader) {
  if (reader.take("Zz")) return 0;
  const bool west = !reader.rest().empty() && reader.rest().front() == '-';
  if (!reader.take("+-")) return std::nullopt;
  const auto hour = reader.fixed_digits(2);
  if (!hour || !reader.take(":")) return std::nullopt;
  const auto minute = reader.fixed_digits(2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const Duration span = *hour * kHour + *minute * kMinute;
  return west ? -span : span;
}

struct DurationUnit {
  const char* name;
  Duration span;
};
constexpr std::array<DurationUnit, 7> kDurationUnits = {{{"d", kDay},
                                                         {"h", kHour},
                                                         {"min", kMinute},
                                                         {"s", kSecond},
                                                         {"ms", kMillisecond},
                                                         {"us", kMicrosecond},
                                                         {"ns", 1}}};

std::optional<Duration> unit_span(std::string_view name) {
  for (const DurationUnit& unit : kDurationUnits) {
    if (name == unit.name) return unit.span;
  }
  return std::nullopt;
}

// `0.digits * span` where that is a whole number of nanoseconds.
std::optional<Duration> part_of(Duration span, std::string_view digits) {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  if (digits.size() > kFractionDigitsMax) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
  const std::int64_t common = std::gcd(scale, span);
  const std::int64_t left_over = scale / common;
  const std::int64_t value = integer_of(digits);
  if (value % left_over != 0) return std::nullopt;
  return value / left_over * (span / common);
}

}  // namespace

Result<EventTime> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const auto date = date_of(reader);
  if (!date) return bad_time(text, "no such date, YYYY-MM-DD from 1678-01-01 to 2261-12-31");
  if (!reader.take("Tt ")) return bad_time(text, "no T between date and time of day");
  const auto clock = clock_of(reader);
  if (!clock) return bad_time(text, "no such time of day (leap seconds are not accepted)");
  const auto fraction = fraction_of(reader);
  if (!fraction) return bad_time(text, "the fraction of a second must have 1 to 9 digits");
  const auto zone = zone_of(reader);
  if (!zone) return bad_time(text, "no time zone");
  if (!reader.done()) return bad_time(text, "there is more text after the time zone");
  return *date + *clock + *fraction - *zone;
}

std::string format_rfc3339(EventTime time) {
  if (time == kBeginning) return {};
  const auto point = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(time));
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  // Not `point - day`: the start of the first representable day is itself not representable.
  Duration in_day = time % kDay;
  if (in_day < 0) in_day += kDay;
  const int fraction = static_cast<int>(in_day % kSecond);
  std::array<char, 40> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(in_day / kHour), int(in_day / kMinute % 60),
                int(in_day / kSecond % 60));
  std::string result = buffer.data();
  if (fraction != 0) {
    const int digits = fraction % 1'000'000 == 0 ? 3 : fraction % 1'000 == 0 ? 6 : 9;
    const int shown = digits == 3 ? fraction / 1'000'000 : digits == 6 ? fraction / 1'000 : fraction;
    std::snprintf(buffer.data(), buffer.size(), ".%0*d", digits, shown);
    result += buffer.data();
  }
  return result + "Z";
}

Result<Duration> parse_duration(std::string_view text) {
  Reader reader(text);
  reader.skip_spaces();
  const std::string_view whole = reader.digits();
  if (whole.empty()) return bad_duration(text, "it must start with a number that is not negative");
  const bool has_point = reader.take(".");
  const std::string_view fraction = has_point ? reader.digits() : std::string_view();
  if (has_point && fraction.empty()) return bad_duration(text, "digits must follow the decimal point");
  reader.skip_spaces();
  std::string_view name = reader.rest();
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  const auto span = unit_span(name);
  if (!span) return bad_duration(text, name.empty() ? "it has no unit" : "its unit is not one of time");
  if (whole.size() > 18 || integer_of(whole) >= kDurationMax / *span) {
    return bad_duration(text, "it must be below 100 years");
  }
  const auto part = part_of(*span, fraction);
  if (!part) return bad_duration(text, "it is not a whole number of nanoseconds");
  return integer_of(whole) * *span + *part;
}

std::string format_duration(Duration span) {
  if (span == 0) return "0 s";
  for (const DurationUnit& unit : kDurationUnits) {
    if (span % unit.span == 0) return std::to_string(span / unit.span) + " " + unit.name;
  }
  std::abort();
}

}  // namespace pollux::schema
