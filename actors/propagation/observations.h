// What sources have said about one observed attribute, and the step function that follows from it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/propagation/timeline.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

/// One reported value with its place in the total order of events: (event time, source, sequence, id).
struct Observation {
  schema::EventTime time = 0;
  std::uint64_t sequence = 0;
  std::uint64_t id_hash = 0;  ///< Stands for the id where all else is equal; the same on every machine.
  std::uint32_t source = 0;
  schema::Value value;

  /// Whether this one comes before `other` in the total order; the last one at a time is the one that counts.
  bool precedes(const Observation& other) const;
  friend bool operator==(const Observation&, const Observation&) = default;
};

/// Where an observation is found again: its event's time, source and `Observation::id_hash`.
struct ObservationPlace {
  schema::EventTime time = 0;
  std::uint32_t source = 0;
  std::uint64_t id_hash = 0;
};

/// A span without silence, of whose reports only the last is kept.
struct Heard {
  schema::EventTime from = 0;
  schema::EventTime to = 0;
};

/// The retained observations of one attribute, in the total order of events. Those that were withdrawn
/// are set apart, for what withdrew them may itself be withdrawn. Not thread-safe.
class Observations {
 public:
  /// Inserts where it belongs, whenever it arrives; usually at the end. What no timeline rebuilt from
  /// `horizon` or later can need may be dropped to make room.
  void insert(const Observation& observation, schema::EventTime horizon);

  /// Takes in an observation that is withdrawn from the outset. Nothing before `final_before` can be
  /// reinstated any more.
  void withhold(const Observation& observation, schema::EventTime final_before);

  /// Sets an observation apart, so that all else is as if it had never been. Returns whether it stands here.
  bool remove(const ObservationPlace& place, schema::EventTime final_before);

  /// Puts one that was withheld or removed back where it belongs. Returns it, or nothing where there is none.
  std::optional<Observation> reinstate(const ObservationPlace& place, schema::EventTime horizon);

  /// Takes in that from `from` to `to` reports came without a silence, though none of them is kept. REQUIRES:
  /// `from <= to`.
  void hear(schema::EventTime from, schema::EventTime to, schema::EventTime horizon);

  /// Time of the newest observation not after `clock`; `kBeginning` where there is none.
  schema::EventTime newest_time() const;

  /// Time of the first observation after `time`; `kNever` where there is none.
  schema::EventTime next_after(schema::EventTime time) const;

  /// Its value. REQUIRES: there is one.
  const schema::Value& newest_value() const { return log_.back().value; }

  /// Appends to `versions` those in [from, to) and not after `clock`: each observation, and staleness where
  /// the next one is more than `expect_every` away (0: never). `before`: the value in effect just before
  /// `from`.
  void replay(schema::EventTime from, schema::EventTime to, schema::EventTime clock,
              schema::Duration expect_every, const schema::Value& before,
              std::vector<Version>& versions) const;

  /// Appends the times of those in [from, to) and not after `clock`, each as a version whose value's bits are
  /// that time.
  void replay_times(schema::EventTime from, schema::EventTime to, schema::EventTime clock,
                    std::vector<Version>& versions) const;

  /// When, after `clock`, the newest value will become stale; `kNever` where it will not, or has already.
  schema::EventTime stale_after(schema::EventTime clock, schema::Duration expect_every) const;

  const std::vector<Observation>& standing() const { return log_; }
  std::span<const Observation> withdrawn() const;
  std::span<const Heard> heard() const;

  /// The earliest observation held is as old as this; `kNever` where there is none. What is before it may
  /// have been dropped, and what else was said at that very time.
  schema::EventTime oldest_time() const { return log_.empty() ? schema::kNever : log_.front().time; }

  /// Takes back what was dropped. REQUIRES: both are in order; `standing` is all that stands up to the time
  /// of the oldest observation held, as far back as is needed.
  void bring_back(std::span<const Observation> standing, std::span<const Heard> heard);

  /// Drops what no timeline rebuilt from `horizon` or later can need, and memory that is then of no use.
  /// `final_before`: nothing before it can be reinstated any more.
  void forget_before(schema::EventTime horizon, schema::EventTime final_before);

  /// Becomes these, whatever it was. REQUIRES: `standing` is in the total order of events.
  void restore(std::vector<Observation> standing, std::vector<Observation> withdrawn,
               std::vector<Heard> heard);

  void check_invariants() const;

 private:
  void make_room(schema::EventTime horizon);
  schema::EventTime silent_after(schema::EventTime report, schema::Duration expect_every) const;

  std::vector<Observation> log_;
  std::unique_ptr<std::vector<Observation>> withdrawn_;  // few have any
  std::unique_ptr<std::vector<Heard>> heard_;            // ascending and disjoint; few have any
};

}  // namespace pollux::actors
