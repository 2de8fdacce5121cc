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
                     std::size_t generation)
    : model_(model),
      archive_(std::move(archive)),
      revisions_([this](const EventKey& key) {
        const auto found = known_.find(key);
        return found == known_.end() ? archive_.find(key) : std::optional(found->second);
      }),
      lateness_max_(lateness_max_of(model)),
      memory_(std::min(memory, lateness_max_)),
      generation_keys_max_(generation) {}

EventTime Admission::horizon_at(EventTime clock) const {
  return before(clock, lateness_max_);
}

void Admission::begin_epoch(EventTime now) {
  now_ = now;
  clock_ = std::max(clock_, now);
  epoch_clock_ = clock_;
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
  if (event.time < deadline) return known_.contains(key) ? EventOutcome::duplicate : EventOutcome::too_late;
  if (now_ != kBeginning &&
      event.time > schema::after(now_, model_.sources()[event.source].clock_tolerance)) {
    return known_.contains(key) ? EventOutcome::duplicate : EventOutcome::from_the_future;
  }
  if (revisions_.concerns(event.kind, key)) {
    if (known_.contains(key) || (event.time < forgotten_before_ && archive_.holds(key)))
      return EventOutcome::duplicate;
    const EventOutcome outcome = revise(key, event, named, deadline);
    if (outcome != EventOutcome::accepted) return outcome;
  }
  const bool forgotten = event.time < forgotten_before_ && !known_.contains(key) && archive_.holds(key);
  if (forgotten || !remember(key, {event.time, event.entity})) return EventOutcome::duplicate;
  clock_ = std::max(clock_, event.time);
  return EventOutcome::accepted;
}

EventOutcome Admission::revise(const EventKey& key, const Event& event, const EventKey& named,
                               EventTime deadline) {
  // What is in the journal, and no longer remembered, is final or can be found there.
  const bool names = event.kind != schema::EventKind::observe;
  if (names && !known_.contains(named) && archive_.holds(named)) {
    const auto found = archive_.find(named);
    if (!found || found->time < deadline) return EventOutcome::too_late;
  }
  const Revisions::Said what = said(key, event, named);
  if (!revisions_.has_room_for(what)) return EventOutcome::poison;
  return revisions_.take(what, deadline) ? EventOutcome::accepted : EventOutcome::too_late;
}

void Admission::restore(const EventKey& key, const Event& event, const EventKey& named) {
  if (revisions_.concerns(event.kind, key)) revisions_.take(said(key, event, named), kBeginning);
  remember(key, {event.time, event.entity});
}

void Admission::restore_clock(EventTime clock) {
  clock_ = std::max(clock_, clock);
}

/// False where it is known already.
bool Admission::remember(const EventKey& key, const Revisions::Observed& event) {
  if (!known_.emplace(key, event).second) return false;
  if (generations_.empty() || generations_.back().keys.size() == generation_keys_max_)
    generations_.emplace_back();
  Generation& generation = generations_.back();
  generation.epoch = epoch_;
  generation.newest = std::max(generation.newest, event.time);
  generation.keys.push_back(key);
  return true;
}

std::vector<StandingChange> Admission::end_epoch() {
  if (POLLUX_PLANTED(epoch_forgets_duplicates)) known_.clear();
  while (!held_back_ && generations_.size() > 1 && may_forget(generations_.front())) {
    const Generation& oldest = generations_.front();
    if (oldest.newest != schema::kNever) forgot_before(oldest.newest + 1);
    for (const EventKey& key : oldest.keys) known_.erase(key);
    generations_.pop_front();
  }
  ++epoch_;
  return revisions_.settle(horizon_at(clock_));
}

/// A generation goes when its newest event is final, or old and in the journal; the last one stays open.
bool Admission::may_forget(const Generation& generation) const {
  if (generation.newest < horizon_at(clock_)) return true;
  return generation.newest < before(clock_, memory_) && generation.epoch + kEpochsOnTheirWay <= epoch_;
}

Admission::IdentityPlace Admission::identities_end() const {
  if (generations_.empty()) return {};
  return {generations_.size() - 1, generations_.back().keys.size()};
}

Admission::IdentityPlace Admission::save_identities(IdentityPlace from, IdentityPlace end,
                                                    ByteWriter& out) const {
  const std::vector<EventKey> none;
  const auto& keys = generations_.empty() ? none : generations_[from.generation].keys;
  const std::size_t last = from.generation == end.generation ? end.key : keys.size();
  out.number(last - from.key);
  EventTime time = 0;
  for (std::size_t i = from.key; i < last; ++i) {
    const Revisions::Observed& event = known_.at(keys[i]);
    out.fixed(keys[i].high);
    out.fixed(keys[i].low);
    out.difference(event.time, time);
    out.number(event.entity);
    time = event.time;
  }
  return from.generation == end.generation ? end : IdentityPlace{from.generation + 1, 0};
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
    if (!remember(key, {time, static_cast<schema::EntityIndex>(entity)})) return false;
  }
  return in.ok() && in.at_end();
}

}  // namespace pollux::actors
