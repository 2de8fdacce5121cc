// Questions to the history: what was the case at a time, as it was known at another.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "actors/episodes.h"
#include "actors/history/history.h"
#include "actors/propagation/timeline.h"
#include "schema/result.h"
#include "schema/value.h"

namespace pollux::actors {

/// A time, and a state of knowledge.
struct Moment {
  schema::EventTime at = 0;
  schema::Position known = 0;
};

/// Whether the history can answer for it. Errors: not_found, naming what is the oldest that can be asked for.
schema::Result<void> check_kept(const HistoryBounds& bounds, const Moment& moment);

/// A value and since when it holds.
struct Believed {
  schema::Value value;
  schema::EventTime since = schema::kBeginning;
};

/// What an attribute was at `moment.at` to whoever knew all epochs up to `moment.known`. Nothing where it has
/// never changed: then it is what it was from the beginning. Cost: one look-up, and a walk over those of the
/// series' changes that were made while `at` could still be revised.
schema::Result<std::optional<Believed>> value_at(const History& history, const Series& series,
                                                 const Moment& moment);

/// A part of a step function: the version in effect at the beginning, with its `from` clipped, and those that
/// follow before `to`.
struct VersionsPage {
  std::vector<Version> versions;
  schema::EventTime to = 0;  ///< Where the page ends: what was asked for, or earlier.
};
/// The attribute over [from, to) to whoever knew all epochs up to `known`. Looks at `entries_max` changes
/// or some more, then ends the page. `initial`: its value where it has never changed. REQUIRES: from < to.
schema::Result<VersionsPage> versions_between(const History& history, const Series& series,
                                              schema::EventTime from, schema::EventTime to,
                                              schema::Position known, const schema::Value& initial,
                                              std::size_t entries_max);

/// What a number did in [from, to). `min`, `max`, `mean` are over the time in which it had a usable value,
/// `mean` weighted with it; they are meaningless where `usable` is 0.
struct Bucket {
  schema::EventTime from = 0;
  schema::EventTime to = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  schema::Duration usable = 0;
  schema::Value first;  ///< In effect at the beginning.
  schema::Value last;   ///< In effect at the end.
  schema::Quality worst = schema::Quality::good;
};
struct BucketsPage {
  std::vector<Bucket> buckets;
  schema::EventTime to = 0;  ///< As above.
};

/// Changes looked at for one page of buckets, and for one list of episodes.
inline constexpr std::size_t kEntriesPerAnswerMax = 2'000'000;

/// At most `limit` buckets of `width`, whole multiples of it since 1970 but clipped to [from, to). The page
/// may end early, after `kEntriesPerAnswerMax` changes. Errors: invalid where one bucket holds more.
/// REQUIRES: from < to, width > 0.
schema::Result<BucketsPage> buckets_between(const History& history, const Series& series,
                                            schema::EventTime from, schema::EventTime to,
                                            schema::Position known, const schema::Value& initial,
                                            schema::Duration width, std::size_t limit);

/// When a status was `violated`: the episodes that overlap [from, to), by their beginning, whole, the newest
/// `limit` ones. Errors: invalid where more than `kEntriesPerAnswerMax` changes would have to be looked
/// at.
schema::Result<std::vector<Episode>> episodes_between(const History& history, const Series& status,
                                                      schema::EventTime from, schema::EventTime to,
                                                      schema::Position known, const schema::Value& initial,
                                                      std::size_t limit);

}  // namespace pollux::actors
