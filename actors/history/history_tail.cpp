#include "actors/history/history_tail.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;
using schema::kNever;
using schema::Position;

void HistoryTail::add(const EpochChanges& epoch, EventTime before) {
  epochs_.push_back({epoch.position, before});
  for (const Change& change : epoch.recorded())
    add({change.entity, change.attribute}, entry_of(epoch.position, change));
  for (const Change& change : epoch.background().memory)
    add({change.entity, change.attribute}, entry_of(epoch.position, change));
  for (const Word& told : epoch.background().words)
    add(told_of({told.entity, told.attribute}), entry_of(epoch.position, told));
}

void HistoryTail::add(const Series& series, const HistoryEntry& entry) {
  const auto row = static_cast<std::uint32_t>(rows_.size());
  const auto [at, is_first] = newest_.try_emplace(key_of(series), row);
  rows_.push_back({entry, is_first ? kNothing : std::exchange(at.value(), row)});
}

void HistoryTail::clear() {
  rows_.clear();
  epochs_.clear();
  newest_.clear();
}

bool HistoryTail::visit_back(const Series& series, Position last, const History::Visit& visit) const {
  const auto newest = newest_.find(key_of(series));
  if (newest == newest_.end()) return true;
  for (std::uint32_t row = newest->second; row != kNothing; row = rows_[row].earlier) {
    if (rows_[row].entry.position <= last && !visit(rows_[row].entry)) return false;
  }
  return true;
}

void HistoryTail::append(const Series& series, Position first, Position last,
                         std::vector<HistoryEntry>& to) const {
  const auto begin = static_cast<std::ptrdiff_t>(to.size());
  visit_back(series, last, [&](const HistoryEntry& entry) {
    if (entry.position < first) return false;
    to.push_back(entry);
    return true;
  });
  std::reverse(to.begin() + begin, to.end());
}

void HistoryTail::for_each(
    const std::function<void(const Series&, const std::vector<HistoryEntry>&)>& visit) const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> all;
  all.reserve(newest_.size());
  for (const auto& [key, row] : newest_) all.emplace_back(key, row);
  std::ranges::sort(all);
  std::vector<HistoryEntry> entries;
  std::vector<HistoryEntry> with_returns;
  for (const auto& [key, newest] : all) {
    entries.clear();
    for (std::uint32_t row = newest; row != kNothing; row = rows_[row].earlier)
      entries.push_back(rows_[row].entry);
    std::ranges::reverse(entries);
    const auto in_order = [](const HistoryEntry& a, const HistoryEntry& b) {
      return a.position != b.position ? a.position < b.position : a.from < b.from;
    };
    if (!std::ranges::is_sorted(entries, in_order)) std::ranges::stable_sort(entries, in_order);
    const Series series{static_cast<schema::EntityIndex>(key >> 16),
                        static_cast<schema::AttributeSlot>(key & 0xffff)};
    const bool all_open =
        is_told(series) || std::ranges::all_of(entries, [](const auto& entry) { return entry.to == kNever; });
    if (!all_open) add_returns(entries, with_returns);
    visit(series, all_open ? entries : with_returns);
  }
}

EventTime HistoryTail::clock_before(Position position) const {
  const auto epoch = std::ranges::lower_bound(epochs_, position, {}, &Epoch::position);
  POLLUX_ASSERT(epoch != epochs_.end() && epoch->position == position, "every entry is of an epoch taken in");
  return epoch->before;
}

/// From the clock before the epoch on nothing had been known but the last value, so what lies behind the end
/// of a change is that value: the change's `was`.
void HistoryTail::add_returns(std::vector<HistoryEntry>& entries,
                              std::vector<HistoryEntry>& with_returns) const {
  with_returns.clear();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const HistoryEntry& entry = entries[i];
    with_returns.push_back(entry);
    if (entry.to == kNever || entry.to <= clock_before(entry.position)) continue;
    const bool is_last = i + 1 == entries.size() || entries[i + 1].position != entry.position;
    const EventTime next = is_last ? kNever : entries[i + 1].from;
    if (entry.to >= next) continue;
    HistoryEntry& back = with_returns.emplace_back();
    back.position = entry.position;
    back.from = entry.to;
    back.to = next;
    back.is = entry.was;
    back.was = entry.is;
  }
}

}  // namespace pollux::actors
