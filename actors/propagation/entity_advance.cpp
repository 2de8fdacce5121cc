// How an entity follows the usual course of events: at one moment, later than everything so far, each of its
// attributes gets one version more at most. Most of what a twin does is done here, so it is written to be
// compiled into one piece: at two places each of some of its parts are called, and calls cost a tenth of it.
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

/// Lets `value` hold from `at` on, later than everything so far. False where it holds already.
[[gnu::always_inline]] inline bool Entity::move_on(AttributeSlot attribute, EventTime at, const Value& value,
                                                   const EpochTimes& times, Workspace& workspace) {
  Value& present = operands_[attribute];
  if (value == present || (POLLUX_PLANTED(cut_off_ignores_quality) && value.bits == present.bits))
    return false;
  Timeline& timeline = timelines_[attribute];
  if (timeline.full()) timeline.make_room(horizon_of(attribute, times));
  timeline.append_other(at, value);
  // Built where it stays: copied in parts it would wait until they are written. A plain type has no status.
  workspace.changes.emplace_back(index_, attribute, at < times.before, at, kNever, present, value);
  workspace.revisions += at < times.before;
  workspace.changed_in[attribute] = workspace.run;
  present = value;
  return true;
}

/// Evaluates the steps at `at`, later than everything so far. REQUIRES: expressions only.
[[gnu::always_inline]] inline bool Entity::run_steps(EventTime at, const EpochTimes& times,
                                                     Workspace& workspace) {
  bool changed = false;
  for (const Step& step : type_->steps) {
    Value value;
    step.program.evaluate(operands_, value);
    workspace.failed += value.quality == Quality::bad && value.reason != Reason::input_not_good;
    changed |= move_on(step.target, at, value, times, workspace);
  }
  evaluated_to_ = at;
  return changed;
}

/// Tells dependents where a changed attribute got one version more, at `at`.
[[gnu::always_inline]] inline void Entity::hand_on_latest(EventTime at, Workspace& workspace) const {
  for (const OutEdge* edge = edges_; edge != edges_ + edges_size_; ++edge) {
    if (workspace.changed_in[edge->attribute] != workspace.run) continue;
    InboxSlot& slot = *edge->slot;
    slot.changed_from = at;
    slot.intervals = nullptr;
    slot.latest = operands_[edge->attribute];
    workspace.reached.push_back(edge->consumer);
  }
}

/// The usual case: every input that changed got one version more, all at the same new time. Then that time,
/// else `kNever`. Single inputs are brought to the present on the way, which is right in either case.
/// REQUIRES: nothing was reported and no timer is due.
inline EventTime Entity::take_sole_moment() {
  EventTime at = kNever;
  for (const InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) {
    if (slot->empty()) continue;
    if (slot->intervals != nullptr || (at != kNever && slot->changed_from != at)) return kNever;
    at = slot->changed_from;
    if (slot->member == kNone) put_converted(operands_[slot->target], slot->latest, slot->conversion);
  }
  return at > evaluated_to_ ? at : kNever;
}

/// What `run` comes to then, done without detours.
inline bool Entity::advance_one_moment(EventTime at, const EpochTimes& times, Workspace& workspace) {
  if (!type_->aggregates.empty()) {
    bool members_changed = false;
    for (const InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) {
      if (slot->empty() || slot->member == kNone) continue;
      set_member(*slot, converted(slot->latest, slot->conversion));
      members_changed = true;
    }
    if (members_changed) refresh_aggregates();
  }
  for (InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) slot->changed_from = kNever;
  const bool changed = run_steps(at, times, workspace);
  if (changed) hand_on_latest(at, workspace);
  return changed;
}

/// The usual case of a source: all that happened is that something was said, at one time, the newest of all.
bool Entity::reports_are_the_newest(const EpochTimes& times) const {
  if (extras_->reports.empty() || wake_ <= times.clock) return false;
  const EventTime at = extras_->reports.front().time;
  if (at <= evaluated_to_) return false;
  for (const Extras::Report& report : extras_->reports) {
    if (report.from != at || report.time != at || extras_->observations[report.attribute].newest_time() != at)
      return false;
    const schema::Duration expect_every = type_->attributes[report.attribute].expect_every;
    if (expect_every != 0 && schema::after(at, expect_every) <= times.clock) return false;
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    if (!inbox_[i].empty()) return false;
  }
  return true;
}

/// What `run` comes to then.
bool Entity::advance_by_reports(const EpochTimes& times, Workspace& workspace) {
  const EventTime at = extras_->reports.front().time;
  bool changed = false;
  for (const Extras::Report& report : extras_->reports) {
    const Value& value = extras_->observations[report.attribute].newest_value();
    changed |= move_on(report.attribute, at, value, times, workspace);
  }
  extras_->reports.clear();
  plan_wake(times, workspace);
  if (!changed) return false;
  run_steps(at, times, workspace);
  hand_on_latest(at, workspace);
  return true;
}

bool Entity::run(const EpochTimes& times, Workspace& workspace) {
  ++workspace.evaluated;
  ++workspace.run;
  if (type_->plain) {
    const bool only_inputs = extras_ == nullptr || (extras_->reports.empty() && wake_ > times.clock);
    if (only_inputs) {
      const EventTime at = take_sole_moment();
      return at != kNever ? advance_one_moment(at, times, workspace) : revise(times, workspace);
    } else if (reports_are_the_newest(times)) {
      return advance_by_reports(times, workspace);
    }
  }
  return rewrite(times, workspace);
}

}  // namespace pollux::actors
