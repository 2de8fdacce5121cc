#include "actors/episodes.h"

#include <algorithm>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::kNone;
using schema::Model;

namespace {

bool violated(const schema::Value& status) {
  return status.usable() && status.as_symbol() == Model::kViolated;
}

}  // namespace

void Episodes::initialise(EntityIndex constraint, schema::Symbol status) {
  if (status != Model::kViolated) return;
  episodes_[constraint].emplace(kBeginning, kNever);
  ++open_;
  ++kept_;
}

void Episodes::apply(const Change& change) {
  const bool was = violated(change.was);
  const bool is = violated(change.is);
  if (was == is || (POLLUX_PLANTED(episode_not_withdrawn) && change.revision && was)) return;
  Intervals& intervals = episodes_[change.entity];
  const bool was_open = is_open(intervals);
  kept_ -= intervals.size();
  if (is) {
    add(intervals, change.from, change.to);
  } else {
    remove(intervals, change.from, change.to);
  }
  open_ += is_open(intervals);
  open_ -= was_open;
  for (; intervals.size() > kPerConstraintMax; ++dropped_) {
    EventTime& dropped_to = dropped_to_.try_emplace(change.entity, kBeginning).first->second;
    dropped_to = std::max(dropped_to, intervals.begin()->second);
    intervals.erase(intervals.begin());
  }
  kept_ += intervals.size();
}

EventTime Episodes::complete_since(EntityIndex constraint) const {
  EventTime since = kBeginning;
  for (const auto& [entity, dropped_to] : dropped_to_) {
    if (constraint == kNone || constraint == entity) since = std::max(since, dropped_to);
  }
  return since;
}

Episodes::OfConstraint Episodes::of_constraint(EntityIndex constraint) const {
  const auto found = episodes_.find(constraint);
  const auto dropped = dropped_to_.find(constraint);
  return {found == episodes_.end() ? Intervals{} : found->second,
          dropped == dropped_to_.end() ? kBeginning : dropped->second};
}

void Episodes::replace(EntityIndex constraint, const OfConstraint& episodes) {
  Intervals& intervals = episodes_[constraint];
  kept_ += episodes.intervals.size() - intervals.size();
  open_ += is_open(episodes.intervals);
  open_ -= is_open(intervals);
  intervals = episodes.intervals;
  dropped_to_.erase(constraint);
  if (episodes.dropped_to != kBeginning) dropped_to_.emplace(constraint, episodes.dropped_to);
}

void Episodes::add(Intervals& intervals, EventTime from, EventTime to) {
  // What overlaps or touches [from, to) becomes one with it.
  auto next = intervals.upper_bound(from);
  if (next != intervals.begin() && std::prev(next)->second >= from) --next;
  while (next != intervals.end() && next->first <= to) {
    from = std::min(from, next->first);
    to = std::max(to, next->second);
    next = intervals.erase(next);
  }
  intervals.emplace(from, to);
}

void Episodes::remove(Intervals& intervals, EventTime from, EventTime to) {
  auto next = intervals.upper_bound(from);
  if (next != intervals.begin() && std::prev(next)->second > from) --next;
  while (next != intervals.end() && next->first < to) {
    const auto [begin, end] = *next;
    next = intervals.erase(next);
    if (begin < from) intervals.emplace(begin, from);
    if (end > to) intervals.emplace(to, end);
  }
}

bool Episodes::is_open(const Intervals& intervals) {
  return !intervals.empty() && intervals.rbegin()->second == kNever;
}

std::vector<Episode> Episodes::find(EntityIndex constraint, EventTime from, EventTime to,
                                    std::size_t limit) const {
  std::vector<Episode> found;
  for (const auto& [entity, intervals] : episodes_) {
    if (constraint != kNone && constraint != entity) continue;
    for (const auto& [begin, end] : intervals) {
      if (end > from && begin < to) found.push_back({entity, begin, end});
    }
  }
  const auto by_beginning = [](const Episode& a, const Episode& b) {
    return a.from != b.from ? a.from < b.from : a.constraint < b.constraint;
  };
  std::ranges::sort(found, by_beginning);
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

void Episodes::save(ByteWriter& out) const {
  out.number(dropped_);
  out.number(episodes_.size());
  for (const auto& [constraint, intervals] : episodes_) {
    const auto dropped = dropped_to_.find(constraint);
    out.number(constraint);
    out.fixed(static_cast<std::uint64_t>(dropped == dropped_to_.end() ? kBeginning : dropped->second));
    out.number(intervals.size());
    EventTime last = kBeginning;
    for (const auto& [begin, end] : intervals) {
      out.difference(begin, last);
      out.difference(end, begin);
      last = end;
    }
  }
}

bool Episodes::load(ByteReader& in, const schema::Model& model) {
  *this = Episodes();
  dropped_ = in.number();
  for (std::size_t left = in.count(10); left > 0; --left) {
    const std::uint64_t constraint = in.number();
    if (!in.ok() || constraint >= model.entity_count()) return false;
    if (!load_intervals(in, static_cast<EntityIndex>(constraint))) return false;
  }
  return in.ok() && in.at_end();
}

bool Episodes::load_intervals(ByteReader& in, EntityIndex constraint) {
  const auto [place, is_new] = episodes_.try_emplace(constraint);
  const auto dropped_to = static_cast<EventTime>(in.fixed());
  if (dropped_to != kBeginning) dropped_to_.emplace(constraint, dropped_to);
  const std::size_t count = in.count(2);
  if (!is_new || count > kPerConstraintMax) return false;
  Intervals& intervals = place->second;
  EventTime last = kBeginning;
  for (std::size_t i = 0; i < count; ++i) {
    const EventTime begin = in.difference(last);
    const EventTime end = in.difference(begin);
    if (begin >= end || (i > 0 && begin <= last)) return false;
    intervals.emplace_hint(intervals.end(), begin, end);
    last = end;
  }
  open_ += is_open(intervals);
  kept_ += count;
  return in.ok();
}

void Episodes::check_invariants() const {
  std::size_t open = 0;
  std::size_t kept = 0;
  for (const auto& [entity, intervals] : episodes_) {
    POLLUX_ASSERT(intervals.size() <= kPerConstraintMax, "the number of episodes kept is bounded");
    EventTime last_end = kBeginning;
    bool first = true;
    for (const auto& [begin, end] : intervals) {
      POLLUX_ASSERT(begin < end && (first || begin > last_end), "episodes are disjoint and never touch");
      last_end = end;
      first = false;
    }
    open += is_open(intervals);
    kept += intervals.size();
  }
  POLLUX_ASSERT(kept == kept_, "episodes are counted");
  POLLUX_ASSERT(open == open_, "open episodes are counted");
}

}  // namespace pollux::actors
