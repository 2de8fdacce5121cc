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

/// From when on two step functions differ that agree before; `kNever` where they do not.
EventTime first_difference(std::span<const Version> was, std::span<const Version> is) {
  const auto [a, b] = std::ranges::mismatch(was, is);
  const EventTime was_from = a == was.end() ? kNever : a->from;
  const EventTime is_from = b == is.end() ? kNever : b->from;
  return std::min(was_from, is_from);
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
  entity->timelines_ = carve<Timeline>(cursor, type.attributes.size());
  entity->operands_ = carve<Value>(cursor, type.operand_count);
  entity->inbox_ = carve<InboxSlot>(cursor, slots);
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
    if (observed) {
      entity->extras_->observations.resize(type.attributes.size());
      entity->extras_->observed_from.assign(type.attributes.size(), kNever);
    }
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
      inbox_[slot] = {kNever, &producer.timelines_[binding.attribute],
                      binding.conversion.identity() ? nullptr : &binding.conversion,
                      declared.many ? input : declared.operand, declared.many ? member++ : kNone};
      producer.edges_[producer.edges_size_++] = {this, slot, binding.attribute};
      ++slot;
    }
  }
}

void Entity::initialise(Workspace& workspace) {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) operands_[a] = timelines_[a].last().value;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    const Value value = converted(slot.timeline->versions().front().value, slot.conversion);
    if (slot.member == kNone) {
      operands_[slot.target] = value;
    } else {
      set_member(slot, value);
    }
  }
  refresh_aggregates();
  evaluate(kBeginning, workspace);
}

void Entity::observe(AttributeSlot attribute, const Observation& observation) {
  extras_->observations[attribute].insert(observation);
  EventTime& from = extras_->observed_from[attribute];
  from = std::min(from, observation.time);
}

EventTime Entity::observed_at(AttributeSlot attribute) const {
  return extras_->observations[attribute].newest_time();
}

bool Entity::run(const EpochTimes& times, Workspace& workspace) {
  ++workspace.evaluated;
  const EventTime from = earliest_change(times);
  if (from == kNever) return false;

  workspace.removed.clear();
  workspace.rewrites.assign(type_->attributes.size(), {});
  forget(times);
  replay_observations(times, workspace);
  const bool past = from <= evaluated_to_;
  if (past) roll_back(from, workspace);
  for (const Step& step : type_->steps) {
    workspace.rewrites[step.target].from = from;
    if (step.memory != schema::kNoSlot) workspace.rewrites[step.memory].from = from;
  }
  gather_moments(from, past, workspace);
  roll_forward(times, workspace);
  for (std::uint32_t i = 0; i < inbox_size_; ++i) inbox_[i].changed_from = kNever;

  const EventTime wake = next_wake(times);
  if (wake != wake_ && wake != kNever) workspace.wakes.push_back({wake, index_});
  wake_ = wake;
  const bool changed = find_changes(times, workspace);
  if (changed) hand_on(workspace);
  return changed;
}

EventTime Entity::next_wake(const EpochTimes& times) const {
  EventTime wake = pending_timer();
  if (extras_ == nullptr) return wake;
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    wake =
        std::min(wake, extras_->observations[a].stale_after(times.clock, type_->attributes[a].expect_every));
  }
  return wake;
}

EventTime Entity::earliest_change(const EpochTimes& times) const {
  EventTime from = wake_ <= times.clock ? wake_ : kNever;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) from = std::min(from, inbox_[i].changed_from);
  if (extras_ != nullptr) {
    for (const EventTime observed : extras_->observed_from) from = std::min(from, observed);
  }
  return from;
}

/// Rebuilds the timelines of observed attributes from where something new was said, or where silence became
/// staleness.
void Entity::replay_observations(const EpochTimes& times, Workspace& workspace) {
  if (extras_ == nullptr) return;
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    const schema::Duration expect_every = type_->attributes[a].expect_every;
    EventTime from = std::exchange(extras_->observed_from[a], kNever);
    if (expect_every != 0 && wake_ <= times.clock) from = std::min(from, wake_);
    if (from == kNever) continue;
    cut(a, from, workspace);
    extras_->observations[a].replay(from, times.clock, expect_every, timelines_[a]);
  }
}

void Entity::cut(AttributeSlot attribute, EventTime from, Workspace& workspace) {
  const auto begin = static_cast<std::uint32_t>(workspace.removed.size());
  timelines_[attribute].cut(from, workspace.removed);
  workspace.rewrites[attribute] = {from, begin, static_cast<std::uint32_t>(workspace.removed.size())};
}

/// Returns the present to what it was just before `from`.
void Entity::roll_back(EventTime from, Workspace& workspace) {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) {
    const Role role = type_->attributes[a].role;
    if (role == Role::derived || role == Role::memory) cut(a, from, workspace);
    operands_[a] = just_before(timelines_[a], from);
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    if (slot.member == kNone) {
      operands_[slot.target] = converted(just_before(*slot.timeline, from), slot.conversion);
    } else if (slot.changed_from != kNever || slot.timeline->last().from >= from) {
      set_member(slot, converted(just_before(*slot.timeline, from), slot.conversion));
    }
  }
  refresh_aggregates();
}

