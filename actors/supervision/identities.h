// The identities of the events that may still be revised or sent again.
#pragma once

#include <algorithm>
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
  /// Few, so that the identities in memory are hardly more than those that matter.
  static constexpr unsigned kGenerationBits = 12;
  /// `generation_bits`: two to this power are forgotten at a time.
  explicit Identities(unsigned generation_bits = kGenerationBits)
      : bits_(generation_bits), numbers_(0, NumberHash{this}, SameNumber{this}) {}
  Identities(const Identities&) = delete;
  Identities& operator=(const Identities&) = delete;

  /// False where its identity is known already.
  bool add(const KnownEvent& event);
  bool contains(const schema::EventKey& key) const { return numbers_.contains(key); }
  /// Null where it is not known. Valid until the next call that changes anything.
  const KnownEvent* find(const schema::EventKey& key) const;

  /// Ends an epoch. Forgets the oldest generations of which every event lies before `final_before`, or lies
  /// before `old_before` and is in the journal by now; but never the last one.
  void end_epoch(schema::EventTime final_before, schema::EventTime old_before);
  /// The same, and forgets nothing.
  void end_epoch() { ++epoch_; }
  /// Of events before this, some may have been forgotten.
  schema::EventTime forgotten_before() const { return forgotten_before_; }
  void forgot_before(schema::EventTime time) { forgotten_before_ = std::max(forgotten_before_, time); }
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
    std::uint64_t epoch = 0;  // of the newest one
    std::vector<KnownEvent> events;
  };
  /// So many epochs later an event is in the journal: at most three are on their way there.
  static constexpr std::uint64_t kEpochsOnTheirWay = 4;

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
    return generations_[place >> bits_].events[place & (full() - 1)];
  }
  /// All generations but the last have so many.
  Number full() const { return Number{1} << bits_; }
  void open_generation();

  const unsigned bits_;
  // Part of each hash is kept beside its number: other events are hardly ever looked at.
  tsl::robin_set<Number, NumberHash, SameNumber, std::allocator<Number>, true> numbers_;
  std::deque<Generation> generations_;
  std::vector<KnownEvent> spare_;  // memory for the next generation
  Number first_ = 0;               // of the oldest event
  std::uint64_t epoch_ = 0;
  schema::EventTime forgotten_before_ = schema::kBeginning;
};

}  // namespace pollux::actors
