// The CAF actor that an entity of the twin is.
#pragma once

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <memory>
#include <utility>

#include "actors/propagation/entity.h"
#include "actors/scheduling/hand_over.h"

namespace pollux::actors {

/// Asks an entity who it is: its index in the model.
using identify_atom = caf::atom_constant<caf::atom("identify")>;

/// Tells the supervisor that an entity's actor has died, and hands the entity over.
using died_atom = caf::atom_constant<caf::atom("died")>;
using OrphanPtr = std::shared_ptr<EntityPtr>;

/// Owns an entity's state for as long as it lives. Changes of its inputs do not come through its mailbox:
/// they are written into its inbox slots and its step is scheduled beside it (see wave.h). The mailbox is for
/// everything rare, and its handlers only read. Should it die, of an exit message or an exception in a
/// handler, its supervisor gets the entity and puts another actor in its place.
class EntityActor final : public HandedOverActor {
 public:
  EntityActor(caf::actor_config& config, EntityPtr entity, caf::actor_addr supervisor)
      : HandedOverActor(config), entity_(std::move(entity)), supervisor_(std::move(supervisor)) {}

  const char* name() const override { return "pollux.entity"; }

  /// Nobody needs it any more: that is no death.
  void on_destroy() override {
    taken_over(this);
    entity_.reset();
    HandedOverActor::on_destroy();
  }

 protected:
  caf::behavior make_behavior() override {
    return handed_over_to({[this](identify_atom) { return entity_->index(); }});
  }

  void on_exit() override {
    taken_over(this);
    if (entity_ == nullptr) return;
    const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
    if (!supervisor) return;
    caf::anon_send(supervisor, died_atom::value, std::make_shared<EntityPtr>(std::move(entity_)));
    handed_over(this);
  }

 private:
  EntityPtr entity_;
  const caf::actor_addr supervisor_;  // it owns this one, so this must not keep it alive
};

}  // namespace pollux::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::OrphanPtr)
