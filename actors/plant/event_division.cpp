#include "actors/plant/event_division.h"

#include <algorithm>

namespace pollux::actors {

using schema::DomainIndex;
using schema::EntityIndex;
using schema::Event;
using schema::EventBatch;
using schema::EventKind;
using schema::kNone;

EventDivision::EventDivision(const schema::DividedModel& divided) : divided_(divided) {
  const auto is_observed = [](const schema::Attribute& a) { return a.role == schema::Role::observed; };
  for (const auto& model : divided.domains) {
    EntityIndex stand_in = 0;
    while (stand_in < model->entity_count() &&
           std::ranges::none_of(model->type_of(stand_in).attributes, is_observed)) {
      ++stand_in;
    }
    stand_ins_.push_back(stand_in == model->entity_count() ? kNone : stand_in);
  }
}

EventDivision::Parts EventDivision::divide(const EventBatch& whole) const {
  Parts parts;
  parts.batches.resize(divided_.domains.size());
  parts.originals.resize(divided_.domains.size());
  for (std::uint32_t i = 0; i < whole.events.size(); ++i) {
    const Event& event = whole.events[i];
    if (event.kind == EventKind::observe) {
      add(whole, i, divided_.places[event.entity].domain, parts);
      continue;
    }
    for (std::size_t d = 0; d < divided_.domains.size(); ++d)
      add(whole, i, static_cast<DomainIndex>(d), parts);
  }
  return parts;
}

void EventDivision::add(const EventBatch& whole, std::uint32_t index, DomainIndex domain,
                        Parts& parts) const {
  const Event& event = whole.events[index];
  const bool here = event.entity != kNone && divided_.places[event.entity].domain == domain;
  if (!here && stand_ins_[domain] == kNone) return;  // nothing is ever said there that could be revised
  EventBatch& batch = parts.batches[domain];
  batch.append(whole, event);
  Event& added = batch.events.back();
  if (here) {
    added.entity = divided_.places[event.entity].entity;
  } else {
    if (event.kind == EventKind::correct) added.entity = stand_ins_[domain];
    batch.values.resize(added.values_offset);
    added.values_count = 0;
  }
  parts.originals[domain].push_back(index);
}

std::vector<EventOutcome> EventDivision::merge(std::size_t events, const Parts& parts,
                                               std::span<const std::vector<EventOutcome>> outcomes) {
  const auto rank = [](EventOutcome outcome) {
    return outcome == EventOutcome::duplicate ? 0 : outcome == EventOutcome::accepted ? 1 : 2;
  };
  std::vector<EventOutcome> merged(events, EventOutcome::duplicate);
  for (std::size_t d = 0; d < outcomes.size(); ++d) {
    for (std::size_t i = 0; i < outcomes[d].size(); ++i) {
      EventOutcome& so_far = merged[parts.originals[d][i]];
      if (rank(outcomes[d][i]) > rank(so_far)) so_far = outcomes[d][i];
    }
  }
  return merged;
}

}  // namespace pollux::actors
