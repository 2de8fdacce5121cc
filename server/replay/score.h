// How well the episodes a twin finds agree with labelled faults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/result.h"
#include "server/replay/baseline.h"
#include "server/replay/mapping.h"
#include "server/replay/recorded_run.h"

namespace pollux::server {

/// Row by row agreement.
struct Agreement {
  std::uint64_t true_positive = 0;
  std::uint64_t false_positive = 0;
  std::uint64_t false_negative = 0;
  std::uint64_t true_negative = 0;

  void add(bool labelled, bool found);
  void add(const Agreement& other);
  // Nothing where there is nothing to divide by.
  std::optional<double> precision() const;
  std::optional<double> recall() const;
  std::optional<double> f1() const;
  std::optional<double> false_alarm_rate() const;
};

/// A labelled interval and when the twin noticed.
struct LabelledInterval {
  schema::EventTime from = 0;
  schema::EventTime to = 0;               ///< Of its last row.
  std::optional<schema::Duration> delay;  ///< Nothing: it was missed.
};

/// An interval in which a constraint was violated.
struct FoundEpisode {
  std::string constraint;
  schema::EventTime from = 0;
  schema::EventTime to = schema::kNever;
};

/// One constraint on its own.
struct ConstraintScore {
  std::string constraint;
  Agreement agreement;
  std::uint64_t unknown_rows = 0;
};

/// One run.
struct RunScore {
  std::string run;
  std::uint64_t rows = 0;  ///< Scored.
  std::uint64_t rows_rejected = 0;
  std::uint64_t undecided_rows = 0;  ///< Rows at which every constraint was unknown.
  Agreement agreement;               ///< Any constraint violated, against the label.
  std::vector<LabelledInterval> intervals;
  std::vector<FoundEpisode> episodes;
  std::vector<ConstraintScore> constraints;
  std::string digest;
};

struct ScoreOptions {
  std::vector<std::string> files;
  std::string label_column;
  /// Learn the parameters matching `commission_only` anew from this many rows at the start of each file,
  /// taken to be healthy; these rows are not scored. 0: no.
  std::uint64_t commission_rows = 0;
  std::vector<std::string> commission_only;
};

/// Runs each file through a twin in memory and compares. The labels are read only after a run is over.
/// Errors: invalid where the mapping feeds the label column to the twin, or a label cannot be read; those of
/// the run.
schema::Result<std::vector<RunScore>> score_runs(const ModelText& model, const Mapping& mapping,
                                                 const ScoreOptions& options);

/// All runs as one: rows, agreement, intervals and constraints added up.
RunScore total_of(const std::vector<RunScore>& scores);

}  // namespace pollux::server
