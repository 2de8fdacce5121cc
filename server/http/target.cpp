#include "server/http/target.h"

#include <algorithm>
#include <charconv>

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

Error invalid(std::string message, std::string_view where, std::string advice = {}) {
  return {ErrorCode::invalid, std::move(message), std::string(where), std::move(advice)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The parts of `text` between `separator`s, at most `most` of them.
Result<std::vector<std::string_view>> split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    if (parts.size() == most) return invalid("the request target has too many parts", text.substr(0, 80));
    const std::size_t to = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

Result<void> parse_path(std::string_view path, Target& target) {
  auto parts = split(path.substr(1), '/', kSegmentsMax);
  if (!parts.ok()) return parts.error();
  for (const std::string_view part : *parts) {
    auto segment = percent_decode(part, false);
    if (!segment.ok()) return segment.error();
    target.segments.push_back(std::move(*segment));
  }
  if (target.segments.size() > 1 && target.segments.back().empty()) target.segments.pop_back();
  return {};
}

Result<void> parse_query(std::string_view query, Target& target) {
  if (query.empty()) return {};
  auto parts = split(query, '&', kParametersMax);
  if (!parts.ok()) return parts.error();
  for (const std::string_view part : *parts) {
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals), true);
    if (!name.ok()) return name.error();
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!value.ok()) return value.error();
    target.parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return invalid("a % in the request target is not followed by two hex digits", text);
      const auto byte = static_cast<unsigned char>(high * 16 + low);
      if (byte < 0x20) return invalid("the request target holds an escaped control character", text);
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kUnreserved.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return encoded;
}

Result<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return invalid("the request target is not a path", text);
  const std::size_t end = std::min(text.find_first_of("?#"), text.size());
  Target target;
  target.path = text.substr(0, end);
  if (auto parsed = parse_path(target.path, target); !parsed.ok()) return parsed.error();
  const std::string_view rest = text.substr(end);
  const std::string_view query = rest.starts_with('?') ? rest.substr(1, rest.find('#') - 1) : "";
  if (auto parsed = parse_query(query, target); !parsed.ok()) return parsed.error();
  return target;
}

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Target::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [known, value] : parameters) {
    if (known == name) values.push_back(value);
  }
  return values;
}

Result<void> Target::expect_only(const std::vector<std::string>& known) const {
  for (const auto& [name, value] : parameters) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string all;
    for (const auto& each : known) all += (all.empty() ? "" : ", ") + each;
    return invalid("there is no parameter `" + name + "` here", "query",
                   all.empty() ? "this address takes no parameters" : "known parameters: " + all);
  }
  return {};
}

Result<std::uint64_t> Target::number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                     std::uint64_t most) const {
  const auto text = parameter(name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [last, fault] = std::from_chars(text->data(), end, value);
  if (fault == std::errc{} && last == end && value >= least && value <= most) return value;
  return invalid("`" + std::string(name) + "` is `" + std::string(*text) + "`, not a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most),
                 "query");
}

Result<schema::EventTime> Target::time(std::string_view name, schema::EventTime fallback) const {
  const auto text = parameter(name);
  if (!text) return fallback;
  auto time = schema::parse_rfc3339(*text);
  if (time.ok()) return time;
  return invalid("`" + std::string(name) + "`: " + time.error().text(), "query",
                 "write times as 2026-11-22T07:28:00Z, with + as %2B");
}

}  // namespace pollux::server
