#include "tests/sim/standing.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace pollux::sim {

using schema::Event;
using schema::EventKind;

Standing::Standing(const schema::Model& model, const schema::EventBatch& events)
    : model_(model), events_(events) {
  for (const Event& event : events.events) by_name_[name(event, events.id(event))] = &event;
}

bool Standing::counts(const Event& event) const {
  if (event.kind == EventKind::retract || retracted(event)) return false;
  const std::string own = name(event, events_.id(event));
  if (last_correction(own) != nullptr) return false;
  std::set<const Event*> seen;
  for (const Event* at = &event; at->kind == EventKind::correct;) {
    if (!seen.insert(at).second) return false;  // they correct each other
    const std::string replaced = name(*at, events_.named(*at));
    if (retracted(replaced) || last_correction(replaced) != at) return false;
    const auto found = by_name_.find(replaced);
    if (found == by_name_.end()) return true;
    at = found->second;
    if (at->kind == EventKind::retract) return false;
  }
  return true;
}

std::string Standing::name(const Event& event, std::string_view id) const {
  return std::string(events_.source_name(event, model_)) + "/" + std::string(id);
}

bool Standing::retracted(const Event& event) const {
  return retracted(name(event, events_.id(event)));
}

bool Standing::retracted(const std::string& what) const {
  return std::ranges::any_of(events_.events, [&](const Event& event) {
    return event.kind == EventKind::retract && name(event, events_.named(event)) == what;
  });
}

const Event* Standing::last_correction(const std::string& what) const {
  const auto order = [&](const Event& event) {
    return std::tuple(event.time, event.sequence, schema::event_key(events_, event, model_));
  };
  const Event* last = nullptr;
  for (const Event& event : events_.events) {
    const bool corrects = event.kind == EventKind::correct && name(event, events_.named(event)) == what;
    if (corrects && !retracted(event) && (last == nullptr || order(*last) < order(event))) last = &event;
  }
  return last;
}

}  // namespace pollux::sim
