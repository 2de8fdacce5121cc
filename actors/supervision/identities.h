// The identities of the events that may still be revised or sent again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include <tsl/robin_set.h>

#include "schema/event/event.h"
#include "schema/time.h"

namespace pollux::actors {

/// An event that was accepted, by its identity.
struct KnownEvent {
  schema::EventKey key;
  schema::EventTime time = 0;
  schema::EntityIndex entity = schema::kNone;
};

/// Remembers events in the order of arrival, and forgets them in that order, some thousand at a time. What is
/// searched holds only their numbers, so that it stays in the cache; the events themselves are written and
/// read one after another. Not thread-safe.
class Identities {
 public:
  Identities() : numbers_(0, NumberHash{this}, SameNumber{this}) {}
  Identities(const Identities&) = delete;
  Identities& operator=(const Identities&) = delete;

  /// False where its identity is known already.
  bool add(const KnownEvent& event);
  bool contains(const schema::EventKey& key) const { return numbers_.contains(key); }
  /// Null where it is not known. Valid until the next call that changes anything.
  const KnownEvent* find(const schema::EventKey& key) const;

  /// Forgets the oldest generations of which every event lies before `horizon`, but never the last one.
  void forget_before(schema::EventTime horizon);
  void clear();

  std::size_t size() const { return numbers_.size(); }
  void reserve(std::size_t more) { numbers_.reserve(numbers_.size() + more); }

  /// A place in the order of arrival. Stays what it is while nothing is forgotten.
  struct Place {
    std::size_t generation = 0;
    std::size_t event = 0;
    bool operator==(const Place&) const = default;
  };
  /// Behind the newest one.
  Place end() const;
  /// Of one generation, those from `from` on, but not `end` and what follows. Sets `from` to where to go on;
  /// to `end` when done.
  std::vector<KnownEvent> page(Place& from, Place end) const;

 private:
  /// Counts events in the order of arrival; goes round.
  using Number = std::uint32_t;
  struct Generation {
    schema::EventTime newest = schema::kBeginning;
    std::vector<KnownEvent> events;
  };
  /// Few, so that the identities in memory are hardly more than those that matter. All generations but the
  /// last have so many.
  static constexpr Number kGenerationEvents = 4'096;

  struct NumberHash {
    const Identities* identities;
    std::size_t operator()(Number number) const { return (*this)(identities->at(number).key); }
    std::size_t operator()(const schema::EventKey& key) const { return schema::EventKeyHash{}(key); }
  };
  struct SameNumber {
    using is_transparent = void;
    const Identities* identities;
    bool operator()(Number a, Number b) const {
      return a == b || identities->at(a).key == identities->at(b).key;
    }
    bool operator()(const schema::EventKey& key, Number b) const { return key == identities->at(b).key; }
    bool operator()(Number a, const schema::EventKey& key) const { return (*this)(key, a); }
  };

  const KnownEvent& at(Number number) const {
    const Number place = number - first_;
    return generations_[place / kGenerationEvents].events[place % kGenerationEvents];
  }
  void open_generation();

  // Part of each hash is kept beside its number: other events are hardly ever looked at.
  tsl::robin_set<Number, NumberHash, SameNumber, std::allocator<Number>, true> numbers_;
  std::deque<Generation> generations_;
  std::vector<KnownEvent> spare_;  // memory for the next generation
  Number first_ = 0;               // of the oldest event
};

}  // namespace pollux::actors
