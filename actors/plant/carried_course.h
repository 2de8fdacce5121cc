// What the far end of a link across domains has been told, by event time.
#pragma once

#include <vector>

#include "actors/propagation/timeline.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

/// A step function of event time made of single observations, as sources make them: each holds until the
/// next. It follows another function, of which it learns the intervals that changed, and says which
/// observations that takes: a later one at a time replaces an earlier one at it, and none is ever taken back.
/// Not thread-safe.
class CarriedCourse {
 public:
  /// `before_all`: what holds before the first observation.
  explicit CarriedCourse(const schema::Value& before_all) : before_all_(before_all) {}

  /// What has been told already. REQUIRES: times do not descend; the last of those at one time holds.
  void restore(schema::EventTime time, const schema::Value& is);

  /// What was told of times before `time` is not known, so nothing is said of them.
  void leave_before(schema::EventTime time) { said_from_ = time; }

  /// The function followed is `is` over [from, to), and what it was elsewhere.
  void assign(schema::EventTime from, schema::EventTime to, const schema::Value& is);
  /// Lets an observation at `time` repeat what holds there.
  void repeat(schema::EventTime time);

  const schema::Value& at(schema::EventTime time) const;

  /// The observations that are to be made since this was last asked, the latest first: so whoever makes only
  /// some of them has not yet lost what held behind them.
  std::vector<Version> take_untold();

  /// Forgets what nothing that begins at `horizon` or later needs.
  void forget_before(schema::EventTime horizon);

  std::size_t size() const { return told_.size(); }
  void check_invariants() const;

 private:
  void put(schema::EventTime time, const schema::Value& is);

  schema::Value before_all_;
  schema::EventTime said_from_ = schema::kBeginning;
  std::vector<Version> told_;  // times ascend; neighbours may be equal
  std::vector<schema::EventTime> untold_;
};

}  // namespace pollux::actors
