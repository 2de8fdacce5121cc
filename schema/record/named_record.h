// A journal record read without a model: everything by the names it was written with. For tools.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/event/event.h"
#include "schema/result.h"
#include "schema/value.h"

namespace pollux::schema {

/// One reported value; `value.bits` of a symbol mean nothing, `symbol` does.
struct NamedValue {
  std::string attribute;
  std::string unit;
  std::string symbol;
  Value value;
};

/// One event.
struct NamedEvent {
  EventKind kind = EventKind::observe;
  std::string source;
  std::string id;
  std::string named;   ///< The id of the event it corrects or retracts, or empty.
  std::string entity;  ///< Empty for a retraction.
  EventTime time = 0;
  std::uint64_t sequence = 0;
  std::vector<NamedValue> values;
};

/// One record.
struct NamedRecord {
  Position position = 0;
  EventTime clock = kBeginning;
  std::vector<NamedEvent> events;
};

/// Safe on any bytes. Errors: corrupt.
Result<NamedRecord> read_named_record(std::string_view bytes);

}  // namespace pollux::schema
