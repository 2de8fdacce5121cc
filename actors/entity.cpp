#include "actors/entity.h"

#include <algorithm>
#include <new>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventTime;
using schema::InputSlot;
using schema::kBeginning;
using schema::kNever;
using schema::kNone;
using schema::kNoSlot;
using schema::Model;
using schema::Quality;
using schema::Reason;
using schema::Role;
using schema::Step;
using schema::Symbol;
using schema::Value;

namespace {

Value converted(const Value& value, const schema::Conversion* conversion) {
  if (conversion == nullptr || !value.usable()) return value;
  return Value::number((*conversion)(value.as_number()), value.quality, value.reason);
}

/// The version in effect just before `time`; the first one where all are later.
const Value& just_before(const Timeline& timeline, EventTime time) {
  const std::size_t later = timeline.first_from(time);
  return timeline.versions()[later == 0 ? 0 : later - 1].value;
}

/// Sorts, and makes one of those that overlap or touch.
void merge(std::vector<Interval>& intervals) {
  if (intervals.size() <= 1) return;
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

void put(std::vector<Version>& versions, EventTime at, const Value& value, const Value& before) {
  if (value != (versions.empty() ? before : versions.back().value)) versions.push_back({at, value});
}

template <class T>
T* carve(std::byte*& cursor, std::size_t count) {
  auto* array = reinterpret_cast<T*>(cursor);
  std::uninitialized_default_construct_n(array, count);
  cursor += count * sizeof(T);
  return array;
}

std::uint32_t inbox_size(const Model& model, EntityIndex index) {
  std::size_t size = 0;
  for (InputSlot input = 0; input < model.type_of(index).inputs.size(); ++input) {
    size += model.bindings(index, input).size();
  }
  return static_cast<std::uint32_t>(size);
}

}  // namespace

EntityPtr Entity::create(const Model& model, EntityIndex index, std::uint32_t edges) {
  const schema::EntityType& type = model.type_of(index);
  const std::uint32_t slots = inbox_size(model, index);
  static_assert(alignof(Entity) == 8 && alignof(Timeline) == 8 && alignof(InboxSlot) == 8 &&
                alignof(OutEdge) == 8);
  const std::size_t bytes = sizeof(Entity) + type.attributes.size() * sizeof(Timeline) +
                            type.operand_count * sizeof(Value) + slots * sizeof(InboxSlot) +
                            edges * sizeof(OutEdge);
  auto* cursor = static_cast<std::byte*>(::operator new(bytes));
  EntityPtr entity(new (cursor) Entity);
  cursor += sizeof(Entity);
  entity->type_ = &type;
  entity->index_ = index;
  entity->inbox_ = carve<InboxSlot>(cursor, slots);
  entity->operands_ = carve<Value>(cursor, type.operand_count);
  entity->timelines_ = carve<Timeline>(cursor, type.attributes.size());
  entity->edges_ = carve<OutEdge>(cursor, edges);
  entity->inbox_size_ = slots;
  for (AttributeSlot a = 0; a < type.attributes.size(); ++a) {
    const schema::Attribute& attribute = type.attributes[a];
    const Value initial = attribute.role == Role::parameter
                              ? model.parameter(index, a)
                              : Value::unknown(attribute.spec.type, Reason::not_yet_observed);
    entity->timelines_[a].append(kBeginning, initial);
  }
  const bool observed =
      std::ranges::any_of(type.attributes, [](const auto& a) { return a.role == Role::observed; });
  if (observed || !type.aggregates.empty()) {
    entity->extras_ = std::make_unique<Extras>();
    if (observed) entity->extras_->observations.resize(type.attributes.size());
    for (const schema::AggregateUse& use : type.aggregates) {
      entity->extras_->aggregates.emplace_back(use.function, model.bindings(index, use.input).size());
    }
  }
  return entity;
}

void EntityDeleter::operator()(Entity* entity) const {
  std::destroy_n(entity->timelines_, entity->type_->attributes.size());
  entity->~Entity();
  ::operator delete(entity);
}

void Entity::connect(const Model& model, std::span<Entity* const> entities) {
  std::uint32_t slot = 0;
  for (InputSlot input = 0; input < type_->inputs.size(); ++input) {
    const schema::Input& declared = type_->inputs[input];
    std::uint32_t member = 0;
    for (const schema::Binding& binding : model.bindings(index_, input)) {
      Entity& producer = *entities[binding.producer];
      inbox_[slot].timeline = &producer.timelines_[binding.attribute];
      inbox_[slot].conversion = binding.conversion.identity() ? nullptr : &binding.conversion;
      inbox_[slot].target = declared.many ? input : declared.operand;
      inbox_[slot].member = declared.many ? member++ : kNone;
      producer.edges_[producer.edges_size_++] = {&inbox_[slot], index_, binding.attribute};
      ++slot;
    }
  }
}

void Entity::initialise(Workspace& workspace) {
  workspace.fresh.resize(std::max(workspace.fresh.size(), type_->attributes.size()));
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) operands_[a] = timelines_[a].last().value;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    apply({kBeginning, slot.target, slot.member,
           converted(slot.timeline->versions().front().value, slot.conversion)});
  }
  refresh_aggregates();
  evaluate(kBeginning, workspace);
  for (const Step& step : type_->steps) {
    timelines_[step.target].append(kBeginning, operands_[step.target]);
    if (step.memory != kNoSlot) timelines_[step.memory].append(kBeginning, operands_[step.memory]);
  }
}

