// When constraints were violated, as it is now known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "actors/change.h"
#include "actors/storage/byte_codec.h"
#include "schema/model/model.h"
#include "schema/time.h"

namespace pollux::actors {

/// An interval in which a constraint was violated.
struct Episode {
  schema::EntityIndex constraint = schema::kNone;
  schema::EventTime from = schema::kBeginning;
  schema::EventTime to = schema::kNever;  ///< Exclusive; kNever: it is still open.

  friend bool operator==(const Episode&, const Episode&) = default;
};

/// The episodes of all constraints, kept up with every change of a status, past or present. Not thread-safe.
class Episodes {
  using Intervals = std::map<schema::EventTime, schema::EventTime>;  // from -> to; disjoint, never touching

 public:
  /// The episodes of one constraint, apart from the others.
  struct OfConstraint {
    Intervals intervals;
    schema::EventTime dropped_to = schema::kBeginning;
  };

  /// Kept for each constraint; older ones are dropped.
  static constexpr std::size_t kPerConstraintMax = 1'024;

  /// The status of `constraint` from the beginning of time, before any event.
  void initialise(schema::EntityIndex constraint, schema::Symbol status);

  /// Takes in a change of a constraint's status attribute.
  void apply(const Change& change);

  /// Those that overlap [from, to), by their beginning, at most `limit`, the newest ones.
  std::vector<Episode> find(schema::EntityIndex constraint, schema::EventTime from, schema::EventTime to,
                            std::size_t limit) const;

  /// Episodes of `constraint` (`kNone`: of all) that ended before this may have been dropped; `kBeginning`:
  /// none was.
  schema::EventTime complete_since(schema::EntityIndex constraint) const;

  OfConstraint of_constraint(schema::EntityIndex constraint) const;
  /// Puts these in the place of those there are.
  void replace(schema::EntityIndex constraint, const OfConstraint& episodes);

  /// How many constraints are violated now.
  std::size_t open() const { return open_; }
  /// How many are kept of all constraints together, and how many were dropped.
  std::size_t kept() const { return kept_; }
  std::size_t dropped() const { return dropped_; }

  void save(ByteWriter& out) const;
  /// Becomes what was saved. False where it makes no sense.
  bool load(ByteReader& in, const schema::Model& model);

  void check_invariants() const;

 private:
  bool load_intervals(ByteReader& in, schema::EntityIndex constraint);
  static void add(Intervals& intervals, schema::EventTime from, schema::EventTime to);
  static void remove(Intervals& intervals, schema::EventTime from, schema::EventTime to);
  static bool is_open(const Intervals& intervals);

  std::map<schema::EntityIndex, Intervals> episodes_;
  std::map<schema::EntityIndex, schema::EventTime> dropped_to_;  // the end of the last episode dropped
  std::size_t open_ = 0;
  std::size_t kept_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace pollux::actors
