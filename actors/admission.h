// The door of a domain: which events are new, and in time.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include <tsl/robin_map.h>

#include "schema/event.h"
#include "schema/model.h"

namespace pollux::actors {

/// What became of one submitted event.
enum class EventOutcome : std::uint8_t { accepted, duplicate, too_late, from_the_future };
const char* name_of(EventOutcome outcome);

/// Decides on events one by one and moves the twin's clock. Not thread-safe. `model` must outlive it.
///
/// An event is in time when it is not further behind the clock than its source's allowed lateness, so what
/// lies further back than the largest allowed lateness (the horizon) is final, however silent a source may
/// be. The clock an event is held against is that at the beginning of its epoch: events of one epoch never
/// make each other late.
///
/// Identities (source, id) are remembered in memory as long as an event of that age may still be accepted.
class Admission {
 public:
  explicit Admission(const schema::Model& model);

  /// Starts an epoch. `now`: the wall clock, or `kBeginning` where only events move the clock; then nothing
  /// is from the future.
  void begin_epoch(schema::EventTime now);

  /// `accepted` events are remembered. `duplicate`: one with this identity was accepted before and is
  /// remembered.
  EventOutcome admit(const schema::EventKey& key, const schema::Event& event);

  /// Takes in a journaled event as it was decided then.
  void restore(const schema::EventKey& key, const schema::Event& event);
  void restore_clock(schema::EventTime clock);

  /// Ends the epoch: forgets identities that no longer matter.
  void end_epoch();

  schema::EventTime clock() const { return clock_; }
  /// Before this, nothing can be accepted once the clock stood at `clock`.
  schema::EventTime horizon_at(schema::EventTime clock) const;
  std::size_t remembered() const { return known_.size(); }

 private:
  struct Generation {
    schema::EventTime newest = schema::kBeginning;
    std::vector<schema::EventKey> keys;
  };
  static constexpr std::size_t kGenerationKeysMax = 65'536;

  void remember(const schema::EventKey& key, schema::EventTime time);

  const schema::Model& model_;
  schema::Duration lateness_max_ = 0;
  schema::EventTime clock_ = schema::kBeginning;
  schema::EventTime epoch_clock_ = schema::kBeginning;  // at the epoch's beginning
  schema::EventTime now_ = schema::kBeginning;
  tsl::robin_map<schema::EventKey, schema::EventTime, schema::EventKeyHash> known_;
  std::deque<Generation> generations_;  // in order of arrival
};

}  // namespace pollux::actors
