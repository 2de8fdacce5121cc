// What was told of one observed attribute, put together from entries of the history.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "actors/history/history.h"
#include "actors/propagation/observations.h"

namespace pollux::actors {

/// Of each observation the newest word counts: that it stands, or that it was withdrawn. Not thread-safe.
class Words {
 public:
  enum class Order : std::uint8_t {
    later,    ///< Told after all that was taken so far, or with it,
    earlier,  ///< or before all of it.
  };
  void take(const HistoryEntry& entry, Order order);

  /// Time of the last observation that stands before `time`; `kBeginning` where there is none.
  schema::EventTime last_before(schema::EventTime time) const;

  /// Those that stand, from `first` to `last`, both included, in the total order of events.
  std::vector<Observation> standing(schema::EventTime first, schema::EventTime last) const;
  /// The entries that tell of these, in the order in which they were told.
  std::vector<HistoryEntry> entries(schema::EventTime first, schema::EventTime last) const;
  /// Those of them that a history is to keep when it drops what was told until the clock stood at `clock`:
  /// nothing before `clock` less `lag` was withdrawn since.
  std::vector<HistoryEntry> needed(schema::EventTime clock, schema::Duration lag) const;
  /// What was heard at `first` or later.
  std::vector<Heard> heard(schema::EventTime first) const;

 private:
  using Place = std::tuple<schema::EventTime, std::uint32_t, std::uint64_t>;
  std::map<Place, HistoryEntry> words_;
  std::vector<Heard> heard_;
};

}  // namespace pollux::actors
