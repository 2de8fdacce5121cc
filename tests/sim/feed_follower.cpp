#include "tests/sim/feed_follower.h"

#include <algorithm>

#include "tests/sim/agreement.h"

namespace pollux::sim {

using actors::Change;
using actors::Version;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::kNever;
using schema::Role;
using schema::Value;

namespace {

constexpr std::size_t kPageEpochs = 100'000;

bool followed(const schema::Model& model, EntityIndex entity, AttributeSlot attribute) {
  return model.type_of(entity).attributes[attribute].role != Role::memory;
}

}  // namespace

FeedFollower::FeedFollower(const schema::Model& model, const actors::SettledState& start)
    : model_(model), timelines_(model.entity_count()) {
  const actors::Digest digest = start.digest();
  position_ = digest.position;
  clock_ = digest.clock;
  for (EntityIndex e = 0; e < model.entity_count(); ++e) {
    for (AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a) {
      const auto versions = start.timeline(e, a).versions();
      timelines_[e].emplace_back(versions.begin(), versions.end());
    }
  }
}

std::string FeedFollower::follow(const actors::ChangeFeed& feed) {
  for (const actors::EpochChangesPtr& epoch : feed.after(position_, kPageEpochs).epochs) {
    if (epoch->position != position_ + 1) {
      return "the feed goes from position " + std::to_string(position_) + " to " +
             std::to_string(epoch->position);
    }
    if (epoch->clock < clock_) return "the feed's clock goes back";
    note(epoch->position);
    note(static_cast<std::uint64_t>(epoch->clock));
    for (const Change& change : epoch->changes()) {
      if (std::string wrong = apply(change); !wrong.empty()) return wrong;
    }
    position_ = epoch->position;
    clock_ = epoch->clock;
  }
  return {};
}

std::string FeedFollower::apply(const Change& change) {
  for (const std::uint64_t word : {std::uint64_t{change.entity}, std::uint64_t{change.attribute},
                                   static_cast<std::uint64_t>(change.from),
                                   static_cast<std::uint64_t>(change.to), change.was.bits, change.is.bits}) {
    note(word);
  }
  const std::string where = "change of " + name(change.entity, change.attribute) + " at " +
                            std::to_string(change.from) + " to " + std::to_string(change.to);
  if (change.from >= change.to) return where + " is empty";
  if (change.revision != (change.from < clock_)) return where + " is wrong about being a revision";
  auto& versions = timelines_[change.entity][change.attribute];
  const auto first = std::ranges::lower_bound(versions, change.from, {}, &Version::from);
  const auto last = std::ranges::lower_bound(versions, change.to, {}, &Version::from);
  const bool starts_here = first != versions.end() && first->from == change.from;
  if (!starts_here && first == versions.begin()) return where + " lies before the beginning";
  const Value was = starts_here ? first->value : (first - 1)->value;
  const auto inner = last - first - (starts_here ? 1 : 0);
  if (was != change.was || inner > 0) {
    return where + " is wrong about what was believed before:\n" + describe(versions);
  }
  std::vector<Version> fresh(versions.begin(), first);
  const auto put = [&](schema::EventTime from, const Value& value) {
    if (fresh.empty() || fresh.back().value != value) fresh.push_back({from, value});
  };
  put(change.from, change.is);
  const bool ends_here = last != versions.end() && last->from == change.to;
  if (change.to != kNever && !ends_here) put(change.to, was);
  for (auto each = last; each != versions.end(); ++each) put(each->from, each->value);
  versions = std::move(fresh);
  return {};
}

std::string FeedFollower::first_difference(const actors::SettledState& state) const {
  for (EntityIndex e = 0; e < model_.entity_count(); ++e) {
    for (AttributeSlot a = 0; a < timelines_[e].size(); ++a) {
      if (!followed(model_, e, a)) continue;
      const auto versions = state.timeline(e, a).versions();
      if (std::ranges::equal(versions, timelines_[e][a])) continue;
      return name(e, a) + " is not what the change feed led to\n  twin:\n" + describe(versions) +
             "  from the feed:\n" + describe(timelines_[e][a]);
    }
  }
  return {};
}

std::string FeedFollower::name(EntityIndex entity, AttributeSlot attribute) const {
  return std::string(model_.id(entity)) + "." + model_.type_of(entity).attributes[attribute].name;
}

}  // namespace pollux::sim
