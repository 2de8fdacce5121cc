#include "actors/history/words.h"

#include <algorithm>

namespace pollux::actors {

using schema::EventTime;
using schema::kBeginning;

void Words::take(const HistoryEntry& entry, Order order) {
  if (entry.what == Word::What::heard) {
    heard_.push_back({entry.from, entry.to});
    return;
  }
  const auto [at, is_first] = words_.try_emplace({entry.from, entry.source, entry.id_hash}, entry);
  if (!is_first && order == Order::later) at->second = entry;
}

EventTime Words::last_before(EventTime time) const {
  for (auto at = words_.lower_bound({time, 0, 0}); at != words_.begin();) {
    --at;
    if (at->second.what == Word::What::stands) return at->second.from;
  }
  return kBeginning;
}

std::vector<HistoryEntry> Words::entries(EventTime first, EventTime last) const {
  std::vector<HistoryEntry> found;
  for (auto at = words_.lower_bound({first, 0, 0}); at != words_.end() && at->second.from <= last; ++at) {
    if (at->second.what == Word::What::stands) found.push_back(at->second);
  }
  std::ranges::stable_sort(found, {}, &HistoryEntry::position);
  return found;
}

std::vector<HistoryEntry> Words::needed(EventTime clock, schema::Duration lag) const {
  return entries(last_before(schema::before(clock, lag)), clock);
}

std::vector<Observation> Words::standing(EventTime first, EventTime last) const {
  std::vector<Observation> found;
  for (const HistoryEntry& entry : entries(first, last))
    found.push_back({entry.from, entry.sequence, entry.id_hash, entry.source, entry.is});
  std::ranges::sort(found, [](const auto& a, const auto& b) { return a.precedes(b); });
  return found;
}

std::vector<Heard> Words::heard(EventTime first) const {
  std::vector<Heard> found;
  std::ranges::copy_if(heard_, std::back_inserter(found),
                       [&](const Heard& each) { return each.to >= first; });
  return found;
}

}  // namespace pollux::actors
