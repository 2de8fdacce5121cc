// One epoch's change running through the affected entities, each scheduled by CAF when its last input has
// reported.
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/resumable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <oneapi/tbb/enumerable_thread_specific.h>

#include "actors/entity.h"
#include "actors/plan.h"
#include "schema/event.h"
#include "schema/model.h"

namespace pollux::actors {

class Wave;

/// What CAF schedules to let an entity take part in a wave. It bypasses the entity's mailbox: the entity's
/// inbox slots are the messages, its join counter says when they are complete.
class EntityStep final : public caf::resumable {
 public:
  void bind(Wave* wave, Entity* entity) {
    wave_ = wave;
    entity_ = entity;
  }

  resume_result resume(caf::execution_unit* worker, std::size_t) override;
  // The domain keeps entities alive for as long as it runs waves.
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override {}

 private:
  Wave* wave_ = nullptr;
  Entity* entity_ = nullptr;
};

/// Runs one epoch at a time. All functions but the steps belong to the supervisor's thread.
class Wave {
 public:
  /// `entities`: all of the domain, by index. `on_settled` is called, by whichever worker ran the last
  /// entity, once all have run and everything they wrote can be seen.
  Wave(const schema::Model& model, std::vector<Entity*> entities, std::function<void()> on_settled);

  /// Starts an epoch: hands each entity its events, runs the cone of these and of `woken` on `worker` and
  /// whoever helps. False, and nothing runs, where the cone is empty. `events` must live until the wave has
  /// settled.
  bool start(const schema::EventBatch& events, const std::vector<std::uint64_t>& id_hashes,
             const std::vector<schema::EntityIndex>& woken, const EpochTimes& times,
             caf::execution_unit& worker);

  /// After settling: calls `visit` with what each worker recorded, then clears it.
  void collect(const std::function<void(Workspace&)>& visit);

  const Plan& plan() const { return plan_; }
  void check_invariants() const;

 private:
  friend class EntityStep;
  static constexpr std::uint32_t kNoEvent = 0xffff'ffff;

  void step(Entity& entity, caf::execution_unit& worker);
  void observe_events(Entity& entity);

  const schema::Model& model_;
  const std::vector<Entity*> entities_;
  const std::function<void()> on_settled_;
  std::vector<EntityStep> steps_;
  Plan plan_;
  std::vector<std::uint32_t> first_event_;  // by entity: head of its list of events in this epoch
  std::vector<std::uint32_t> next_event_;   // by event: the entity's next one
  const schema::EventBatch* events_ = nullptr;
  const std::vector<std::uint64_t>* id_hashes_ = nullptr;
  EpochTimes times_;
  std::atomic<std::uint32_t> sinks_left_{0};
  oneapi::tbb::enumerable_thread_specific<Workspace> workspaces_;
};

}  // namespace pollux::actors
