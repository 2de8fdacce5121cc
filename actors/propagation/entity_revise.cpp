// How an entity whose steps are plain expressions follows inputs that differ in the past: what holds at a
// moment follows from what the inputs are then, so all steps are evaluated together, moment by moment.
//
// What is written here and copied soon after is written and copied in the same parts: a copy of 16 bytes that
// were written in two halves waits until all earlier stores have reached the cache.
#include "actors/propagation/entity_parts.h"
#include "actors/propagation/planted_bugs.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EventTime;
using schema::kNever;
using schema::kNone;
using schema::Quality;
using schema::Reason;
using schema::Step;
using schema::Value;

bool Entity::revise(const EpochTimes& times, Workspace& workspace) {
  for (const std::uint16_t operand : workspace.differing) workspace.differences[operand].clear();
  workspace.differing.clear();
  const EventTime newest = take_messages(times, workspace);
  for (const Interval& interval : workspace.dirty) revise_interval(interval, times, workspace);
  for (InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) slot->changed_from = kNever;
  evaluated_to_ = std::max(evaluated_to_, newest);
  if (workspace.differing.empty()) return false;
  for (const std::uint16_t attribute : workspace.differing) {
    const Version& last = timelines_[attribute].last();
    operands_[attribute] = last.value;
    evaluated_to_ = std::max(evaluated_to_, last.from);
  }
  hand_on(workspace);
  return true;
}

/// Brings operands to the present, and collects where any input differs. Returns the time of the newest
/// version of those inputs.
inline EventTime Entity::take_messages(const EpochTimes& times, Workspace& workspace) {
  workspace.dirty.clear();
  EventTime newest = schema::kBeginning;
  bool members_changed = false;
  for (const InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) {
    if (slot->empty()) continue;
    const Version& present = slot->timeline->last();
    newest = std::max(newest, present.from);
    if (slot->member == kNone) {
      put_converted(operands_[slot->target], present.value, slot->conversion);
    } else {
      set_member(*slot, converted(present.value, slot->conversion));
      members_changed = true;
    }
    for_each_interval(*slot, [&](const Interval& interval) {
      const bool cut_short = POLLUX_PLANTED(dirty_interval_cut_short) && interval.to != kNever;
      if (interval.from <= times.clock)
        workspace.dirty.emplace_back() = {interval.from, interval.to - cut_short};
    });
  }
  if (members_changed) refresh_aggregates();
  merge(workspace.dirty);
  return newest;
}

inline void Entity::revise_interval(const Interval& interval, const EpochTimes& times, Workspace& workspace) {
  follow_operands(type_->given, interval, workspace);
  for (const Step& step : type_->steps) {
    workspace.operands[step.target] =
        just_before(timelines_[step.target], find_first(step.target, interval, workspace));
    workspace.fresh[step.target].clear();
  }
  EventTime at = interval.from;
  while (true) {
    for (const Step& step : type_->steps) {
      Value value;
      step.program.evaluate(workspace.operands.data(), value);
      workspace.failed += value.quality == Quality::bad && value.reason != Reason::input_not_good;
      if (value == workspace.operands[step.target]) continue;
      workspace.operands[step.target] = value;
      workspace.fresh[step.target].emplace_back() = {at, value};
    }
    at = next_change(workspace);
    if (at >= interval.to || at > times.clock) break;
    move_operands_to(at, workspace);
  }
  for (const Step& step : type_->steps) splice(step.target, interval, times, workspace);
}

}  // namespace pollux::actors
