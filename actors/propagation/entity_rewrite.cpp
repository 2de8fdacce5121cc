// How an entity follows any course of events, the past included: step by step, each over the intervals of
// event time in which something it reads differs, and over no others.
#include <algorithm>
#include <utility>

#include "actors/propagation/entity_parts.h"
#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::Duration;
using schema::EventTime;
using schema::kNever;
using schema::kNone;
using schema::kNoSlot;
using schema::Quality;
using schema::Reason;
using schema::Role;
using schema::Step;
using schema::Value;

namespace {

/// Adds where an operand differs. Members of an aggregate mostly say all the same.
void differ(Workspace& workspace, std::uint16_t operand, const Interval& interval) {
  std::vector<Interval>& differences = workspace.differences[operand];
  if (differences.empty()) workspace.differing.push_back(operand);
  const bool known = !differences.empty() && differences.back().from == interval.from &&
                     differences.back().to == interval.to;
  if (!known) differences.push_back(interval);
}

bool is_handed_on(const schema::Attribute& attribute) {
  return attribute.role != Role::memory || (attribute.handed_on && !POLLUX_PLANTED(place_is_not_handed_on));
}

}  // namespace

bool Entity::rewrite(const EpochTimes& times, Workspace& workspace) {
  for (const std::uint16_t operand : workspace.differing) workspace.differences[operand].clear();
  workspace.differing.clear();
  take_inbox(workspace);
  replay_observations(times, workspace);
  for (const Step& step : type_->steps) {
    collect_dirty(step, times, workspace);
    if (!workspace.dirty.empty()) rewrite_step(step, times, workspace);
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    if (inbox_[i].empty()) continue;
    evaluated_to_ = std::max(evaluated_to_, inbox_[i].timeline->last().from);
    inbox_[i].changed_from = kNever;
  }
  for (const std::uint16_t operand : workspace.differing) {
    if (operand >= type_->attributes.size()) continue;
    evaluated_to_ = std::max(evaluated_to_, timelines_[operand].last().from);
  }
  plan_wake(times, workspace);
  const bool changed = std::ranges::any_of(workspace.differing, [&](std::uint16_t operand) {
    return operand < type_->attributes.size() && is_handed_on(type_->attributes[operand]);
  });
  if (changed) hand_on(workspace);
  return changed;
}

/// Notes where inputs differ, and brings operands to the present.
void Entity::take_inbox(Workspace& workspace) {
  bool members_changed = false;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    if (slot.empty()) continue;
    const Value present = converted(slot.timeline->last().value, slot.conversion);
    if (slot.member == kNone) {
      operands_[slot.target] = present;
      const auto operand = static_cast<std::uint16_t>(slot.target);
      for_each_interval(slot, [&](const Interval& interval) { differ(workspace, operand, interval); });
      continue;
    }
    members_changed = true;
    set_member(slot, present);
    for (const schema::AggregateUse& use : type_->aggregates) {
      if (use.input != slot.target) continue;
      for_each_interval(slot, [&](const Interval& interval) { differ(workspace, use.operand, interval); });
    }
  }
  if (members_changed) refresh_aggregates();
}

/// Rewrites the timelines of observed attributes where something new was said, or where silence became
/// staleness.
void Entity::replay_observations(const EpochTimes& times, Workspace& workspace) {
  if (extras_ == nullptr || extras_->observations.empty()) return;
  const bool silence = wake_ <= times.clock;
  if (extras_->reports.empty() && !silence) return;
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    workspace.reported.clear();
    for (const Extras::Report& report : extras_->reports) {
      if (report.attribute != a) continue;
      workspace.reported.push_back({report.from, extras_->observations[a].next_after(report.time)});
    }
    if (silence && type_->attributes[a].expect_every != 0) workspace.reported.push_back({wake_, kNever});
    if (workspace.reported.empty()) continue;
    merge(workspace.reported);
    replay_attribute(a, times, workspace);
  }
  extras_->reports.clear();
}

/// Within `reported`: the attribute itself, and what notes when it was reported.
void Entity::replay_attribute(AttributeSlot attribute, const EpochTimes& times, Workspace& workspace) {
  const Observations& observations = extras_->observations[attribute];
  AttributeSlot noted = kNoSlot;
  for (AttributeSlot a = 0; !type_->plain && a < type_->attributes.size(); ++a) {
    if (type_->attributes[a].reported == attribute) noted = a;
  }
  for (const Interval& interval : workspace.reported) {
    std::vector<Version>& fresh = workspace.fresh[attribute];
    fresh.clear();
    const Timeline::Place first = find_first(attribute, interval, workspace);
    observations.replay(interval.from, interval.to, times.clock, type_->attributes[attribute].expect_every,
                        just_before(timelines_[attribute], first), fresh);
    splice(attribute, interval, times, workspace);
    if (noted == kNoSlot) continue;
    find_first(noted, interval, workspace);
    workspace.fresh[noted].clear();
    observations.replay_times(interval.from, interval.to, times.clock, workspace.fresh[noted]);
    splice(noted, interval, times, workspace);
  }
  operands_[attribute] = timelines_[attribute].last().value;
  if (noted != kNoSlot) operands_[noted] = timelines_[noted].last().value;
}

