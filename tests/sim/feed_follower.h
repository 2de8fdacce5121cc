// Rebuilds a twin's state from its change feed alone.
#pragma once

#include <string>
#include <vector>

#include "actors/change_feed.h"
#include "actors/settled_state.h"
#include "schema/model/model.h"

namespace pollux::sim {

/// A reader that starts from a settled state and applies every change published since. What it holds must be
/// what the twin holds, and each change must say truly what was believed before.
class FeedFollower {
 public:
  FeedFollower(const schema::Model& model, const actors::SettledState& start);

  /// Takes in what was published. Returns the first thing that is wrong; empty where all is right.
  std::string follow(const actors::ChangeFeed& feed);

  /// Where the twin holds something else than what its feed led to; empty where it does not.
  std::string first_difference(const actors::SettledState& state) const;

  /// Hash of every change taken in.
  std::uint64_t hash() const { return hash_; }

 private:
  std::string apply(const actors::Change& change);
  std::string name(schema::EntityIndex entity, schema::AttributeSlot attribute) const;
  void note(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x0000'0100'0000'01b3; }

  const schema::Model& model_;
  std::vector<std::vector<std::vector<actors::Version>>> timelines_;  // by entity and attribute
  schema::Position position_ = 0;
  schema::EventTime clock_ = schema::kBeginning;
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace pollux::sim