void Entity::observe(AttributeSlot attribute, const Observation& observation, const EpochTimes& times) {
  extras_->observations[attribute].insert(observation, times.horizon);
  extras_->reports.push_back({attribute, observation.time});
}

void Entity::withhold(AttributeSlot attribute, const Observation& observation, const EpochTimes& times) {
  extras_->observations[attribute].withhold(observation, times.horizon);
}

void Entity::set_standing(const ObservationPlace& place, bool stands, const EpochTimes& times) {
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    Observations& observations = extras_->observations[a];
    const bool was_there =
        stands ? observations.reinstate(place, times.horizon) : observations.remove(place, times.horizon);
    if (!was_there) continue;
    extras_->reports.push_back({a, place.time});
    // With the newest report gone, the one before it may fall silent sooner, even where its value is the
    // same.
    wake_ = std::min(wake_, observations.stale_after(times.clock, type_->attributes[a].expect_every));
  }
}

EventTime Entity::observed_at(AttributeSlot attribute) const {
  return extras_->observations[attribute].newest_time();
}

bool Entity::run(const EpochTimes& times, Workspace& workspace) {
  ++workspace.evaluated;
  const std::size_t attributes = type_->attributes.size();
  workspace.changed.assign(attributes, {});
  workspace.dirty.clear();
  if (workspace.fresh.size() < attributes) workspace.fresh.resize(attributes);
  if (reports_are_the_newest(times)) return advance_by_reports(times, workspace);
  if (const EventTime at = sole_moment(); at != kNever) return advance_one_moment(at, times, workspace);

  replay_observations(times, workspace);
  collect_dirty(times, workspace);
  if (workspace.dirty.empty()) return false;
  rewrite(times, workspace);
  for (std::uint32_t i = 0; i < inbox_size_; ++i) inbox_[i].changed_from = kNever;
  plan_wake(times, workspace);
  const bool changed = std::ranges::any_of(workspace.changed, [](const Interval& c) { return !c.empty(); });
  if (changed) hand_on(workspace);
  return changed;
}

/// The usual case: every input that changed got one version more, all at the same new time, and nothing else
/// is to be considered. Then that time, else `kNever`.
EventTime Entity::sole_moment() const {
  if (extras_ != nullptr || type_->constraint) return kNever;
  EventTime at = kNever;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    if (slot.empty()) continue;
    if (slot.intervals != nullptr || (at != kNever && slot.changed_from != at)) return kNever;
    at = slot.changed_from;
  }
  return at > evaluated_to_ ? at : kNever;
}

