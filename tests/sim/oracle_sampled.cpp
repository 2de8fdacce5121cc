#include "tests/sim/oracle_sampled.h"

#include <algorithm>

#include "tests/sim/standing.h"

namespace pollux::sim {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::EventTime;
using schema::kBeginning;

Sampled::Sampled(const schema::Model& model, const schema::EventBatch& events,
                 const std::vector<std::size_t>& epoch_ends) {
  if (!model.samples()) return;
  std::size_t begin = 0;
  for (const std::size_t end : epoch_ends) {
    schema::EventBatch known;
    for (std::size_t i = 0; i < end; ++i) known.append(events, events.events[i]);
    const Standing standing(model, known);
    std::map<Place, EventTime> before;  // the epoch, the newest report that counts
    std::map<Place, std::map<EventTime, std::vector<std::ptrdiff_t>>> now;  // in it, by time
    for (std::size_t i = 0; i < end; ++i) {
      const schema::Event& event = known.events[i];
      if (!standing.counts(event)) continue;
      for (const schema::ReportedValue& reported : known.values_of(event)) {
        const Place place{event.entity, reported.attribute};
        const auto index = static_cast<std::ptrdiff_t>(i);
        if (!model.type_of(event.entity).attributes[reported.attribute].sample_latest) continue;
        if (i >= begin) now[place][event.time].push_back(index);
        if (i >= begin || passed_over(index, reported.attribute)) continue;
        const auto newest = before.try_emplace(place, kBeginning).first;
        newest->second = std::max(newest->second, event.time);
      }
    }
    for (auto& [place, times] : now) {
      if (const auto newest = before.find(place); newest != before.end())
        times.erase(times.begin(), times.upper_bound(newest->second));
      if (times.size() < 2) continue;
      heard_[place].emplace_back(times.begin()->first, times.rbegin()->first);
      times.erase(std::prev(times.end()));
      for (const auto& [time, indices] : times) {
        for (const std::ptrdiff_t index : indices) passed_over_.emplace(index, place.second);
      }
    }
    begin = end;
  }
}

EventTime Sampled::silent_after(EntityIndex entity, AttributeSlot attribute, EventTime report,
                                schema::Duration expect_every) const {
  EventTime silent = report + expect_every;
  const auto heard = heard_.find({entity, attribute});
  for (bool again = heard != heard_.end(); again;) {
    again = false;
    for (const auto& [from, to] : heard->second) {
      if (silent < from || silent >= to) continue;
      silent = to + expect_every;
      again = true;
    }
  }
  return silent;
}

}  // namespace pollux::sim
