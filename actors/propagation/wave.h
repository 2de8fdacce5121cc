// One epoch's change running through the affected entities.
#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <atomic>
#include <caf/fwd.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "actors/propagation/entity.h"
#include "actors/propagation/plan.h"
#include "actors/propagation/recollection.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// Runs one epoch at a time over the entities of a domain. A change is sent by writing the inbox slots of
/// dependents, past their mailboxes; who has something in its inbox runs with its level. A level with many
/// entities is cut into portions, which CAF schedules like actors; a small one is not worth another core and
/// runs where the last one did.
///
/// Measured against a join counter an edge and one scheduled step an entity (100 x 100 lattice): each counter
/// is an atomic operation that waits for the slots' cache lines to be written, which took half of the time.
class Wave {
 public:
  /// `entities`: all of the domain, by index. A level with at least two portions of `portion_entities` is
  /// shared. `on_settled` is called, by whichever worker ran the last portion, once all have run and
  /// everything they wrote can be seen; not where `start` says so itself.
  Wave(const schema::Model& model, caf::actor_system& system, std::vector<Entity*> entities,
       std::size_t portion_entities, std::function<void()> on_settled);

  /// Starts an epoch: the entities that have events or are woken run, and then all that their changes reach.
  /// True where the epoch has settled on return. `events` must live until it has. REQUIRES: it knows their
  /// identities.
  ///
  /// `recollection` (may be null, must live as long): brings back the past that memory has dropped, of each
  /// entity that needs it; the epoch then runs on this thread alone. Where that fails the wave stops, and the
  /// domain's state is of no use any more.
  bool start(const schema::EventBatch& events, const std::vector<schema::EntityIndex>& woken,
             const EpochTimes& times, Recollection* recollection = nullptr);

  /// How often links were followed in this epoch, and one more. REQUIRES: settled.
  std::uint32_t rounds() const { return round_ + 1; }

  /// After settling: calls `visit` with what each worker recorded, then clears it.
  void collect(const std::function<void(Workspace&)>& visit);

  /// REQUIRES: settled. Checks every entity.
  void check_invariants() const;

 private:
  /// A part of a level, as CAF sees it. Counted, because a scheduler lets go of it only after it has run.
  class Portion final : public caf::ref_counted, public caf::resumable {
   public:
    Wave* wave = nullptr;
    std::span<const schema::EntityIndex> entities;

    resume_result resume(caf::execution_unit*, std::size_t) override;
    void intrusive_ptr_add_ref_impl() override { ref(); }
    void intrusive_ptr_release_impl() override { deref(); }
  };

  static constexpr std::uint32_t kNoEvent = 0xffff'ffff;
  static constexpr std::size_t kFetchedAhead = 4;  // entities of a level

  void file(const schema::EventBatch& events);
  bool run_levels();
  void fetch_ahead(std::span<const schema::EntityIndex> level, std::size_t i) const;
  void fetch_due(const Entity& entity) const;
  void keep_changes();
  void run(Entity& entity, Workspace& workspace);
  void run(std::span<const schema::EntityIndex> entities, Workspace& workspace);
  void share(std::span<const schema::EntityIndex> level);
  void finish_portion();
  void observe_events(Entity& entity, Workspace& workspace);
  void look_ahead(const Entity& entity, std::uint32_t event, Workspace& workspace) const;

  caf::actor_system& system_;
  const std::vector<Entity*> entities_;
  const std::size_t portion_entities_;
  const std::function<void()> on_settled_;
  Plan plan_;
  std::vector<std::uint32_t> first_event_;  // by entity: head of its list of events in this epoch
  std::vector<std::uint32_t> next_event_;   // by event: the entity's next one
  const schema::EventBatch* events_ = nullptr;
  EpochTimes times_;
  Recollection* recollection_ = nullptr;
  std::uint32_t round_ = 0;
  Workspace earlier_;                                  // what former rounds recorded, in order
  std::vector<caf::intrusive_ptr<Portion>> portions_;  // kept for the next level
  bool reaches_back_ = false;  // messages of this epoch do, perhaps, to where there are versions already
  std::atomic<std::size_t> portions_left_{0};
  oneapi::tbb::enumerable_thread_specific<Workspace> workspaces_;
};

}  // namespace pollux::actors