/// What `run` comes to in the usual case, done without detours.
bool Entity::advance_one_moment(EventTime at, const EpochTimes& times, Workspace& workspace) {
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    InboxSlot& slot = inbox_[i];
    if (slot.empty()) continue;
    operands_[slot.target] = converted(slot.latest, slot.conversion);
    slot.changed_from = kNever;
  }
  const bool changed = run_steps(at, times, workspace);
  if (changed) hand_on_latest(workspace);
  return changed;
}

/// The usual case of a source: all that happened is that something was said, at one time, the newest of all.
bool Entity::reports_are_the_newest(const EpochTimes& times) const {
  if (extras_ == nullptr || extras_->reports.empty() || type_->constraint || wake_ <= times.clock)
    return false;
  const EventTime at = extras_->reports.front().time;
  if (at <= evaluated_to_) return false;
  for (const Extras::Report& report : extras_->reports) {
    if (report.time != at || extras_->observations[report.attribute].newest_time() != at) return false;
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
  hand_on_latest(workspace);
  return true;
}

/// Evaluates the steps at `at`, later than everything so far. REQUIRES: expressions only.
bool Entity::run_steps(EventTime at, const EpochTimes& times, Workspace& workspace) {
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

/// Lets `value` hold from `at` on, later than everything so far. False where it holds already.
bool Entity::move_on(AttributeSlot attribute, EventTime at, const Value& value, const EpochTimes& times,
                     Workspace& workspace) {
  Value& present = operands_[attribute];
  if (value == present) return false;
  timelines_[attribute].append_other(at, value, times.horizon);
  workspace.changed[attribute] = {at, kNever};
  record(attribute, {at, kNever}, present, value, times, workspace);
  present = value;
  return true;
}

/// Rewrites the timelines of observed attributes where something new was said, or where silence became
/// staleness, and adds to the dirty intervals those in which they now differ.
void Entity::replay_observations(const EpochTimes& times, Workspace& workspace) {
  if (extras_ == nullptr || extras_->observations.empty()) return;
  const bool silence = wake_ <= times.clock;
  if (extras_->reports.empty() && !silence) return;
  std::vector<Interval>& intervals = workspace.reported;
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    intervals.clear();
    for (const Extras::Report& report : extras_->reports) {
      if (report.attribute != a) continue;
      intervals.push_back({report.time, extras_->observations[a].next_after(report.time)});
    }
    if (silence && type_->attributes[a].expect_every != 0) intervals.push_back({wake_, kNever});
    if (!intervals.empty()) rewrite_observed(a, intervals, times, workspace);
  }
  extras_->reports.clear();
}

void Entity::rewrite_observed(AttributeSlot attribute, std::vector<Interval>& intervals,
                              const EpochTimes& times, Workspace& workspace) {
  merge(intervals);
  for (const Interval& interval : intervals) {
    std::vector<Version>& fresh = workspace.fresh[attribute];
    fresh.clear();
    extras_->observations[attribute].replay(interval.from, interval.to, times.clock,
                                            type_->attributes[attribute].expect_every,
                                            just_before(timelines_[attribute], interval.from), fresh);
    Interval& changed = workspace.changed[attribute];
    const Interval earlier = std::exchange(changed, {});
    splice(attribute, interval, times, workspace);
    if (!changed.empty()) workspace.dirty.push_back(changed);
    if (!earlier.empty()) changed = {earlier.from, changed.empty() ? earlier.to : changed.to};
  }
}

/// Adds what the inbox and the timers say.
void Entity::collect_dirty(const EpochTimes& times, Workspace& workspace) const {
  if (wake_ <= times.clock) workspace.dirty.push_back({wake_, kNever});
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    if (slot.empty()) continue;
    if (slot.intervals == nullptr) {
      workspace.dirty.push_back({slot.changed_from, kNever});
      continue;
    }
    for (const Interval& interval : *slot.intervals) {
      const EventTime from = std::max(interval.from, slot.changed_from);
      if (from < interval.to) workspace.dirty.push_back({from, interval.to});
    }
  }
  merge(workspace.dirty);
}

