// What the ways of running an entity share.
#pragma once

#include <algorithm>
#include <vector>

#include "actors/propagation/entity.h"

namespace pollux::actors {

/// Puts a sender's value in the unit of the input into `to`: copied whole where it is the same unit. A value
/// taken apart on its way is written in parts, and whoever then copies it whole waits until every store
/// before has reached the cache.
inline void put_converted(schema::Value& to, const schema::Value& value,
                          const schema::Conversion* conversion) {
  if (conversion == nullptr || !value.usable()) {
    to = value;
  } else {
    to = schema::Value::number((*conversion)(value.as_number()), value.quality, value.reason);
  }
}

inline schema::Value converted(const schema::Value& value, const schema::Conversion* conversion) {
  schema::Value result;
  put_converted(result, value, conversion);
  return result;
}

/// The value before version `first`; the first one where there is none before.
inline const schema::Value& just_before(const Timeline& timeline, Timeline::Place first) {
  if (first.index > 0) return timeline[{first.block, first.index - 1}].value;
  return timeline[first == Timeline::Place{} ? first : timeline.before(first)].value;
}

/// Sorts, and makes one of those that overlap or touch.
inline void merge(std::vector<Interval>& intervals) {
  if (intervals.size() <= 1) return;
  if (!std::ranges::is_sorted(intervals, {}, &Interval::from))
    std::ranges::sort(intervals, {}, &Interval::from);
  std::size_t last = 0;
  for (std::size_t i = 1; i < intervals.size(); ++i) {
    if (intervals[i].from <= intervals[last].to) {
      intervals[last].to = std::max(intervals[last].to, intervals[i].to);
    } else {
      intervals[++last] = intervals[i];
    }
  }
  intervals.resize(last + 1);
}

/// Calls `visit` with each interval in which the sender of a message differs.
template <class Visit>
void for_each_interval(const InboxSlot& slot, Visit visit) {
  if (slot.intervals == nullptr) {
    visit(Interval{slot.changed_from, schema::kNever});
    return;
  }
  for (const Interval& interval : *slot.intervals) {
    const schema::EventTime from = std::max(interval.from, slot.changed_from);
    if (from < interval.to) visit(Interval{from, interval.to});
  }
}

/// Makes a track of the versions after the first one of `stretch`, which is of `timeline`.
inline void follow(const Timeline& timeline, const Timeline::Stretch& stretch,
                   const schema::Conversion* conversion, std::uint16_t operand, Workspace& workspace) {
  const Timeline* more = timeline.has_more_after(stretch.block) ? &timeline : nullptr;
  if (stretch.at + 1 == stretch.end && more == nullptr) return;
  workspace.tracks.emplace_back() = {stretch.at + 1, stretch.end, conversion, more, stretch.block, operand};
  if (stretch.at + 1 == stretch.end) workspace.tracks.back().enter_next_block();
}

inline schema::EventTime next_change(const Workspace& workspace) {
  schema::EventTime next = schema::kNever;
  for (const Workspace::Track& track : workspace.tracks) {
    if (track.next != track.end) next = std::min(next, track.next->from);
  }
  return next;
}

inline void move_operands_to(schema::EventTime at, Workspace& workspace) {
  for (Workspace::Track& track : workspace.tracks) {
    if (track.next == track.end || track.next->from != at) continue;
    put_converted(workspace.operands[track.operand], track.next->value, track.conversion);
    track.move_on();
  }
}

}  // namespace pollux::actors
