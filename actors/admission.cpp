#include "actors/admission.h"

#include <algorithm>

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
  }
  return "?";
}

Admission::Admission(const schema::Model& model) : model_(model) {
  for (const schema::Source& source : model.sources()) {
    lateness_max_ = std::max(lateness_max_, source.allowed_lateness);
  }
}

EventTime Admission::horizon_at(EventTime clock) const {
  return before(clock, lateness_max_);
}

void Admission::begin_epoch(EventTime now) {
  now_ = now;
  clock_ = std::max(clock_, now);
  epoch_clock_ = clock_;
}

EventOutcome Admission::admit(const EventKey& key, const Event& event) {
  if (known_.contains(key)) return EventOutcome::duplicate;
  const schema::Source& source = model_.sources()[event.source];
  if (event.time < before(epoch_clock_, source.allowed_lateness)) return EventOutcome::too_late;
  if (now_ != kBeginning && event.time > schema::after(now_, source.clock_tolerance)) {
    return EventOutcome::from_the_future;
  }
  remember(key, event.time);
  clock_ = std::max(clock_, event.time);
  return EventOutcome::accepted;
}

void Admission::restore(const EventKey& key, const Event& event) {
  remember(key, event.time);
}

void Admission::restore_clock(EventTime clock) {
  clock_ = std::max(clock_, clock);
}

void Admission::remember(const EventKey& key, EventTime time) {
  if (generations_.empty() || generations_.back().keys.size() == kGenerationKeysMax)
    generations_.emplace_back();
  Generation& generation = generations_.back();
  generation.newest = std::max(generation.newest, time);
  generation.keys.push_back(key);
  known_.emplace(key, time);
}

void Admission::end_epoch() {
  // A generation goes when its newest event is final; the last one stays open.
  while (generations_.size() > 1 && generations_.front().newest < horizon_at(clock_)) {
    for (const EventKey& key : generations_.front().keys) known_.erase(key);
    generations_.pop_front();
  }
}

}  // namespace pollux::actors
