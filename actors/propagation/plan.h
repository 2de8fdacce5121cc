// Which entities an epoch still has to run, lowest first.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/model/model.h"

namespace pollux::actors {

/// The affected cone of an epoch, level by level. An entity's height is one more than that of its highest
/// producer, so when a level is run, everything its entities depend on has been. Entities are added as
/// changes reach them: where a change stops, so does the plan, and what is not reached costs nothing. `model`
/// must outlive it.
///
/// What enters a link comes out later in event time, so it may well reach entities that have run. Links
/// therefore wait until all levels have been run; then they begin another round. Each round is settled up to
/// a link's delay further on than the one before, so the rounds end where the clock stands.
///
/// One thread at a time adds and advances; `claim_shared` may be called by several.
class Plan {
 public:
  explicit Plan(const schema::Model& model);

  /// Starts an epoch. REQUIRES: the former one was run to the end.
  void begin();

  /// True for the first claim of an entity in this round; it is then to be added once.
  bool claim(schema::EntityIndex entity) {
    if (claimed_in_[entity].load(std::memory_order_relaxed) == epoch_) return false;
    claimed_in_[entity].store(epoch_, std::memory_order_relaxed);
    return true;
  }
  /// The same beside other threads.
  bool claim_shared(schema::EntityIndex entity) {
    return claimed_in_[entity].load(std::memory_order_relaxed) != epoch_ &&
           claimed_in_[entity].exchange(epoch_, std::memory_order_relaxed) != epoch_;
  }

  /// REQUIRES: higher than the level being run.
  void add(schema::EntityIndex entity) {
    const std::uint32_t height = heights_[entity];
    if (height == kLink) {
      links_.push_back(entity);
      return;
    }
    levels_[height].push_back(entity);
    if (height > highest_) highest_ = height;
  }

  /// Moves on to the next level with something to run; empty when there is none left. Valid until the next
  /// call.
  std::span<const schema::EntityIndex> next_level();

  /// Counts the rounds of this epoch, from 0.
  std::uint32_t round() const { return round_; }

  void check_invariants() const;

 private:
  static constexpr std::uint32_t kLink = 0xffff'ffff;

  void begin_round();

  std::vector<std::uint32_t> heights_;                  // by entity; kLink: none
  std::vector<std::atomic<std::uint32_t>> claimed_in_;  // by entity: the epoch that last claimed it
  std::vector<std::vector<schema::EntityIndex>> levels_;
  std::vector<schema::EntityIndex> links_;  // to be run at the beginning of the next round
  std::vector<schema::EntityIndex> level_of_links_;
  bool running_links_ = false;
  std::uint32_t epoch_ = 0;  // counts rounds, of all epochs
  std::uint32_t round_ = 0;
  std::uint32_t current_ = 0;  // the next level to look at
  std::uint32_t highest_ = 0;  // the highest one with something in it
};

}  // namespace pollux::actors