/// Where a step is to be evaluated again: where what it reads differs, and where time alone sets it off.
void Entity::collect_dirty(const Step& step, const EpochTimes& times, Workspace& workspace) const {
  std::vector<Interval>& dirty = workspace.dirty;
  dirty.clear();
  const bool remembers = step.remembered != 0;
  for (const std::uint16_t operand : step.reads) {
    for (Interval interval : workspace.differences[operand]) {
      if (step.form == Step::Form::temporal && !remembers) {
        interval.from = schema::after(interval.from, step.temporal.lead());
        const Duration reach = POLLUX_PLANTED(window_not_reached) ? 0 : step.temporal.reach();
        interval.to = schema::after(interval.to, reach);
      }
      // Where the old course and the new one meet, only one of them may have come to a change.
      if (remembers) interval.to = schema::after(interval.to, 1);
      // Beyond what time has set off so far, nothing stands that could be left as it is.
      if (!step.is_plain() && interval.to > extras_->timers_to) interval.to = kNever;
      if (POLLUX_PLANTED(dirty_interval_cut_short) && interval.to != kNever) --interval.to;
      if (interval.from <= times.clock) dirty.push_back(interval);
    }
  }
  if (!step.is_plain() && wake_ <= times.clock) {
    const EventTime due = step.next_moment(extras_->timers_to, operands_ + step.target, argument_of(step));
    // What is due earlier is so because an operand differs there, and is dirty for that.
    if (due > extras_->timers_to && due <= times.clock) dirty.push_back({due, kNever});
  }
  merge(dirty);
}

void Entity::rewrite_step(const Step& step, const EpochTimes& times, Workspace& workspace) {
  EventTime done_to = schema::kBeginning;
  for (std::size_t i = 0; i < workspace.dirty.size(); ++i) {
    Interval interval = workspace.dirty[i];
    interval.from = std::max(interval.from, done_to);
    if (interval.from >= interval.to) continue;
    done_to = rewrite_interval(step, interval, times, workspace);
  }
  for (AttributeSlot a = step.target; a < step.target + step.width; ++a) {
    operands_[a] = timelines_[a].last().value;
  }
}

/// Returns where the new course has met the old one: at the interval's end, or later where something is
/// remembered.
EventTime Entity::rewrite_interval(const Step& step, Interval interval, const EpochTimes& times,
                                   Workspace& workspace) {
  // What remembers something may go on beyond the interval, and aggregates are followed no further than
  // asked.
  const bool remembers = step.remembered != 0;
  follow_operands(step.reads, {interval.from, remembers ? kNever : interval.to}, workspace);
  for (AttributeSlot a = step.target; a < step.target + step.width; ++a) {
    workspace.operands[a] = just_before(timelines_[a], find_first(a, interval, workspace));
    workspace.fresh[a].clear();
  }
  EventTime at = interval.from;
  if (is_moment(step, at, workspace)) evaluate(step, at, workspace);
  while (true) {
    EventTime next = next_change(workspace);
    if (!step.is_plain()) {
      const Value* own = workspace.operands.data() + step.target;
      next = std::min(next, step.next_moment(at, own, argument_of(step)));
    }
    while (next >= interval.to && interval.to != kNever) {
      if (remembers_the_same_at(step, interval.to, workspace)) break;
      interval.to = memory_changes_after(step, interval.to);
    }
    if (next >= interval.to || next > times.clock) break;
    POLLUX_ASSERT(next > at, "a step moves on in time");
    at = next;
    move_operands_to(at, workspace);
    evaluate(step, at, workspace);
  }
  for (AttributeSlot a = step.target; a < step.target + step.width; ++a)
    splice(a, interval, times, workspace);
  return interval.to;
}

/// What comes out goes to `fresh`.
void Entity::evaluate(const Step& step, EventTime at, Workspace& workspace) const {
  Value* own = workspace.operands.data() + step.target;
  workspace.before.assign(own, own + step.width);
  step.evaluate(at, workspace.operands.data(), argument_of(step));
  for (std::size_t i = 0; i < step.width; ++i) {
    if (own[i] != workspace.before[i]) workspace.fresh[step.target + i].emplace_back() = {at, own[i]};
  }
  workspace.failed += own->quality == Quality::bad && own->reason != Reason::input_not_good;
}

