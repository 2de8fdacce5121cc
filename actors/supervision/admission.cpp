#include "actors/supervision/admission.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/propagation/planted_bugs.h"

namespace pollux::actors {

using schema::before;
using schema::Event;
using schema::EventKey;
using schema::EventTime;
using schema::kBeginning;

const char* name_of(EventOutcome outcome) {
  switch (outcome) {
    case EventOutcome::accepted:
      return "accepted";
    case EventOutcome::duplicate:
      return "duplicate";
    case EventOutcome::too_late:
      return "too_late";
    case EventOutcome::from_the_future:
      return "from_the_future";
    case EventOutcome::poison:
      return "poison";
    case EventOutcome::refused:
      return "refused";
  }
  return "?";
}

namespace {

Revisions::Said said(const EventKey& key, const Event& event, const EventKey& named) {
  return {key, named, event.kind, event.time, event.sequence, event.entity, event.source};
}

}  // namespace

schema::Duration lateness_max_of(const schema::Model& model) {
  schema::Duration most = 0;
  for (const schema::Source& source : model.sources()) most = std::max(most, source.allowed_lateness);
  return most;
}

Admission::Admission(const schema::Model& model, Archive archive, schema::Duration memory,
                     unsigned generation_bits)
    : model_(model),
      archive_(std::move(archive)),
      revisions_([this](const EventKey& key) { return find(key); }),
      lateness_max_(lateness_max_of(model)),
      memory_(std::min(memory, lateness_max_)),
      known_(generation_bits) {}

EventTime Admission::horizon_at(EventTime clock) const {
  return before(clock, lateness_max_);
}

void Admission::begin_epoch(EventTime now) {
  now_ = now;
  clock_ = std::max(clock_, now);
  epoch_clock_ = clock_;
}

schema::Result<void> Admission::look_up(const schema::EventBatch& batch) {
  for (const Event& event : batch.events) {
    if (event.kind == schema::EventKind::observe) continue;
    const EventKey named = schema::named_key(batch, event, model_);
    if (known_.contains(named) || looked_up_.contains(named)) continue;
    const auto found = archive_.find(named);
    if (!found.ok()) return found.error();
    if (*found) looked_up_.emplace(named, **found);
  }
  return {};
}

std::optional<Revisions::Observed> Admission::find(const EventKey& key) const {
  if (const KnownEvent* known = known_.find(key)) return Revisions::Observed{known->time, known->entity};
  const auto found = looked_up_.find(key);
  return found == looked_up_.end() ? std::nullopt : std::optional(found->second);
}

EventOutcome Admission::admit(const EventKey& key, const Event& event, const EventKey& named) {
  const schema::Source& source = model_.sources()[event.source];
  return admit_since(before(epoch_clock_, source.allowed_lateness), key, event, named);
}

EventOutcome Admission::readmit(const EventKey& key, const Event& event, const EventKey& named) {
  return admit_since(horizon(), key, event, named);
}

EventOutcome Admission::admit_since(EventTime deadline, const EventKey& key, const Event& event,
                                    const EventKey& named) {
  deadline = std::max(deadline, unreadable_.before);
  if (event.time < deadline) return known_.contains(key) ? EventOutcome::duplicate : EventOutcome::too_late;
  if (now_ != kBeginning &&
      event.time > schema::after(now_, model_.sources()[event.source].clock_tolerance)) {
    return known_.contains(key) ? EventOutcome::duplicate : EventOutcome::from_the_future;
  }
  if (revisions_.concerns(event.kind, key)) {
    if (known_.contains(key) || (event.time < known_.forgotten_before() && archive_.holds(key)))
      return EventOutcome::duplicate;
    const EventOutcome outcome = revise(key, event, named, deadline);
    if (outcome != EventOutcome::accepted) return outcome;
  }
  const bool forgotten =
      event.time < known_.forgotten_before() && !known_.contains(key) && archive_.holds(key);
  if (forgotten || !known_.add({key, event.time, event.entity})) return EventOutcome::duplicate;
  clock_ = std::max(clock_, event.time);
  return EventOutcome::accepted;
}

EventOutcome Admission::revise(const EventKey& key, const Event& event, const EventKey& named,
                               EventTime deadline) {
  // What is in the journal, and no longer remembered, is final or can be found there.
  const bool names = event.kind != schema::EventKind::observe;
  if (names && !known_.contains(named) && archive_.holds(named)) {
    const auto found = find(named);
    if (!found || found->time < deadline) return EventOutcome::too_late;
  }
  const Revisions::Said what = said(key, event, named);
  if (!revisions_.has_room_for(what)) return EventOutcome::poison;
  return revisions_.take(what, deadline) ? EventOutcome::accepted : EventOutcome::too_late;
}

void Admission::restore(const EventKey& key, const Event& event, const EventKey& named) {
  if (revisions_.concerns(event.kind, key)) revisions_.take(said(key, event, named), kBeginning);
  known_.add({key, event.time, event.entity});
}

void Admission::restore_clock(EventTime clock) {
  clock_ = std::max(clock_, clock);
}

std::vector<StandingChange> Admission::end_epoch(EventTime held_from) {
  if (POLLUX_PLANTED(epoch_forgets_duplicates)) known_.clear();
  looked_up_.clear();
  if (held_back_) {
    known_.end_epoch();
  } else {
    known_.end_epoch(horizon_at(clock_), std::min(held_from, before(clock_, memory_)));
  }
  return revisions_.settle(horizon_at(clock_));
}

Admission::IdentityPlace Admission::save_identities(IdentityPlace from, IdentityPlace end,
                                                    ByteWriter& out) const {
  const std::vector<KnownEvent> page = known_.page(from, end);
  out.number(page.size());
  EventTime time = 0;
  for (const KnownEvent& event : page) {
    out.fixed(event.key.high);
    out.fixed(event.key.low);
    out.difference(event.time, time);
    out.number(event.entity);
    time = event.time;
  }
  return from;
}

bool Admission::load_identities(ByteReader& in) {
  constexpr std::size_t kBytesAtLeast = 16 + 1 + 1;
  EventTime time = 0;
  for (std::size_t left = in.count(kBytesAtLeast); left > 0; --left) {
    const std::uint64_t high = in.fixed();
    const EventKey key{high, in.fixed()};
    time = in.difference(time);
    const std::uint64_t entity = in.number();
    if (!in.ok() || (entity >= model_.entity_count() && entity != schema::kNone)) return false;
    if (!known_.add({key, time, static_cast<schema::EntityIndex>(entity)})) return false;
  }
  return in.ok() && in.at_end();
}

}  // namespace pollux::actors
