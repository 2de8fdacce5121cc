#include "actors/propagation/entity.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "actors/propagation/entity_parts.h"
#include "actors/propagation/planted_bugs.h"
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
using schema::Value;

namespace {

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
    // What a link from another domain is offered has a past before any event.
    const bool given = attribute.role == Role::parameter || attribute.role == Role::observed;
    Value initial = given ? model.parameter(index, a) : Value{};
    initial.type = attribute.spec.type;
    entity->timelines_[a].append(kBeginning, initial);
  }
  const bool observed =
      std::ranges::any_of(type.attributes, [](const auto& a) { return a.role == Role::observed; });
  if (observed || !type.aggregates.empty() || !type.plain) {
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

/// Slots of single inputs come first, in the order of their operands.
void Entity::connect(const Model& model, std::span<Entity* const> entities) {
  std::uint32_t slot = 0;
  for (const bool many : {false, true}) {
    for (InputSlot input = 0; input < type_->inputs.size(); ++input) {
      const schema::Input& declared = type_->inputs[input];
      if (declared.many != many) continue;
      std::uint32_t member = 0;
      for (const schema::Binding& binding : model.bindings(index_, input)) {
        Entity& producer = *entities[binding.producer];
        inbox_[slot].timeline = &producer.timelines_[binding.attribute];
        inbox_[slot].conversion = binding.conversion.identity() ? nullptr : &binding.conversion;
        inbox_[slot].target = many ? input : declared.operand;
        inbox_[slot].member = many ? member++ : kNone;
        POLLUX_ASSERT(many || &slot_of(declared.operand) == &inbox_[slot], "operands of inputs are in order");
        producer.edges_[producer.edges_size_++] = {&inbox_[slot], index_, binding.attribute};
        ++slot;
      }
    }
  }
}

Workspace::Workspace(const Model& model) {
  std::size_t attributes = 0;
  std::size_t operand_count = 0;
  for (const schema::EntityType& type : model.types()) {
    attributes = std::max(attributes, type.attributes.size());
    operand_count = std::max<std::size_t>(operand_count, type.operand_count);
  }
  changed_in.resize(attributes);
  fresh.resize(attributes);
  first.resize(attributes);
  operands.resize(operand_count);
  differences.resize(operand_count);
  aggregated.resize(operand_count);
}

void Entity::initialise() {
  see_inputs();
  for (const Step& step : type_->steps) {
    step.evaluate(kBeginning, operands_, argument_of(step));
    for (AttributeSlot a = step.target; a < step.target + step.width; ++a) {
      timelines_[a].append(kBeginning, operands_[a]);
    }
  }
}

void Entity::see_inputs() {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) operands_[a] = timelines_[a].last().value;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) {
    const InboxSlot& slot = inbox_[i];
    const Value value = converted(slot.timeline->last().value, slot.conversion);
    if (slot.member == kNone) {
      operands_[slot.target] = value;
    } else {
      set_member(slot, value);
    }
  }
  refresh_aggregates();
}

void Entity::restore(EntityImage& image) {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) timelines_[a].restore(image.versions_of(a));
  evaluated_to_ = image.evaluated_to;
  wake_ = image.wake;
  if (extras_ == nullptr) return;
  extras_->timers_to = image.timers_to;
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    EntityImage::Observed& observed = image.observed[a];
    extras_->observations[a].restore(std::move(observed.standing), std::move(observed.withdrawn),
                                     std::move(observed.heard));
  }
}

void Entity::observe(AttributeSlot attribute, const Observation& observation, const EpochTimes& times) {
  extras_->observations[attribute].insert(observation, times.horizon);
  extras_->reports.push_back({attribute, observation.time, observation.time});
}

void Entity::hear(AttributeSlot attribute, EventTime from, EventTime to, const EpochTimes& times) {
  if (type_->attributes[attribute].expect_every == 0) return;  // it never falls silent
  extras_->observations[attribute].hear(from, to, times.horizon);
  extras_->reports.push_back({attribute, from, to});
}

void Entity::withhold(AttributeSlot attribute, const Observation& observation, const EpochTimes& times) {
  extras_->observations[attribute].withhold(observation, times.final_before);
}

