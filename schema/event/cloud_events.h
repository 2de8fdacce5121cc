// CloudEvents 1.0 in JSON (structured mode, single and batch) to an EventBatch, checked against the model.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::schema {

/// Bounds on one request body.
inline constexpr std::size_t kEventsBytesMax = 16u << 20;
inline constexpr std::size_t kEventsPerBatchMax = 100'000;
inline constexpr std::size_t kEventIdBytesMax = 256;

/// One thing wrong with one event of a body.
struct EventProblem {
  enum class Kind : std::uint8_t {
    malformed,      ///< Not JSON, or not a CloudEvent: HTTP 400.
    not_found,      ///< Unknown entity: HTTP 404.
    unprocessable,  ///< Unknown attribute or source, wrong unit, not finite, out of range: HTTP 422.
  };
  Kind kind = Kind::malformed;
  std::size_t index = 0;  ///< Which event of the batch, from 0.
  std::string pointer;    ///< JSON pointer to the offending member, e.g. `/3/data/speed`; empty for bad JSON.
  std::size_t offset = 0;  ///< Byte offset in the body where known (bad JSON), else 0.
  std::string message;     ///< What is wrong, with found and expected.
  std::string nearest;     ///< A known name close to the wrong one, or empty.
};

/// What a body held. A batch is taken whole or not at all: with any problem, `batch` is empty.
struct ParsedEvents {
  EventBatch batch;
  std::vector<EventProblem> problems;  ///< At most `kEventProblemsMax`.
};
inline constexpr std::size_t kEventProblemsMax = 100;

/// Parses CloudEvents: an object, or an array of objects. Required: specversion "1.0", id, source, type
/// "pollux.observe", subject (entity id), time (RFC 3339), data {attribute: value | {"value", "unit",
/// "quality"}}. Optional: `sequence` (unsigned integer, as number or string). Other extensions are ignored.
/// A "pollux.correct" also has `corrects`, the id of the event of the same source that it replaces. A
/// "pollux.retract" has `retracts` instead, no data, and a subject that is not looked at.
/// Thread-safe for distinct parsers; a parser keeps its buffers between calls.
class CloudEventParser {
 public:
  explicit CloudEventParser(const Model& model);
  ~CloudEventParser();
  CloudEventParser(CloudEventParser&&) noexcept;

  ParsedEvents parse(std::string_view body);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::schema
