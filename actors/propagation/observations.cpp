#include "actors/propagation/observations.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::after;
using schema::Duration;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Quality;
using schema::Reason;
using schema::Value;

namespace {

bool in_order(const Observation& a, const Observation& b) {
  return a.precedes(b);
}

bool is_at(const Observation& observation, const ObservationPlace& place) {
  return observation.time == place.time && observation.source == place.source &&
         observation.id_hash == place.id_hash;
}

/// A value whose source has fallen silent; one that was worth less already stays as it is.
Value stale(Value value) {
  if (value.quality >= Quality::stale) return value;
  value.quality = Quality::stale;
  value.reason = Reason::no_recent_event;
  return value;
}

}  // namespace

bool Observation::precedes(const Observation& other) const {
  return std::tie(time, source, sequence, id_hash) <
         std::tie(other.time, other.source, other.sequence, other.id_hash);
}

void Observations::insert(const Observation& observation, EventTime horizon) {
  if (log_.size() == log_.capacity()) make_room(horizon);
  if (log_.empty() || log_.back().precedes(observation) || POLLUX_PLANTED(late_event_appended)) {
    const auto& [time, sequence, id_hash, source, value] = observation;
    log_.emplace_back() = {time, sequence, id_hash, source, value};  // in the parts it was written in
    return;
  }
  auto at = log_.begin() +
            static_cast<std::ptrdiff_t>(schema::first_at_least(log_, observation.time, &Observation::time));
  while (at != log_.end() && at->precedes(observation)) ++at;
  log_.insert(at, observation);
}

void Observations::withhold(const Observation& observation, EventTime final_before) {
  if (withdrawn_ == nullptr) withdrawn_ = std::make_unique<std::vector<Observation>>();
  if (withdrawn_->size() == withdrawn_->capacity()) {
    std::erase_if(*withdrawn_, [&](const Observation& old) { return old.time < final_before; });
  }
  withdrawn_->push_back(observation);
}

bool Observations::remove(const ObservationPlace& place, EventTime final_before) {
  auto at = std::ranges::lower_bound(log_, place.time, {}, &Observation::time);
  while (at != log_.end() && at->time == place.time && !is_at(*at, place)) ++at;
  if (at == log_.end() || at->time != place.time) return false;
  withhold(*at, final_before);
  log_.erase(at);
  return true;
}

std::optional<Observation> Observations::reinstate(const ObservationPlace& place, EventTime horizon) {
  if (withdrawn_ == nullptr) return std::nullopt;
  const auto at = std::ranges::find_if(*withdrawn_, [&](const auto& each) { return is_at(each, place); });
  if (at == withdrawn_->end()) return std::nullopt;
  const Observation back = *at;
  insert(back, horizon);
  withdrawn_->erase(at);
  if (withdrawn_->empty()) withdrawn_.reset();
  return back;
}

void Observations::hear(EventTime from, EventTime to, EventTime horizon) {
  if (heard_ == nullptr) heard_ = std::make_unique<std::vector<Heard>>();
  std::vector<Heard>& heard = *heard_;
  if (heard.size() == heard.capacity())
    std::erase_if(heard, [&](const Heard& old) { return old.to < horizon; });
  const auto first = std::ranges::lower_bound(heard, from, {}, &Heard::to);
  auto last = first;
  Heard whole{from, to};
  for (; last != heard.end() && last->from <= to; ++last)
    whole = {std::min(whole.from, last->from), std::max(whole.to, last->to)};
  heard.insert(heard.erase(first, last), whole);
}

/// When a value falls silent that was last reported at `report`, or heard of since.
EventTime Observations::silent_after(EventTime report, Duration expect_every) const {
  EventTime silent = after(report, expect_every);
  if (heard_ == nullptr) return silent;
  auto heard = std::ranges::upper_bound(*heard_, silent, {}, &Heard::to);
  for (; heard != heard_->end() && heard->from <= silent; ++heard)
    silent = std::max(silent, after(heard->to, expect_every));
  return silent;
}

void Observations::make_room(EventTime horizon) {
  // The last observation before the horizon is still in effect there.
  const auto first_kept = std::ranges::lower_bound(log_, horizon, {}, &Observation::time);
  const auto droppable = first_kept - log_.begin() - 1;
  if (droppable > 0) log_.erase(log_.begin(), log_.begin() + droppable);
}

