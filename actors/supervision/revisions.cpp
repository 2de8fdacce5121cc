#include "actors/supervision/revisions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EventKey;
using schema::EventKind;
using schema::EventTime;

bool Revisions::has_room_for(const Said& said) {
  if (said.kind == EventKind::observe) return true;
  if (nodes_.size() + 2 > kEventsMax) refused_ = true;
  if (refused_) return false;
  if (said.kind != EventKind::correct) return true;
  const auto named = nodes_.find(said.named);
  if (named == nodes_.end()) return true;
  std::size_t steps = 0;
  root_of(said.named, steps);
  standing_in(said.key, steps);
  return named->second.corrections.size() < kCorrectionsMax && steps < kCorrectionsMax;
}

bool Revisions::take(const Said& said, EventTime deadline) {
  const bool names = said.kind != EventKind::observe;
  const bool was_there = nodes_.contains(said.key);
  const bool named_was_there = names && nodes_.contains(said.named);
  ensure(said.key, said.source);
  if (names) ensure(said.named, said.source);
  const Node before = nodes_.at(said.key);
  const Node named_before = names ? nodes_.at(said.named) : Node{};

  // Whatever it changes lies in the trees of these two.
  const Standing stood = standing_beside(said.key);
  const Standing stood_for_named = names ? standing_beside(said.named) : Standing();
  add(said);
  const Standing stands = standing_beside(said.key);
  const Standing stands_for_named = names ? standing_beside(said.named) : Standing();

  bool too_late = names && is_final(said.named, deadline);
  too_late |= stood != stands && (is_final(stood, deadline) || is_final(stands, deadline));
  too_late |= stood_for_named != stands_for_named &&
              (is_final(stood_for_named, deadline) || is_final(stands_for_named, deadline));
  if (too_late) {
    nodes_[said.key] = before;
    if (names) nodes_[said.named] = named_before;
    if (!was_there) nodes_.erase(said.key);
    if (names && !named_was_there) nodes_.erase(said.named);
    return false;
  }
  touched_.push_back(said.key);
  for (const Standing& one : {stood, stood_for_named, stands, stands_for_named}) {
    if (one) touched_.push_back(*one);
  }
  return true;
}

/// What nothing spoke of before is an observation that stood, or has not arrived.
void Revisions::ensure(const EventKey& key, schema::SourceIndex source) {
  const auto [place, is_new] = nodes_.try_emplace(key);
  if (!is_new) return;
  Node& node = place.value();
  node.source = source;
  const auto observed = find_(key);
  if (!observed) return;
  node.known = true;
  node.told = true;
  node.time = observed->time;
  node.entity = observed->entity;
}

void Revisions::add(const Said& said) {
  Node& node = nodes_[said.key];
  POLLUX_ASSERT(!node.known, "an event is taken in once");
  node.known = true;
  node.fresh = true;
  node.kind = said.kind;
  node.entity = said.entity;
  node.time = said.time;
  node.sequence = said.sequence;
  node.named = said.named;
  if (said.kind == EventKind::retract)
    nodes_[said.named].retracted = !POLLUX_PLANTED(lost_retraction) || nodes_[said.named].known;
  if (said.kind == EventKind::correct) nodes_[said.named].corrections.push_back(said.key);
}

/// The event that corrections lead back to; none where they lead round in a circle (found as R. P. Brent
/// does, "An improved Monte Carlo factorization algorithm", 1980). Adds to `steps`.
Revisions::Standing Revisions::root_of(EventKey key, std::size_t& steps) const {
  EventKey seen = key;
  std::size_t look_again_at = 1;
  for (std::size_t i = 1; i <= kStepsMax; ++i, ++steps) {
    const Node& node = nodes_.at(key);
    if (!node.known || node.kind != EventKind::correct) return key;
    key = node.named;
    if (key == seen) return std::nullopt;
    if (i != look_again_at) continue;
    seen = key;
    look_again_at *= 2;
  }
  return std::nullopt;
}

Revisions::Standing Revisions::last_correction(const Node& node) const {
  Standing last;
  const auto order = [&](const EventKey& key) {
    const Node& correction = nodes_.at(key);
    return std::tuple(correction.time, correction.sequence, key);
  };
  for (const EventKey& key : node.corrections) {
    if (nodes_.at(key).retracted) continue;
    if (!last || order(*last) < order(key)) last = key;
  }
  return last;
}

/// Follows corrections from `root` to the one event that stands. Adds to `steps`.
Revisions::Standing Revisions::standing_in(const Standing& root, std::size_t& steps) const {
  Standing key = root;
  for (std::size_t i = 1; key && i <= kStepsMax; ++i, ++steps) {
    const auto found = nodes_.find(*key);
    if (found == nodes_.end()) return std::nullopt;
    const Node& node = found->second;
    if (node.retracted || (node.known && node.kind == EventKind::retract)) return std::nullopt;
    const Standing next = last_correction(node);
    if (!next) return node.known ? key : std::nullopt;
    key = next;
  }
  return std::nullopt;
}

/// The event that stands in the tree of `key`.
Revisions::Standing Revisions::standing_beside(const EventKey& key) const {
  std::size_t steps = 0;
  return standing_in(root_of(key, steps), steps);
}

bool Revisions::is_final(const Standing& key, EventTime deadline) const {
  if (!key) return false;
  const Node& node = nodes_.at(*key);
  return node.known && node.time < deadline;
}

bool Revisions::stands(const EventKey& key) const {
  return !nodes_.contains(key) || standing_beside(key) == key;
}

