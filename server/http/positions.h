// Positions and clocks of several domains, as text and as JSON. Where there is one domain, a position is a
// number; where there are several it is `cooling:12,power:7`, in JSON `{"cooling": 12, "power": 7}`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"
#include "server/http/json.h"

namespace pollux::server {

/// By domain of the model.
using Positions = std::vector<schema::Position>;
/// By domain of the model; empty for one that was not named.
using NamedPositions = std::vector<std::optional<schema::Position>>;
using Domains = std::span<const schema::DomainIndex>;

inline bool is_divided(const schema::Model& model) {
  return model.domain_count() > 1;
}

/// Those of `domains`.
std::string format_positions(const schema::Model& model, Domains domains, const Positions& positions);

/// The form above. A plain number stands for the only domain; 0 for the beginning of all. `where`: the
/// parameter. Errors: invalid (also a domain there is not, or one named twice).
schema::Result<NamedPositions> parse_positions(std::string_view text, const schema::Model& model,
                                               const char* where);

/// Parses `12`, nothing else.
std::optional<std::uint64_t> parse_whole_number(std::string_view text);

/// `{"cooling": 12, "power": 7}`, or a number; of `domains`.
void write_positions(JsonWriter& json, const schema::Model& model, Domains domains,
                     const Positions& positions);

/// The members `position` and `clock` of an answer about `domains`: of several clocks the earliest, up to
/// which all is told, and `clocks` of each. `clocks`: by domain, as `positions`.
void write_settled(JsonWriter& json, const schema::Model& model, Domains domains, const Positions& positions,
                   const std::vector<schema::EventTime>& clocks);

/// A number within a domain: `12`, or `"cooling:12"` where there are several.
void write_number_in(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain,
                     std::uint64_t number);
struct NumberIn {
  schema::DomainIndex domain = 0;
  std::uint64_t number = 0;
};
/// Reads what the above writes; nothing where it is something else.
std::optional<NumberIn> parse_number_in(std::string_view text, const schema::Model& model);

/// The member `domain`, where the model has several.
void write_domain(JsonWriter& json, const schema::Model& model, schema::DomainIndex domain);

/// The domain of that name. Errors: invalid, with the nearest name.
schema::Result<schema::DomainIndex> find_domain(const schema::Model& model, std::string_view name);

}  // namespace pollux::server