/// Evaluates the dirty intervals again, from the earliest on.
void Entity::rewrite(const EpochTimes& times, Workspace& workspace) {
  const EventTime lowest = workspace.dirty.front().from;
  EventTime done_to = kBeginning;
  bool in_the_past = false;
  for (std::size_t i = 0; i < workspace.dirty.size(); ++i) {
    Interval& interval = workspace.dirty[i];
    interval.from = std::max(interval.from, done_to);
    if (interval.from >= interval.to) continue;
    const bool past = interval.from <= evaluated_to_;
    if (past || in_the_past) seek(interval.from, lowest);
    gather_moments(interval, past, workspace);
    interval.to = done_to = rewrite_interval(interval, times, workspace);
    in_the_past = done_to != kNever;
    if (in_the_past) evaluated_to_ = std::max(evaluated_to_, done_to);
  }
  if (in_the_past) seek(kNever, lowest);
}

/// Returns where the new course has met the old one: at the interval's end, or later where something is
/// remembered.
EventTime Entity::rewrite_interval(Interval interval, const EpochTimes& times, Workspace& workspace) {
  for (const Step& step : type_->steps) {
    workspace.fresh[step.target].clear();
    if (step.memory != kNoSlot) workspace.fresh[step.memory].clear();
  }
  evaluate_moments(interval, times, workspace);
  while (interval.to != kNever && !remembers_the_same_at(interval.to)) {
    const Interval rest{interval.to, memory_changes_after(interval.to)};
    gather_moments(rest, true, workspace);
    evaluate_moments(rest, times, workspace);
    interval.to = rest.to;
  }
  for (const Step& step : type_->steps) {
    if (step.memory != kNoSlot) splice(step.memory, interval, times, workspace);
    splice(step.target, interval, times, workspace);
  }
  return interval.to;
}

bool Entity::remembers_the_same_at(EventTime time) const {
  return std::ranges::all_of(type_->steps, [&](const Step& step) {
    return step.memory == kNoSlot || operands_[step.memory] == just_before(timelines_[step.memory], time);
  });
}

EventTime Entity::memory_changes_after(EventTime time) const {
  EventTime next = kNever;
  for (const Step& step : type_->steps) {
    if (step.memory == kNoSlot) continue;
    const auto versions = timelines_[step.memory].versions();
    const std::size_t later = timelines_[step.memory].first_from(time + 1);
    if (later < versions.size()) next = std::min(next, versions[later].from);
  }
  return next;
}

/// Sets the operands to what they were just before `time`; they have been nowhere before `lowest` in this
/// run.
void Entity::seek(EventTime time, EventTime lowest) {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a)
    operands_[a] = just_before(timelines_[a], time);
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    const bool may_differ = slot.member == kNone || !slot.empty() || slot.timeline->last().from >= lowest;
    if (!may_differ) continue;
    apply({time, slot.target, slot.member, converted(just_before(*slot.timeline, time), slot.conversion)});
  }
  refresh_aggregates();
}

/// Collects, in time order, every new value an operand takes within `interval`.
void Entity::gather_moments(Interval interval, bool past, Workspace& workspace) const {
  auto& moments = workspace.moments;
  moments.clear();
  const auto gather = [&](const Timeline& timeline, const schema::Conversion* conversion,
                          std::uint32_t target, std::uint32_t member) {
    const auto versions = timeline.versions();
    for (std::size_t i = timeline.first_from(interval.from); i < versions.size(); ++i) {
      if (versions[i].from >= interval.to) return;
      moments.push_back({versions[i].from, target, member, converted(versions[i].value, conversion)});
    }
  };
  if (extras_ != nullptr) {
    for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
      if (type_->attributes[a].role == Role::observed) gather(timelines_[a], nullptr, a, kNone);
    }
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    if (past || !slot.empty()) gather(*slot.timeline, slot.conversion, slot.target, slot.member);
  }
  const auto earlier = [](const Workspace::Moment& a, const Workspace::Moment& b) { return a.time < b.time; };
  if (!std::ranges::is_sorted(moments, earlier)) std::ranges::sort(moments, earlier);
}