/// Sets operands to what they are at the beginning of an interval, to move along with them from there.
void Entity::follow_operands(const std::vector<std::uint16_t>& operands, Interval interval,
                             Workspace& workspace) {
  workspace.tracks.clear();
  workspace.starts_with_change = false;
  const std::size_t attributes = type_->attributes.size();
  const std::size_t aggregates_from = type_->operand_count - type_->aggregates.size();
  for (const std::uint16_t operand : operands) {
    if (operand >= aggregates_from) {
      follow_aggregate(operand - aggregates_from, interval, workspace);
      continue;
    }
    const InboxSlot* slot = operand < attributes ? nullptr : &slot_of(operand);
    const Timeline& timeline = slot == nullptr ? timelines_[operand] : *slot->timeline;
    const schema::Conversion* conversion = slot == nullptr ? nullptr : slot->conversion;
    const Timeline::Stretch stretch = timeline.from_place_at(interval.from);
    put_converted(workspace.operands[operand], stretch.at->value, conversion);
    workspace.starts_with_change |= stretch.at->from == interval.from;
    follow(timeline, stretch, conversion, operand, workspace);
  }
}

/// Makes a track of what an aggregate comes to within an interval. Its tree holds the present, before and
/// after.
void Entity::follow_aggregate(std::size_t aggregate, Interval interval, Workspace& workspace) {
  const schema::AggregateUse& use = type_->aggregates[aggregate];
  schema::Aggregate& tree = extras_->aggregates[aggregate];
  const bool all_present = interval.from > evaluated_to_;
  auto& moments = workspace.member_moments;
  moments.clear();
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    // What has no message has no version as new as this.
    if (slot.member == kNone || slot.target != use.input || (all_present && slot.empty())) continue;
    const schema::History versions = slot.timeline->versions();
    const Timeline::Place behind = versions.behind();
    Timeline::Place v = slot.timeline->first_from(interval.from);
    if (v == behind) continue;
    tree.place(slot.member, converted(just_before(*slot.timeline, v), slot.conversion));
    for (; v != behind && versions[v].from < interval.to; v = versions.next(v)) {
      moments.emplace_back() = {versions[v].from, slot.member, converted(versions[v].value, slot.conversion)};
    }
    if (v != behind) workspace.members_later.push_back(i);
  }
  std::ranges::stable_sort(moments, {}, &Workspace::MemberMoment::time);
  tree.settle();
  std::vector<Version>& versions = workspace.aggregated[aggregate];
  versions.assign(1, {schema::kBeginning, tree.result()});
  for (auto next = moments.cbegin(); next != moments.cend();) {
    const EventTime at = next->time;
    for (; next != moments.cend() && next->time == at; ++next) tree.place(next->member, next->value);
    tree.settle();
    const Value result = tree.result();
    if (result != versions.back().value) versions.emplace_back() = {at, result};
  }
  if (POLLUX_PLANTED(aggregate_left_in_the_past)) workspace.members_later.clear();
  for (const std::uint32_t i : workspace.members_later) {
    tree.place(inbox_[i].member, converted(inbox_[i].timeline->last().value, inbox_[i].conversion));
  }
  tree.settle();
  workspace.members_later.clear();
  const std::size_t first = schema::History(versions).place_at(interval.from).index;
  workspace.operands[use.operand] = versions[first].value;
  workspace.starts_with_change |= versions[first].from == interval.from;
  if (first + 1 < versions.size()) {
    workspace.tracks.emplace_back() = {
        &versions[first + 1], versions.data() + versions.size(), nullptr, nullptr, 0, use.operand};
  }
}

/// Whether a step that remembers something is evaluated at the beginning of an interval: where something it
/// reads changes, or time sets it off, but not where it merely used to.
bool Entity::is_moment(const Step& step, EventTime at, const Workspace& workspace) const {
  if (step.is_plain() || workspace.starts_with_change) return true;
  const Value* own = workspace.operands.data() + step.target;
  return step.next_moment(at - 1, own, argument_of(step)) == at;
}

bool Entity::remembers_the_same_at(const Step& step, EventTime time, const Workspace& workspace) const {
  if (POLLUX_PLANTED(memory_is_not_compared)) return true;
  const auto end = static_cast<AttributeSlot>(step.target + step.width);
  for (auto a = static_cast<AttributeSlot>(end - step.remembered); a < end; ++a) {
    if (workspace.operands[a] != just_before(timelines_[a], timelines_[a].first_from(time))) return false;
  }
  return true;
}