void Entity::set_standing(const ObservationPlace& place, bool stands, const EpochTimes& times,
                          Background& background) {
  for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
    Observations& observations = extras_->observations[a];
    std::optional<Observation> back;
    if (stands) {
      back = observations.reinstate(place, times.horizon);
    } else if (observations.remove(place, times.final_before)) {
      back = Observation{place.time, 0, place.id_hash, place.source, {}};
    }
    if (!back) continue;
    extras_->reports.push_back({a, place.time, place.time});
    if (times.remember)
      background.words.push_back({index_, a, stands ? Word::What::stands : Word::What::withdrawn, *back});
    // With the newest report gone, the one before it may fall silent sooner, even where its value is the
    // same.
    wake_ = std::min(wake_, observations.stale_after(times.clock, type_->attributes[a].expect_every));
  }
}

EventTime Entity::due_from() const {
  EventTime from = kNever;
  for (std::uint32_t i = 0; i < inbox_size_; ++i) from = std::min(from, inbox_[i].changed_from);
  if (extras_ == nullptr) return from;
  for (const Extras::Report& report : extras_->reports) from = std::min(from, report.from);
  return from;
}

void Entity::forget_before(EventTime horizon, EventTime final_before) {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a)
    timelines_[a].shrink_to(schema::before(horizon, type_->attributes[a].retain));
  if (extras_ == nullptr) return;
  for (Observations& each : extras_->observations) each.forget_before(horizon, final_before);
}

EventTime Entity::observed_at(AttributeSlot attribute) const {
  return extras_->observations[attribute].newest_time();
}

void Entity::keep(PinNumber pin, std::vector<KeptImage>& kept) {
  kept.push_back({index_, kept_for_ + 1, std::make_shared<const EntityImage>(image())});
  kept_for_ = pin;
}

EntityImage Entity::image() const {
  EntityImage image;
  const std::size_t attributes = type_->attributes.size();
  std::size_t size = 0;
  for (AttributeSlot a = 0; a < attributes; ++a) size += timelines_[a].versions().size();
  image.versions.reserve(size);
  image.ends.reserve(attributes);
  for (AttributeSlot a = 0; a < attributes; ++a) {
    const auto versions = timelines_[a].versions();
    image.versions.insert(image.versions.end(), versions.begin(), versions.end());
    image.ends.push_back(static_cast<std::uint32_t>(image.versions.size()));
  }
  image.evaluated_to = evaluated_to_;
  image.wake = wake_;
  if (extras_ == nullptr) return image;
  POLLUX_ASSERT(extras_->reports.empty(), "what settled has acted on all reports");
  image.timers_to = extras_->timers_to;
  for (const Observations& each : extras_->observations) {
    const auto withdrawn = each.withdrawn();
    const auto heard = each.heard();
    image.observed.push_back(
        {each.standing(), {withdrawn.begin(), withdrawn.end()}, {heard.begin(), heard.end()}});
  }
  return image;
}

void Entity::set_member(const InboxSlot& slot, const Value& value) {
  for (std::size_t g = 0; g < type_->aggregates.size(); ++g) {
    if (type_->aggregates[g].input == slot.target) extras_->aggregates[g].place(slot.member, value);
  }
}

void Entity::refresh_aggregates() {
  for (std::size_t g = 0; g < type_->aggregates.size(); ++g) {
    extras_->aggregates[g].settle();
    operands_[type_->aggregates[g].operand] = extras_->aggregates[g].result();
  }
}

void Entity::plan_wake(const EpochTimes& times, Workspace& workspace) {
  EventTime wake = kNever;
  if (!type_->plain) {
    for (const Step& step : type_->steps) {
      wake = std::min(wake, step.next_moment(times.clock, operands_ + step.target, argument_of(step)));
    }
    extras_->timers_to = times.clock;
  }
  if (extras_ != nullptr) {
    for (AttributeSlot a = 0; a < extras_->observations.size(); ++a) {
      wake = std::min(wake,
                      extras_->observations[a].stale_after(times.clock, type_->attributes[a].expect_every));
    }
  }
  const bool missed = POLLUX_PLANTED(retraction_keeps_timer) && wake < wake_ && wake_ != kNever;
  if (wake != wake_ && wake != kNever && !missed) workspace.wakes.push_back({wake, index_});
  wake_ = wake;
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