/// Evaluates at every gathered moment, and at every timer that falls due within `interval`.
void Entity::evaluate_moments(Interval interval, const EpochTimes& times, Workspace& workspace) {
  auto next = workspace.moments.cbegin();
  const auto end = workspace.moments.cend();
  while (true) {
    const EventTime at = std::min(next == end ? kNever : next->time, pending_timer());
    if (at >= interval.to || at > times.clock) return;
    bool members_changed = false;
    for (; next != end && next->time == at; ++next) {
      apply(*next);
      members_changed |= next->member != kNone;
    }
    if (members_changed) refresh_aggregates();
    evaluate(at, workspace);
    evaluated_to_ = std::max(evaluated_to_, at);
  }
}

void Entity::apply(const Workspace::Moment& moment) {
  if (moment.member == kNone) {
    operands_[moment.target] = moment.value;
    return;
  }
  for (std::size_t g = 0; g < type_->aggregates.size(); ++g) {
    if (type_->aggregates[g].input == moment.target) extras_->aggregates[g].set(moment.member, moment.value);
  }
}

void Entity::refresh_aggregates() {
  for (std::size_t g = 0; g < type_->aggregates.size(); ++g) {
    operands_[type_->aggregates[g].operand] = extras_->aggregates[g].result();
  }
}

/// Runs the steps at a moment; what they yield goes to `fresh`.
void Entity::evaluate(EventTime at, Workspace& workspace) {
  for (const Step& step : type_->steps) {
    const Value value = step.form == Step::Form::expression ? step.program.evaluate(operands_)
                                                            : evaluate_status(step, at, workspace);
    workspace.failed += value.quality == Quality::bad && value.reason != Reason::input_not_good;
    put(workspace.fresh[step.target], at, value, operands_[step.target]);
    operands_[step.target] = value;
  }
}

/// See Step::Form::constraint_status.
Value Entity::evaluate_status(const Step& step, EventTime at, Workspace& workspace) {
  const Value holds = step.program.evaluate(operands_);
  const bool broken = holds.usable() && !holds.as_boolean();
  Value since = operands_[step.memory];
  if (!broken) {
    since = Value::unknown(schema::ValueType::number, Reason::none);
  } else if (!since.usable()) {
    since = {static_cast<std::uint64_t>(at), schema::ValueType::number, Quality::good, Reason::none, {}};
  }
  put(workspace.fresh[step.memory], at, since, operands_[step.memory]);
  operands_[step.memory] = since;
  if (!holds.usable()) return Value::symbol(Model::kUnknown, Quality::uncertain, holds.reason);
  const auto broken_since = static_cast<EventTime>(since.bits);
  const bool violated =
      broken && (broken_since == kBeginning || schema::after(broken_since, step.hold) <= at);
  return Value::symbol(violated ? Model::kViolated : Model::kSatisfied, holds.quality, holds.reason);
}

/// When the next constraint will have been broken for long enough.
EventTime Entity::pending_timer() const {
  EventTime due = kNever;
  if (!type_->constraint) return due;
  for (const Step& step : type_->steps) {
    if (step.form != Step::Form::constraint_status) continue;
    const Value& since = operands_[step.memory];
    const bool waiting = since.usable() && operands_[step.target].as_symbol() != Model::kViolated;
    if (waiting) due = std::min(due, schema::after(static_cast<EventTime>(since.bits), step.hold));
  }
  return due;
}

void Entity::plan_wake(const EpochTimes& times, Workspace& workspace) {
  EventTime wake = pending_timer();
  if (extras_ != nullptr) {
    for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
      wake = std::min(wake,
                      extras_->observations[a].stale_after(times.clock, type_->attributes[a].expect_every));
    }
  }
  if (wake != wake_ && wake != kNever) workspace.wakes.push_back({wake, index_});
  wake_ = wake;
}

