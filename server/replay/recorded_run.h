// A recorded file run through a twin in memory, and what the twin then held at every row's time.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "schema/model/model.h"
#include "schema/result.h"
#include "server/replay/mapping.h"
#include "server/replay/replay.h"

namespace pollux::server {

/// The settled values of one attribute over event time.
class Timeline {
 public:
  /// The value holds over [from, to); what was there is replaced.
  void set(schema::EventTime from, schema::EventTime to, const schema::Value& value);
  /// Unknown before the first value.
  schema::Value at(schema::EventTime time) const;
  const std::map<schema::EventTime, schema::Value>& values() const { return values_; }

 private:
  std::map<schema::EventTime, schema::Value> values_;  // each holds until the next
};

/// An attribute to be watched in a run.
struct WatchedAttribute {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
};

/// Rows `first` to `last` of a file, both included, counted from 1.
struct RowRange {
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
};

/// One row that gave events.
struct RecordedRow {
  std::uint64_t row = 0;
  std::uint64_t line = 0;
  schema::EventTime time = 0;
};

/// What came of a run.
struct RecordedRun {
  std::string name;                 ///< The file's, with the folder it lies in.
  std::vector<RecordedRow> rows;    ///< In file order.
  std::vector<Timeline> timelines;  ///< One for each watched attribute.
  std::vector<RejectedRow> rejected;
  ReplayTotals totals;
  std::string digest;
};

/// Runs the rows through a new twin with a journal in memory whose clock is that of the events. Errors: of
/// the file or the mapping; overloaded where a batch makes more changes than can be kept.
schema::Result<RecordedRun> run_recorded(const std::shared_ptr<const schema::Model>& model,
                                         const Mapping& mapping, const std::string& file, RowRange rows,
                                         std::span<const WatchedAttribute> watched);

}  // namespace pollux::server
