// What lies in quarantine, by number and by identity, and what became of what was there.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <tsl/robin_map.h>

#include "schema/event/event.h"

namespace pollux::actors {

using schema::QuarantinedEvent;

/// Taking one event out of quarantine.
struct QuarantineExit {
  std::uint64_t number = 0;
  bool admitted = false;  ///< Else it is discarded.
};

/// What one epoch does to the quarantine.
struct QuarantineChanges {
  QuarantineChanges() = default;
  QuarantineChanges(std::vector<QuarantinedEvent> events) : set_aside(std::move(events)) {}

  std::vector<QuarantinedEvent> set_aside;
  std::vector<QuarantineExit> exits;  ///< Each of an event that lies there; no number twice.

  bool empty() const { return set_aside.empty() && exits.empty(); }
};

/// Kept in memory by each journal beside what it stores, and changed once that is durable. Thread-safe.
///
/// Of what was admitted or discarded, the number and what became of it are remembered, so that deciding again
/// is harmless and a discarded event stays known as a duplicate; of `kDecisionsMax` events, those with the
/// highest numbers.
class QuarantineIndex {
 public:
  static constexpr std::size_t kDecisionsMax = 100'000;
  static constexpr std::size_t kReasonCount = 3;

  enum class Fate : std::uint8_t { unknown, waiting, admitted, discarded };
  /// What became of a number.
  struct State {
    Fate fate = Fate::unknown;
    schema::Position position = 0;  ///< Where it was admitted.
  };
  /// What is known of an identity.
  struct Found {
    std::uint64_t number = 0;
    bool discarded = false;
  };
  /// How much waits to be decided.
  struct Size {
    std::array<std::size_t, kReasonCount> events{};  ///< By reason.
    std::size_t bytes = 0;                           ///< As stored.

    std::size_t total() const { return events[0] + events[1] + events[2]; }
  };
  /// A decision that was made.
  struct Decision {
    bool admitted = false;
    schema::Position position = 0;
    schema::EventKey key;
  };

  /// Nothing waits and no discarded event is remembered: `find` would find nothing. Costs next to nothing.
  bool empty() const { return identities_.load(std::memory_order_acquire) == 0; }
  std::optional<Found> find(const schema::EventKey& key) const;
  State state_of(std::uint64_t number) const;
  /// Identity of an event that waits; nothing where none does under this number.
  std::optional<schema::EventKey> key_of(std::uint64_t number) const;
  Size size() const;

  /// What has to be forgotten with `more` further decisions: their numbers and what they were.
  std::vector<std::pair<std::uint64_t, Decision>> surplus(std::size_t more) const;

  void set_aside(std::uint64_t number, const schema::EventKey& key, schema::QuarantineReason reason,
                 std::size_t bytes);
  /// REQUIRES: it waits under this number.
  void decide(std::uint64_t number, bool admitted, schema::Position position);
  /// Takes in a decision made in an earlier process.
  void restore(std::uint64_t number, const Decision& decision);
  void forget(std::uint64_t number);

 private:
  struct Waiting {
    schema::EventKey key;
    schema::QuarantineReason reason{};
    std::size_t bytes = 0;
  };
  void count_identities();

  mutable std::mutex mutex_;
  tsl::robin_map<schema::EventKey, Found, schema::EventKeyHash> by_key_;
  tsl::robin_map<std::uint64_t, Waiting> waiting_;
  std::map<std::uint64_t, Decision> decisions_;
  Size size_;
  std::atomic<std::size_t> identities_{0};
};

}  // namespace pollux::actors