/// Puts an attribute's fresh versions into its timeline and records where they differ from what stood there.
void Entity::splice(AttributeSlot attribute, Interval interval, const EpochTimes& times,
                    Workspace& workspace) {
  const Value before = just_before(timelines_[attribute], interval.from);
  workspace.removed.clear();
  timelines_[attribute].splice(interval.from, interval.to, workspace.fresh[attribute], workspace.removed,
                               times.horizon);
  record_differences(attribute, interval, before, times, workspace);
}

/// Walks what was and what is side by side.
void Entity::record_differences(AttributeSlot attribute, Interval interval, const Value& before,
                                const EpochTimes& times, Workspace& workspace) const {
  auto is = workspace.fresh[attribute].cbegin();
  auto was = workspace.removed.cbegin();
  const auto is_end = workspace.fresh[attribute].cend();
  const auto was_end = workspace.removed.cend();
  Value value_is = before;
  Value value_was = before;
  Interval& changed = workspace.changed[attribute];
  while (is != is_end || was != was_end) {
    const auto next = [&] {
      return std::min(is == is_end ? interval.to : is->from, was == was_end ? interval.to : was->from);
    };
    const EventTime at = next();
    if (is != is_end && is->from == at) value_is = (is++)->value;
    if (was != was_end && was->from == at) value_was = (was++)->value;
    if (value_is == value_was) continue;
    const EventTime to = next();
    changed = {std::min(changed.from, at), to};
    if (type_->attributes[attribute].role == Role::memory) continue;
    record(attribute, {at, to}, value_was, value_is, times, workspace);
  }
}

/// Filled in where it will stay: to build it elsewhere and copy it would wait for its parts to be written.
void Entity::record(AttributeSlot attribute, Interval interval, const Value& was, const Value& is,
                    const EpochTimes& times, Workspace& workspace) const {
  Change& change = workspace.changes.emplace_back();
  change.entity = index_;
  change.attribute = attribute;
  change.revision = interval.from < times.before;
  change.from = interval.from;
  change.to = interval.to;
  change.was = was;
  change.is = is;
  workspace.revisions += change.revision;
  if (type_->constraint && type_->constraint->status == attribute) workspace.statuses.push_back(change);
}

void Entity::hand_on(Workspace& workspace) {
  sent_ = workspace.dirty;
  for (std::uint32_t i = 0; i < edges_size_; ++i) {
    const OutEdge& edge = edges_[i];
    const Interval& changed = workspace.changed[edge.attribute];
    if (changed.empty()) continue;
    const Version& last = timelines_[edge.attribute].last();
    const bool one_more = changed.to == kNever && last.from == changed.from;
    edge.slot->changed_from = changed.from;
    edge.slot->intervals = one_more ? nullptr : &sent_;
    edge.slot->latest = last.value;
    workspace.reached.push_back(edge.consumer);
  }
}

/// The same where every changed attribute got one version more.
void Entity::hand_on_latest(Workspace& workspace) const {
  for (std::uint32_t i = 0; i < edges_size_; ++i) {
    const OutEdge& edge = edges_[i];
    const Interval& changed = workspace.changed[edge.attribute];
    if (changed.empty()) continue;
    edge.slot->changed_from = changed.from;
    edge.slot->intervals = nullptr;
    edge.slot->latest = operands_[edge.attribute];
    workspace.reached.push_back(edge.consumer);
  }
}

void Entity::check_invariants() const {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) {
    timelines_[a].check_invariants();
    POLLUX_ASSERT(operands_[a] == timelines_[a].last().value,
                  "operands hold the newest version of each attribute");
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    POLLUX_ASSERT(inbox_[i].empty(), "every message was taken out of the inbox");
  }
  if (extras_ == nullptr) return;
  for (const Observations& observations : extras_->observations) observations.check_invariants();
}

}  // namespace pollux::actors
