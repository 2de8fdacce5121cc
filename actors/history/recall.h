// Reads from the history what memory has dropped, for events that reach back further than memory.
#pragma once

#include <vector>

#include "actors/history/history.h"
#include "actors/propagation/observations.h"
#include "actors/propagation/timeline.h"
#include "schema/result.h"

namespace pollux::actors {

/// The past as it was known at one position. `history` must outlive it and hold that position. Errors of all:
/// io, corrupt, not_found (retention has taken what is asked for).
class Recall {
 public:
  Recall(const History& history, schema::Position known) : history_(history), known_(known) {}

  /// The versions of an attribute, memory ones included, from the one in effect just before `from` up to, but
  /// without, `held`, which is the oldest one in memory. REQUIRES: `from <= held.from`.
  schema::Result<std::vector<Version>> versions(const Series& series, schema::EventTime from,
                                                const Version& held) const;

  struct Observed {
    std::vector<Observation> standing;  ///< In the total order of events.
    std::vector<Heard> heard;
  };
  /// What stood of an observed attribute: from the time of the last observation before `from` up to, and
  /// with, those at `to`; and what was heard since then.
  schema::Result<Observed> observations(const Series& series, schema::EventTime from,
                                        schema::EventTime to) const;

 private:
  schema::Result<void> expect_kept(schema::EventTime at) const;

  const History& history_;
  const schema::Position known_;
};

}  // namespace pollux::actors