std::vector<StandingChange> Revisions::settle(EventTime horizon) {
  std::vector<StandingChange> changes;
  for (const EventKey& key : std::exchange(touched_, {})) {
    Node& node = nodes_[key];
    const bool stands_now = stands(key);
    const bool said_values = node.entity != schema::kNone;
    if (!node.fresh && node.told != stands_now && said_values)
      changes.push_back({node.entity, {node.time, node.source, key.low}, stands_now});
    node.fresh = false;
    node.told = stands_now;
  }
  if (nodes_.size() >= forget_at_ || refused_) forget_before(horizon);
  return changes;
}

void Revisions::forget_before(EventTime horizon) {
  std::vector<EventKey> final_ones;
  std::vector<EventKey> members;
  for (const auto& [key, node] : nodes_) {
    const bool is_root = !node.known || node.kind != EventKind::correct;
    if (!is_root || !tree_is_final(key, horizon, members)) continue;
    final_ones.insert(final_ones.end(), members.begin(), members.end());
  }
  for (const EventKey& key : final_ones) nodes_.erase(key);
  forget_at_ = std::max(kForgetAtLeast, 2 * nodes_.size());
  refused_ = false;
}

/// A tree goes as a whole: as long as one of its events can be revised, any of them may come to stand.
bool Revisions::tree_is_final(const EventKey& root, EventTime horizon, std::vector<EventKey>& members) const {
  members.assign(1, root);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Node& node = nodes_.at(members[i]);
    if (!node.known || node.time >= horizon) return false;
    members.insert(members.end(), node.corrections.begin(), node.corrections.end());
  }
  return true;
}

namespace {

// What is true of a node, as it is saved.
constexpr std::uint8_t kKnown = 1;
constexpr std::uint8_t kRetracted = 2;
constexpr std::uint8_t kTold = 4;
constexpr std::uint8_t kFlags = 7;

void write_key(ByteWriter& out, const EventKey& key) {
  out.fixed(key.high);
  out.fixed(key.low);
}
EventKey read_key(ByteReader& in) {
  const std::uint64_t high = in.fixed();
  return {high, in.fixed()};
}

}  // namespace

void Revisions::save(ByteWriter& out) const {
  POLLUX_ASSERT(touched_.empty(), "saved between epochs");
  out.number(nodes_.size());
  for (const auto& [key, node] : nodes_) {
    write_key(out, key);
    out.byte(static_cast<std::uint8_t>((node.known ? kKnown : 0) | (node.retracted ? kRetracted : 0) |
                                       (node.told ? kTold : 0)));
    out.byte(static_cast<std::uint8_t>(node.kind));
    out.number(node.source);
    out.number(node.entity);
    out.difference(node.time, 0);
    out.number(node.sequence);
    write_key(out, node.named);
    out.number(node.corrections.size());
    for (const EventKey& correction : node.corrections) write_key(out, correction);
  }
}

bool Revisions::load(ByteReader& in, const schema::Model& model) {
  constexpr std::size_t kNodeBytes = 16 + 2 + 4 + 16 + 1;
  for (std::size_t left = in.count(kNodeBytes); left > 0; --left) {
    const EventKey key = read_key(in);
    const auto [place, is_new] = nodes_.try_emplace(key);
    if (!is_new || !load(in, model, place.value())) return false;
  }
  if (!in.ok() || !in.at_end() || nodes_.size() > kEventsMax) return false;
  for (const auto& [key, node] : nodes_) {
    std::vector<EventKey> once = node.corrections;
    std::ranges::sort(once);
    if (std::ranges::adjacent_find(once) != once.end()) return false;
    for (const EventKey& correction : node.corrections) {
      const auto found = nodes_.find(correction);
      if (found == nodes_.end() || found->second.named != key) return false;
    }
    const bool corrects = node.known && node.kind == EventKind::correct;
    if (corrects && !nodes_.contains(node.named)) return false;
  }
  for (const auto& [key, node] : nodes_) {
    if (node.told != (node.known && stands(key))) return false;
  }
  forget_at_ = std::max(kForgetAtLeast, 2 * nodes_.size());
  return true;
}

bool Revisions::load(ByteReader& in, const schema::Model& model, Node& node) {
  constexpr std::size_t kKeyBytes = 16;
  const std::uint8_t flags = in.byte();
  const std::uint8_t kind = in.byte();
  const std::uint64_t source = in.number();
  const std::uint64_t entity = in.number();
  node.known = (flags & kKnown) != 0;
  node.retracted = (flags & kRetracted) != 0;
  node.told = (flags & kTold) != 0;
  node.kind = static_cast<EventKind>(kind);
  node.source = static_cast<schema::SourceIndex>(source);
  node.entity = static_cast<schema::EntityIndex>(entity);
  node.time = in.difference(0);
  node.sequence = in.number();
  node.named = read_key(in);
  node.corrections.resize(in.count(kKeyBytes));
  for (EventKey& correction : node.corrections) correction = read_key(in);
  const bool makes_sense = flags <= kFlags && kind <= static_cast<std::uint8_t>(EventKind::retract) &&
                           source < model.sources().size() &&
                           (entity < model.entity_count() || entity == schema::kNone);
  return in.ok() && makes_sense;
}

void Revisions::check_invariants() const {
  POLLUX_ASSERT(touched_.empty(), "checked between epochs");
  for (const auto& [key, node] : nodes_) {
    POLLUX_ASSERT(!node.fresh && node.told == (node.known && stands(key)), "entities were told what stands");
    for (const EventKey& correction : node.corrections) {
      POLLUX_ASSERT(nodes_.at(correction).named == key, "corrections are found under what they name");
    }
  }
}

}  // namespace pollux::actors
