#include "actors/journal/quarantine_index.h"

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventKey;
using schema::Position;

std::optional<QuarantineIndex::Found> QuarantineIndex::find(const EventKey& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

QuarantineIndex::State QuarantineIndex::state_of(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  if (waiting_.contains(number)) return {Fate::waiting, 0};
  const auto decided = decisions_.find(number);
  if (decided == decisions_.end()) return {};
  return {decided->second.admitted ? Fate::admitted : Fate::discarded, decided->second.position};
}

std::optional<EventKey> QuarantineIndex::key_of(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return std::nullopt;
  return found->second.key;
}

QuarantineIndex::Size QuarantineIndex::size() const {
  const std::scoped_lock lock(mutex_);
  return size_;
}

std::vector<std::pair<std::uint64_t, QuarantineIndex::Decision>> QuarantineIndex::surplus(
    std::size_t more) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::uint64_t, Decision>> oldest;
  auto next = decisions_.begin();
  for (std::size_t left = decisions_.size(); left + more > kDecisionsMax && next != decisions_.end(); --left)
    oldest.emplace_back(*next++);
  return oldest;
}

void QuarantineIndex::set_aside(std::uint64_t number, const EventKey& key, schema::QuarantineReason reason,
                                std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  waiting_.insert_or_assign(number, Waiting{key, reason, bytes});
  by_key_.insert_or_assign(key, Found{number, false});
  ++size_.events[static_cast<std::size_t>(reason)];
  size_.bytes += bytes;
  count_identities();
}

void QuarantineIndex::decide(std::uint64_t number, bool admitted, Position position) {
  const std::scoped_lock lock(mutex_);
  const auto found = waiting_.find(number);
  POLLUX_ASSERT(found != waiting_.end(), "what is decided on waits");
  const Waiting event = found->second;
  waiting_.erase(found);
  --size_.events[static_cast<std::size_t>(event.reason)];
  size_.bytes -= event.bytes;
  const auto identity = by_key_.find(event.key);
  if (identity != by_key_.end() && identity->second.number == number) {
    if (admitted) {
      by_key_.erase(identity);
    } else {
      identity.value().discarded = true;
    }
  }
  decisions_.insert_or_assign(number, Decision{admitted, position, event.key});
  count_identities();
}

void QuarantineIndex::restore(std::uint64_t number, const Decision& decision) {
  const std::scoped_lock lock(mutex_);
  decisions_.insert_or_assign(number, decision);
  if (!decision.admitted) by_key_.insert_or_assign(decision.key, Found{number, true});
  count_identities();
}

void QuarantineIndex::forget(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto found = decisions_.find(number);
  if (found == decisions_.end()) return;
  const auto identity = by_key_.find(found->second.key);
  if (identity != by_key_.end() && identity->second.number == number) by_key_.erase(identity);
  decisions_.erase(found);
  count_identities();
}

void QuarantineIndex::count_identities() {
  identities_.store(by_key_.size(), std::memory_order_release);
}

}  // namespace pollux::actors