EventTime Entity::memory_changes_after(const Step& step, EventTime time) const {
  EventTime next = kNever;
  const auto end = static_cast<AttributeSlot>(step.target + step.width);
  for (auto a = static_cast<AttributeSlot>(end - step.remembered); a < end; ++a) {
    const schema::History versions = timelines_[a].versions();
    const Timeline::Place later = versions.first_after(time);
    if (later != versions.behind()) next = std::min(next, versions[later].from);
  }
  return next;
}

/// Where an interval begins in an attribute's timeline, kept until its fresh versions are put in there.
Timeline::Place Entity::find_first(AttributeSlot attribute, Interval interval, Workspace& workspace) const {
  return workspace.first[attribute] = timelines_[attribute].first_from(interval.from);
}

/// Puts an attribute's fresh versions into its timeline and records where they differ from what stood there.
/// REQUIRES: `find_first` of the interval's beginning.
void Entity::splice(AttributeSlot attribute, Interval interval, const EpochTimes& times,
                    Workspace& workspace) {
  const Timeline::Place first = workspace.first[attribute];
  const Value before = just_before(timelines_[attribute], first);
  workspace.removed.clear();
  timelines_[attribute].splice(first, interval.to, workspace.fresh[attribute], workspace.removed,
                               horizon_of(attribute, times));
  record_differences(attribute, interval, before, times, workspace);
}

/// Walks what was and what is side by side.
void Entity::record_differences(AttributeSlot attribute, Interval interval, const Value& before,
                                const EpochTimes& times, Workspace& workspace) {
  auto is = workspace.fresh[attribute].cbegin();
  auto was = workspace.removed.cbegin();
  const auto is_end = workspace.fresh[attribute].cend();
  const auto was_end = workspace.removed.cend();
  Value value_is = before;
  Value value_was = before;
  const bool hidden = type_->attributes[attribute].role == Role::memory;
  std::vector<Interval>& differences = workspace.differences[attribute];
  while (is != is_end || was != was_end) {
    const auto next = [&] {
      return std::min(is == is_end ? interval.to : is->from, was == was_end ? interval.to : was->from);
    };
    const EventTime at = next();
    if (is != is_end && is->from == at) value_is = (is++)->value;
    if (was != was_end && was->from == at) value_was = (was++)->value;
    if (value_is == value_was) continue;
    const EventTime to = next();
    if (!differences.empty() && differences.back().to == at) {
      differences.back().to = to;
    } else {
      if (differences.empty()) workspace.differing.push_back(attribute);
      differences.emplace_back() = {at, to};
    }
    if (!hidden) {
      record(attribute, {at, to}, value_was, value_is, times, workspace);
    } else if (times.remember) {
      workspace.background.memory.emplace_back(index_, attribute, false, at, to, value_was, value_is);
    }
  }
}

/// Filled in where it will stay: to build it elsewhere and copy it would wait for its parts to be written.
void Entity::record(AttributeSlot attribute, Interval interval, const Value& was, const Value& is,
                    const EpochTimes& times, Workspace& workspace) const {
  const bool revision = interval.from < times.before;
  const Change& change =
      workspace.changes.emplace_back(index_, attribute, revision, interval.from, interval.to, was, is);
  workspace.revisions += revision;
  if (type_->constraint && type_->constraint->status == attribute) workspace.statuses.push_back(change);
}

/// Tells dependents in which intervals this entity differs.
void Entity::hand_on(Workspace& workspace) {
  sent_.clear();
  for (const std::uint16_t operand : workspace.differing) {
    if (operand >= type_->attributes.size() || !is_handed_on(type_->attributes[operand])) continue;
    const std::vector<Interval>& differences = workspace.differences[operand];
    for (const Interval& interval : differences) sent_.emplace_back() = {interval.from, interval.to};
  }
  merge(sent_);
  for (std::uint32_t i = 0; i < edges_size_; ++i) {
    const OutEdge& edge = edges_[i];
    const std::vector<Interval>& differences = workspace.differences[edge.attribute];
    if (differences.empty()) continue;
    const Version& last = timelines_[edge.attribute].last();
    const bool one_more =
        differences.size() == 1 && differences.front().to == kNever && last.from == differences.front().from;
    edge.slot->changed_from = differences.front().from;
    edge.slot->intervals = one_more ? nullptr : &sent_;
    workspace.reaches_back |= !one_more;
    edge.slot->latest = last.value;
    workspace.reached.push_back(edge.consumer);
  }
}

}  // namespace pollux::actors