void Observations::bring_back(std::span<const Observation> standing, std::span<const Heard> heard) {
  const EventTime held_from = oldest_time();
  const auto held =
      std::ranges::find_if(log_, [&](const Observation& each) { return each.time > held_from; });
  POLLUX_ASSERT(standing.empty() || held_from == kNever || standing.back().time <= held_from,
                "what is brought back is what was dropped");
  std::vector<Observation> all(standing.begin(), standing.end());
  all.insert(all.end(), held, log_.end());
  log_ = std::move(all);
  for (const Heard& each : heard) hear(each.from, each.to, kBeginning);
}

void Observations::forget_before(EventTime horizon, EventTime final_before) {
  make_room(horizon);
  if (log_.capacity() > 2 * log_.size() + 4) log_.shrink_to_fit();
  if (heard_ != nullptr) std::erase_if(*heard_, [&](const Heard& old) { return old.to < horizon; });
  if (withdrawn_ != nullptr)
    std::erase_if(*withdrawn_, [&](const Observation& old) { return old.time < final_before; });
}

EventTime Observations::newest_time() const {
  return log_.empty() ? kBeginning : log_.back().time;
}

EventTime Observations::stale_after(EventTime clock, Duration expect_every) const {
  if (expect_every == 0 || log_.empty() || log_.back().value.quality >= Quality::stale) return kNever;
  const EventTime silent = silent_after(log_.back().time, expect_every);
  return silent > clock ? silent : kNever;
}

EventTime Observations::next_after(EventTime time) const {
  const std::size_t next = schema::first_at_least(log_, time + 1, &Observation::time);
  return next == log_.size() ? kNever : log_[next].time;
}

void Observations::replay(EventTime from, EventTime to, EventTime clock, Duration expect_every,
                          const Value& before, std::vector<Version>& versions) const {
  Value last = before;
  const auto put = [&](EventTime at, const Value& value) {
    if (value != last) versions.push_back({at, value});
    last = value;
  };
  auto next =
      log_.begin() + static_cast<std::ptrdiff_t>(schema::first_at_least(log_, from, &Observation::time));
  const Observation* current = next == log_.begin() ? nullptr : &*(next - 1);
  while (true) {
    const EventTime next_time = next == log_.end() ? kNever : next->time;
    if (current != nullptr && expect_every > 0) {
      const EventTime silent = silent_after(current->time, expect_every);
      const bool here = silent >= from && silent < std::min(next_time, to) && silent <= clock;
      if (here) put(silent, stale(current->value));
    }
    if (next_time >= to) return;
    while (next + 1 != log_.end() && (next + 1)->time == next_time) ++next;
    put(next_time, next->value);
    current = &*next++;
  }
}

void Observations::replay_times(EventTime from, EventTime to, EventTime clock,
                                std::vector<Version>& versions) const {
  auto next =
      log_.begin() + static_cast<std::ptrdiff_t>(schema::first_at_least(log_, from, &Observation::time));
  EventTime last = kNever;
  for (; next != log_.end() && next->time < to && next->time <= clock; ++next) {
    if (next->time == last) continue;
    last = next->time;
    versions.push_back(
        {last,
         {static_cast<std::uint64_t>(last), schema::ValueType::number, Quality::good, Reason::none, {}}});
  }
}

std::span<const Observation> Observations::withdrawn() const {
  return withdrawn_ == nullptr ? std::span<const Observation>{} : std::span<const Observation>(*withdrawn_);
}

std::span<const Heard> Observations::heard() const {
  return heard_ == nullptr ? std::span<const Heard>{} : std::span<const Heard>(*heard_);
}

void Observations::restore(std::vector<Observation> standing, std::vector<Observation> withdrawn,
                           std::vector<Heard> heard) {
  log_ = std::move(standing);
  withdrawn_.reset();
  heard_.reset();
  if (!withdrawn.empty()) withdrawn_ = std::make_unique<std::vector<Observation>>(std::move(withdrawn));
  if (!heard.empty()) heard_ = std::make_unique<std::vector<Heard>>(std::move(heard));
}

void Observations::check_invariants() const {
  POLLUX_ASSERT(std::ranges::is_sorted(log_, in_order), "observations are in the total order of events");
  for (std::size_t i = 1; heard_ != nullptr && i < heard_->size(); ++i)
    POLLUX_ASSERT((*heard_)[i - 1].to < (*heard_)[i].from, "what was heard is told apart by silences");
}

}  // namespace pollux::actors
