// Which events stand, of those that corrections and retractions speak of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <tsl/robin_map.h>

#include "actors/propagation/observations.h"
#include "actors/storage/byte_codec.h"
#include "schema/event/event.h"
#include "schema/time.h"

namespace pollux::actors {

/// An event taken in by an earlier epoch that from now on stands, or no longer does.
struct StandingChange {
  schema::EntityIndex entity = schema::kNone;
  ObservationPlace place;
  bool stands = false;
};

/// Follows what corrections and retractions name. What stands is a function of the set of events, whatever
/// the order in which they arrived:
///
/// - A retraction withdraws the event it names. Nothing brings that back: a retraction itself can be neither
///   corrected nor retracted.
/// - A correction stands in the place of the event it names. Where several name the same one, the last by
///   (event time, sequence, identity) does. It may itself be corrected, and the correction takes its place.
/// - Retracting a correction makes it as if that had never been sent: what it replaced stands again. What
///   corrects a retracted event falls with it.
/// - Of an event that is named before it arrives, only the name is known; a correction stands meanwhile.
/// - Of corrections that name each other in a circle, and of what corrects these, none stands.
///
/// So events and those that correct them form trees of which one event stands at most. Events that nothing
/// names and that name nothing are not kept here. Not thread-safe.
class Revisions {
 public:
  /// Events kept at most; beyond it nothing more can be revised until some of them are final.
  static constexpr std::size_t kEventsMax = 1'000'000;
  /// Corrections that name the same event, and corrections of corrections, at most.
  static constexpr std::size_t kCorrectionsMax = 1'000;

  /// What is known of an accepted event.
  struct Said {
    schema::EventKey key;
    schema::EventKey named;  ///< Not looked at where it only observes.
    schema::EventKind kind = schema::EventKind::observe;
    schema::EventTime time = 0;
    std::uint64_t sequence = 0;
    schema::EntityIndex entity = schema::kNone;
    schema::SourceIndex source = 0;
  };
  /// An event that was accepted as an observation.
  struct Observed {
    schema::EventTime time = 0;
    schema::EntityIndex entity = schema::kNone;
  };
  /// Finds an observation by its identity while it may be revised.
  using Find = std::function<std::optional<Observed>(const schema::EventKey&)>;

  explicit Revisions(Find find) : find_(std::move(find)) {}

  /// Whether an event must be given to `take`: it names another, or another names it.
  bool concerns(schema::EventKind kind, const schema::EventKey& key) const {
    return kind != schema::EventKind::observe || (!nodes_.empty() && nodes_.contains(key));
  }

  /// False where a bound is reached. An observation always finds room.
  bool has_room_for(const Said& said);

  /// Takes in an event that concerns this, once. False, and nothing changes, where it names or would revise
  /// something before `deadline`.
  bool take(const Said& said, schema::EventTime deadline);

  /// Whether what an accepted event of this identity said counts.
  bool stands(const schema::EventKey& key) const;

  /// Whether an event has been taken in since the last `settle`.
  bool revised() const { return !touched_.empty(); }

  /// Ends an epoch. Returns the events of earlier epochs that began or ceased to stand in it, and forgets
  /// what lies before `horizon` altogether.
  std::vector<StandingChange> settle(schema::EventTime horizon);

  /// Writes all that is kept. REQUIRES: between epochs.
  void save(ByteWriter& out) const;
  /// Takes in what was saved, after nothing else. False where it makes no sense.
  bool load(ByteReader& in, const schema::Model& model);

  std::size_t size() const { return nodes_.size(); }
  void check_invariants() const;

 private:
  struct Node {
    bool known = false;      // it has arrived
    bool retracted = false;  // and a retraction names it, arrived or not
    bool told = false;       // it stood when the last epoch ended
    bool fresh = false;      // it arrived in this epoch
    schema::EventKind kind = schema::EventKind::observe;
    schema::SourceIndex source = 0;
    schema::EntityIndex entity = schema::kNone;
    schema::EventTime time = 0;
    std::uint64_t sequence = 0;
    schema::EventKey named;
    std::vector<schema::EventKey> corrections;
  };
  static bool load(ByteReader& in, const schema::Model& model, Node& node);
  using Nodes = tsl::robin_map<schema::EventKey, Node, schema::EventKeyHash>;

  /// One event, or none.
  using Standing = std::optional<schema::EventKey>;

  void ensure(const schema::EventKey& key, schema::SourceIndex source);
  void add(const Said& said);
  Standing root_of(schema::EventKey key, std::size_t& steps) const;
  Standing last_correction(const Node& node) const;
  Standing standing_in(const Standing& root, std::size_t& steps) const;
  Standing standing_beside(const schema::EventKey& key) const;
  bool is_final(const Standing& key, schema::EventTime deadline) const;
  void forget_before(schema::EventTime horizon);
  bool tree_is_final(const schema::EventKey& root, schema::EventTime horizon,
                     std::vector<schema::EventKey>& members) const;

  static constexpr std::size_t kForgetAtLeast = 1'024;
  /// A walk along corrections, also round a circle of them.
  static constexpr std::size_t kStepsMax = 4 * kCorrectionsMax;

  const Find find_;
  Nodes nodes_;
  std::vector<schema::EventKey> touched_;  // in this epoch
  std::size_t forget_at_ = kForgetAtLeast;
  bool refused_ = false;  // for want of room
};

}  // namespace pollux::actors
