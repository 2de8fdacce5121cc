// Which entities an epoch can affect, and how many reports each of them must wait for.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/model.h"

namespace pollux::actors {

/// The affected cone of one epoch: its sources and everything that depends on them, with a join counter each.
/// Made anew for every epoch in memory that is kept; costs one visit an affected edge, nothing for the rest.
///
/// Built by one thread; `report` may then be called by any. `model` must outlive it.
class Plan {
 public:
  explicit Plan(const schema::Model& model);

  /// Forgets the former plan. Then sources are added, then the plan is completed.
  void begin();
  void add_source(schema::EntityIndex entity);
  void complete();

  /// Sources first, then in the order they were reached.
  std::span<const schema::EntityIndex> cone() const { return cone_; }
  /// The sources that wait for nobody.
  std::span<const schema::EntityIndex> ready() const { return ready_; }
  /// How many entities of the cone nobody depends on: when these have run, all have.
  std::uint32_t sinks() const { return sinks_; }
  bool is_sink(schema::EntityIndex entity) const { return model_.dependents(entity).empty(); }

  /// Tells `consumer` that one of its producers has run. True for the last one: it can run now, and sees all
  /// that every producer wrote before reporting.
  bool report(schema::EntityIndex consumer) {
    return waiting_for_[consumer].fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  /// REQUIRES: the plan has been run to the end.
  void check_invariants() const;

 private:
  const schema::Model& model_;
  std::vector<std::atomic<std::uint32_t>> waiting_for_;
  std::vector<std::uint32_t> seen_in_;  // the plan number that last reached an entity
  std::uint32_t number_ = 0;
  std::vector<schema::EntityIndex> cone_;
  std::vector<schema::EntityIndex> ready_;
  std::size_t source_count_ = 0;
  std::uint32_t sinks_ = 0;
};

}  // namespace pollux::actors
