#include "actors/plant/told.h"

#include <algorithm>
#include <utility>

#include "actors/history/recall.h"
#include "actors/propagation/recollection.h"

namespace pollux::actors {

using schema::CrossingLink;
using schema::EventTime;
using schema::Result;

namespace {

/// Puts what was dropped of one link's observations since `from` before those that are held. The oldest held
/// ones are in the history too.
Result<void> recall_link(const Recall& recall, const CrossingLink& link, EventTime from,
                         std::vector<Observation>& held) {
  const EventTime oldest = held.front().time;
  auto older = recall.observations({link.link, CrossingLink::kCarried}, from, oldest);
  if (!older.ok()) return older.error();
  const auto newer = std::ranges::upper_bound(held, oldest, {}, &Observation::time);
  older->standing.insert(older->standing.end(), newer, held.end());
  held = std::move(older->standing);
  return {};
}

}  // namespace

Told told_in_memory(const SettledState& consumer, std::span<const CrossingLink> links) {
  Told told{consumer.position(), consumer.clock(), {}};
  for (const CrossingLink& link : links) {
    const auto held = consumer.observations(link.link, CrossingLink::kCarried);
    told.by_link.emplace_back(held.begin(), held.end());
  }
  return told;
}

Result<void> recall_told(const Twin& consumer, std::span<const CrossingLink> links, Told& told) {
  const History* history = consumer.recalled();
  if (history == nullptr) return {};
  if (history->bounds().complete < told.position) {
    if (auto there = consumer.wait_for_history({}); !there.ok()) return there;
  }
  const EventTime readable = recallable_from(history->bounds(), longest_look_back(consumer.model()));
  const Recall recall(*history, told.position);
  for (std::size_t i = 0; i < links.size(); ++i) {
    std::vector<Observation>& held = told.by_link[i];
    const schema::Source& source = consumer.model().sources()[links[i].source];
    const EventTime from = std::max(readable, schema::before(told.clock, source.allowed_lateness));
    // The last one before `from` still holds there.
    if (held.empty() || held.front().time < from) continue;
    if (auto recalled = recall_link(recall, links[i], from, held); !recalled.ok()) return recalled;
  }
  return {};
}

}  // namespace pollux::actors
