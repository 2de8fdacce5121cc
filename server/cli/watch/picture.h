// A twin at one moment as its HTTP answers tell it: entities, constraints, explanations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace pollux::server::cli {

/// A value as told: a number, or a text that stands for a truth value or a symbol, or nothing.
struct ShownValue {
  std::optional<double> number;
  std::string text;     ///< Of what is not a number; empty with no number: there is no value.
  std::string unit;     ///< Empty for plain numbers and what is not a number.
  std::string quality;  ///< `good`, `uncertain`, `stale`, `bad`, `unknown`.
  std::string reason;   ///< Why it is not good; may be empty.
};

struct ShownAttribute {
  std::string name;
  std::string role;  ///< `parameter`, `observed`, `derived`.
  ShownValue value;
};

struct ShownEntity {
  std::string id;
  std::string type;
  std::string kind;
  std::vector<ShownAttribute> attributes;
};

struct ShownConstraint {
  std::string id;
  std::string status;  ///< `satisfied`, `violated`, `unknown`.
  std::string since;   ///< RFC 3339; empty: since the beginning.
  std::string severity;
  std::string requires_text;
  std::string hold;  ///< How long it must be broken to count, as `5 min`.
};

/// A step of an explanation: a value, and the values that it was made from.
struct ShownCause {
  std::string entity;
  std::string attribute;
  std::string role;
  ShownValue value;
  std::vector<ShownCause> inputs;

  std::string name() const { return entity + "." + attribute; }
};

/// One page of GET /v1/entities.
struct EntityPage {
  std::string clock;     ///< RFC 3339; empty before the first event.
  std::string position;  ///< A number, or `cooling:12,power:7`.
  std::vector<ShownEntity> entities;
  std::string next_cursor;  ///< Empty on the last page.
};

/// Everything that is shown at one moment.
struct Picture {
  std::string clock;
  std::string position = "0";
  std::vector<ShownEntity> entities;  ///< Constraints not included.
  bool more_entities = false;         ///< Not all of them were fetched.
  std::vector<ShownConstraint> constraints;
  std::vector<ShownCause> explanations;  ///< One for each violated constraint, up to a bound.
};

/// Errors of all three: corrupt, when the answer does not have the form of server/http's answers.
schema::Result<EntityPage> read_entities(std::string_view body);
schema::Result<std::vector<ShownConstraint>> read_constraints(std::string_view body);
schema::Result<ShownCause> read_explanation(std::string_view body);

}  // namespace pollux::server::cli
