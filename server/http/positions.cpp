#include "server/http/positions.h"

#include <algorithm>
#include <charconv>

#include "schema/diagnostic.h"

namespace pollux::server {

using schema::DomainIndex;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

Error not_positions(std::string_view text, const schema::Model& model, const char* where) {
  if (!is_divided(model)) {
    return {ErrorCode::invalid, "`" + std::string(text) + "` is not a position", where,
            "give the number of one, as the server gave it"};
  }
  return {ErrorCode::invalid,
          "`" + std::string(text) + "` does not say positions: this twin has " +
              std::to_string(model.domain_count()) + " domains, each with its own",
          where, "give them as " + model.domain_name(0) + ":12," + model.domain_name(1) + ":7"};
}

}  // namespace

std::string format_positions(const schema::Model& model, Domains domains, const Positions& positions) {
  if (!is_divided(model)) return std::to_string(positions.front());
  std::string text;
  for (const DomainIndex d : domains) {
    if (!text.empty()) text += ',';
    text.append(model.domain_name(d)).append(1, ':').append(std::to_string(positions[d]));
  }
  return text;
}

std::optional<std::uint64_t> parse_whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [last, fault] = std::from_chars(text.data(), end, number);
  if (fault == std::errc{} && last == end) return number;
  return std::nullopt;
}

Result<NamedPositions> parse_positions(std::string_view text, const schema::Model& model, const char* where) {
  NamedPositions named(model.domain_count());
  if (const auto one = parse_whole_number(text); one && (!is_divided(model) || *one == 0)) {
    std::ranges::fill(named, one);
    return named;
  }
  if (!is_divided(model)) return not_positions(text, model, where);
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return not_positions(text, model, where);
    const auto domain = find_domain(model, part.substr(0, colon));
    if (!domain.ok()) {
      Error error = domain.error();
      error.where = where;
      return error;
    }
    const auto position = parse_whole_number(part.substr(colon + 1));
    if (!position || named[*domain]) return not_positions(text, model, where);
    named[*domain] = position;
    if (comma == rest.size()) return named;
    rest.remove_prefix(comma + 1);
  }
}

void write_positions(JsonWriter& json, const schema::Model& model, Domains domains,
                     const Positions& positions) {
  if (!is_divided(model)) {
    json.Uint64(positions.front());
    return;
  }
  json.StartObject();
  for (const DomainIndex d : domains) {
    write_key(json, model.domain_name(d));
    json.Uint64(positions[d]);
  }
  json.EndObject();
}

void write_settled(JsonWriter& json, const schema::Model& model, Domains domains, const Positions& positions,
                   const std::vector<schema::EventTime>& clocks) {
  write_key(json, "position");
  write_positions(json, model, domains, positions);
  schema::EventTime earliest = schema::kNever;
  for (const DomainIndex d : domains) earliest = std::min(earliest, clocks[d]);
  write_key(json, "clock");
  write_time(json, earliest);
  if (!is_divided(model)) return;
  write_key(json, "clocks");
  json.StartObject();
  for (const DomainIndex d : domains) {
    write_key(json, model.domain_name(d));
    write_time(json, clocks[d]);
  }
  json.EndObject();
}

void write_number_in(JsonWriter& json, const schema::Model& model, DomainIndex domain, std::uint64_t number) {
  if (!is_divided(model)) {
    json.Uint64(number);
  } else {
    write_text(json, model.domain_name(domain) + ":" + std::to_string(number));
  }
}

std::optional<NumberIn> parse_number_in(std::string_view text, const schema::Model& model) {
  NumberIn all;
  if (is_divided(model)) {
    const std::size_t colon = text.find(':');
    const auto domain = find_domain(model, text.substr(0, colon));
    if (colon == std::string_view::npos || !domain.ok()) return std::nullopt;
    all.domain = *domain;
    text.remove_prefix(colon + 1);
  }
  const auto number = parse_whole_number(text);
  if (!number) return std::nullopt;
  all.number = *number;
  return all;
}

void write_domain(JsonWriter& json, const schema::Model& model, DomainIndex domain) {
  if (!is_divided(model)) return;
  write_key(json, "domain");
  write_text(json, model.domain_name(domain));
}

Result<DomainIndex> find_domain(const schema::Model& model, std::string_view name) {
  std::vector<std::string> known;
  for (DomainIndex d = 0; d < model.domain_count(); ++d) {
    if (model.domain_name(d) == name && !name.empty()) return d;
    known.push_back(model.domain_name(d));
  }
  const std::string nearest = schema::nearest_name(name, known);
  return Error{ErrorCode::invalid, "there is no domain `" + std::string(name) + "`", "domain",
               nearest.empty() ? "GET /v1/domains lists them" : "did you mean `" + nearest + "`?"};
}

}  // namespace pollux::server
