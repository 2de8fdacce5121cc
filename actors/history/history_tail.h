// The newest part of the history, not yet sorted into chunks.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "actors/history/history.h"

namespace pollux::actors {

/// Entries in order of arrival; those of one series are linked, the newest first. Not thread-safe.
class HistoryTail {
 public:
  /// `before`: the clock before the epoch.
  void add(const EpochChanges& epoch, schema::EventTime before);

  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  void clear();

  /// Calls `visit` with the entries of a series up to position `last`, descending, until it returns false;
  /// false then.
  bool visit_back(const Series& series, schema::Position last, const History::Visit& visit) const;

  /// Appends those in [first, last], ascending.
  void append(const Series& series, schema::Position first, schema::Position last,
              std::vector<HistoryEntry>& to) const;

  /// Every series with its entries, ascending, as they are to be kept: where an epoch's changes to a series
  /// end at a time and the old value holds again from then on, an entry says so. So whoever looks for what
  /// holds at a time need not look behind every short-lived change.
  void for_each(const std::function<void(const Series&, const std::vector<HistoryEntry>&)>& visit) const;

 private:
  struct Row {
    HistoryEntry entry;
    std::uint32_t earlier;  // of the same series
  };
  struct Epoch {
    schema::Position position;
    schema::EventTime before;
  };
  static constexpr std::uint32_t kNothing = 0xffff'ffff;

  static std::uint64_t key_of(const Series& series) {
    return std::uint64_t{series.entity} << 16 | series.attribute;
  }
  struct KeyHash {
    std::size_t operator()(std::uint64_t key) const noexcept { return key * 0x9e37'79b9'7f4a'7c15u >> 7; }
  };

  void add(const Series& series, const HistoryEntry& entry);
  schema::EventTime clock_before(schema::Position position) const;
  void add_returns(std::vector<HistoryEntry>& entries, std::vector<HistoryEntry>& with_returns) const;

  std::vector<Row> rows_;
  std::vector<Epoch> epochs_;
  tsl::robin_map<std::uint64_t, std::uint32_t, KeyHash> newest_;  // by series: its newest row
};

}  // namespace pollux::actors
