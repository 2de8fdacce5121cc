// The target of a request: path and query, percent-decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"

namespace pollux::server {

/// Bounds on a request target.
inline constexpr std::size_t kSegmentsMax = 16;
inline constexpr std::size_t kParametersMax = 64;

/// `/v1/entities/pump%201?kind=asset` in parts. Segments are split before decoding, so an id may hold a `/`.
struct Target {
  std::string path;  ///< As sent, without the query.
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The first value of a parameter; nullopt when it was not given.
  std::optional<std::string_view> parameter(std::string_view name) const;
  /// All values of a parameter that may be repeated.
  std::vector<std::string_view> all(std::string_view name) const;

  /// Refuses parameters the route does not know, so that a misspelt filter is not silently ignored.
  schema::Result<void> expect_only(const std::vector<std::string>& known) const;
  /// A whole number in [least, most]. Errors: invalid.
  schema::Result<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                       std::uint64_t most) const;
  /// An RFC 3339 time. Errors: invalid.
  schema::Result<schema::EventTime> time(std::string_view name, schema::EventTime fallback) const;
};

/// Errors: invalid (a broken percent escape, an escaped control character, too many parts).
schema::Result<Target> parse_target(std::string_view text);

/// Decodes `%41`, and `+` as a space where `plus_is_space`. Errors: invalid.
schema::Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace pollux::server
