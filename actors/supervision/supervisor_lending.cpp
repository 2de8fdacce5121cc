// How a supervisor lets others look at its domain, hold on to it, or put another state in its place.
#include <algorithm>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "actors/supervision/supervisor.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::kBeginning;
using schema::kNever;

void Supervisor::between_epochs(std::function<void()> act) {
  queries_.push_back(std::move(act));
  if (running_ == nullptr || POLLUX_PLANTED(query_sees_half_an_epoch)) answer_queries();
}

void Supervisor::answer_queries() {
  for (const auto& query : std::exchange(queries_, {})) query();
}

void Supervisor::lend(const PartsUser& user) {
  DomainParts parts{context_.model,    entities_,        admission_,
                    episodes_,         context_.sources, pins_,
                    settled_position_, settled_clock_,   std::max(held_from_, admission_.forgotten_before()),
                    !lost_an_epoch_};
  (*user)(parts);
  show_pins();
}

void Supervisor::run_when_quiet() {
  if (wait_for_quiet_.empty() || !is_quiet()) return;
  for (const PartsUser& user : std::exchange(wait_for_quiet_, {})) lend(user);
}

void Supervisor::restore(const PartsUser& user) {
  POLLUX_ASSERT(is_quiet() && last_position_ == 0, "restored before anything runs");
  DomainParts parts{context_.model, entities_, admission_, episodes_, context_.sources, pins_, 0, kBeginning};
  (*user)(parts);
  settled_position_ = last_position_ = parts.position;
  settled_clock_ = last_clock_ = parts.clock;
  held_from_ = parts.held_from;
  admission_.forgot_before(parts.held_from);
  DomainProbe& probe = context_.probe;
  std::int64_t unknown = 0;
  for (EntityIndex entity = 0; entity < entities_.size(); ++entity) {
    if (entities_[entity]->wake() != kNever) wakes_.push({entities_[entity]->wake(), entity});
    const auto& rule = context_.model.type_of(entity).constraint;
    if (rule)
      unknown +=
          entities_[entity]->timeline(rule->status).last().value.as_symbol() == schema::Model::kUnknown;
  }
  probe.clock_ns.set(settled_clock_);
  probe.settled_position.set(static_cast<std::int64_t>(settled_position_));
  probe.unknown_constraints.set(unknown);
  probe.violated_constraints.set(static_cast<std::int64_t>(episodes_.open()));
  probe.episodes_kept.set(static_cast<std::int64_t>(episodes_.kept()));
  probe.remembered_events.set(static_cast<std::int64_t>(admission_.remembered()));
  probe.revised_events.set(static_cast<std::int64_t>(admission_.revised_events()));
}

void Supervisor::open_pin(const PinTaker& taker) {
  if (pins_.held() == Pins::kPinsMax) {
    (*taker)(Error{ErrorCode::overloaded,
                   "the twin holds " + std::to_string(Pins::kPinsMax) + " pins, as many as it may", "",
                   "let go of a fork or a snapshot that is no longer needed"});
    return;
  }
  const PinNumber pin = pins_.open(settled_position_, settled_clock_);
  show_pins();
  (*taker)(NewPin{pin, settled_position_, settled_clock_});
}

void Supervisor::release(PinNumber pin) {
  pins_.release(pin);
  show_pins();
}

void Supervisor::show_pins() {
  context_.probe.pins.set(static_cast<std::int64_t>(pins_.held()));
  context_.probe.pinned_entities.set(static_cast<std::int64_t>(pins_.images()));
  context_.probe.pinned_bytes.set(static_cast<std::int64_t>(pins_.bytes()));
}

SettledState Supervisor::settled_state() const {
  return {context_.model, entities_, episodes_, settled_position_, settled_clock_, &admission_};
}

}  // namespace pollux::actors