/// Collects, in time order, every new value an operand takes from `from` on.
void Entity::gather_moments(EventTime from, bool rolled_back, Workspace& workspace) const {
  auto& moments = workspace.moments;
  moments.clear();
  const auto gather = [&](const Timeline& timeline, const schema::Conversion* conversion,
                          std::uint32_t target, std::uint32_t member) {
    const auto versions = timeline.versions();
    for (std::size_t i = timeline.first_from(from); i < versions.size(); ++i) {
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
    if (rolled_back || slot.changed_from != kNever)
      gather(*slot.timeline, slot.conversion, slot.target, slot.member);
  }
  const auto earlier = [](const Workspace::Moment& a, const Workspace::Moment& b) { return a.time < b.time; };
  if (!std::ranges::is_sorted(moments, earlier)) std::ranges::sort(moments, earlier);
}

/// Evaluates at every moment and at every timer that falls due, up to the epoch's clock.
void Entity::roll_forward(const EpochTimes& times, Workspace& workspace) {
  auto next = workspace.moments.cbegin();
  const auto end = workspace.moments.cend();
  while (true) {
    const EventTime at = std::min(next == end ? kNever : next->time, pending_timer());
    if (at > times.clock || at == kNever) return;
    bool members_changed = false;
    for (; next != end && next->time == at; ++next) {
      apply(*next);
      members_changed |= next->member != kNone;
    }
    if (members_changed) refresh_aggregates();
    evaluate(at, workspace);
    evaluated_to_ = at;
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

void Entity::set_member(const InboxSlot& slot, const Value& value) {
  apply({kBeginning, slot.target, slot.member, value});
}

void Entity::refresh_aggregates() {
  for (std::size_t g = 0; g < type_->aggregates.size(); ++g) {
    operands_[type_->aggregates[g].operand] = extras_->aggregates[g].result();
  }
}

void Entity::evaluate(EventTime at, Workspace& workspace) {
  for (const Step& step : type_->steps) {
    const Value value =
        step.form == Step::Form::expression ? step.program.evaluate(operands_) : evaluate_status(step, at);
    workspace.failed += value.quality == Quality::bad && value.reason != Reason::input_not_good;
    operands_[step.target] = value;
    timelines_[step.target].append(at, value);
  }
}

/// See Step::Form::constraint_status.
Value Entity::evaluate_status(const Step& step, EventTime at) {
  const Value holds = step.program.evaluate(operands_);
  const bool broken = holds.usable() && !holds.as_boolean();
  Value& since = operands_[step.memory];
  if (!broken) {
    since = Value::unknown(schema::ValueType::number, Reason::none);
  } else if (!since.usable()) {
    since = {static_cast<std::uint64_t>(at), schema::ValueType::number, Quality::good, Reason::none, {}};
  }
  timelines_[step.memory].append(at, since);
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

/// Compares each rewritten timeline with what it was; records what differs.
bool Entity::find_changes(const EpochTimes& times, Workspace& workspace) const {
  workspace.changed_from.assign(type_->attributes.size(), kNever);
  bool changed = false;
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) {
    const auto [from, begin, end] = workspace.rewrites[a];
    if (from == kNever) continue;
    const std::span<const Version> was(workspace.removed.data() + begin, end - begin);
    const auto is = timelines_[a].versions().subspan(timelines_[a].first_from(from));
    const EventTime difference = first_difference(was, is);
    if (difference == kNever) continue;
    changed = true;
    workspace.changed_from[a] = difference;
    if (type_->attributes[a].role != Role::memory) record_changes(a, was, difference, times, workspace);
  }
  return changed;
}

/// Walks what was and what is side by side and records each interval in which they differ.
void Entity::record_changes(AttributeSlot attribute, std::span<const Version> was, EventTime from,
                            const EpochTimes& times, Workspace& workspace) const {
  const auto is = timelines_[attribute].versions();
  std::size_t i = timelines_[attribute].first_from(from);
  std::size_t w =
      static_cast<std::size_t>(std::ranges::lower_bound(was, from, {}, &Version::from) - was.begin());
  // Before `from` both agree, and the timeline still holds that version.
  Value value_is = is[i == 0 ? 0 : i - 1].value;
  Value value_was = value_is;
  EventTime at = from;
  while (at != kNever) {
    if (i < is.size() && is[i].from == at) value_is = is[i++].value;
    if (w < was.size() && was[w].from == at) value_was = was[w++].value;
    const EventTime next =
        std::min(i < is.size() ? is[i].from : kNever, w < was.size() ? was[w].from : kNever);
    if (value_is != value_was) {
      workspace.changes.push_back({index_, attribute, at < times.before, at, next, value_was, value_is});
    }
    at = next;
  }
}

void Entity::hand_on(const Workspace& workspace) const {
  for (std::uint32_t i = 0; i < edges_size_; ++i) {
    const OutEdge& edge = edges_[i];
    const EventTime from = workspace.changed_from[edge.attribute];
    if (from != kNever) edge.consumer->inbox_[edge.slot].changed_from = from;
  }
}

void Entity::forget(const EpochTimes& times) {
  if (times.horizon == kBeginning) return;
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) timelines_[a].forget_before(times.horizon);
  if (extras_ == nullptr) return;
  for (Observations& observations : extras_->observations) observations.forget_before(times.horizon);
}

void Entity::check_invariants() const {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) {
    timelines_[a].check_invariants();
    POLLUX_ASSERT(operands_[a] == timelines_[a].last().value,
                  "operands hold the newest version of each attribute");
  }
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    POLLUX_ASSERT(inbox_[i].changed_from == kNever, "every message was taken out of the inbox");
  }
  if (extras_ == nullptr) return;
  for (const Observations& observations : extras_->observations) observations.check_invariants();
}

}  // namespace pollux::actors
