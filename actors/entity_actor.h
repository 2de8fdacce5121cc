// The CAF actor that an entity of the twin is.
#pragma once

#include <caf/event_based_actor.hpp>
#include <utility>

#include "actors/entity.h"

namespace pollux::actors {

/// Asks an entity who it is: its index in the model.
using identify_atom = caf::atom_constant<caf::atom("identify")>;

/// Owns an entity's state for as long as it lives. Changes of its inputs do not come through its mailbox:
/// they are written into its inbox slots and its step is scheduled beside it (see wave.h). The mailbox is for
/// everything rare.
class EntityActor final : public caf::event_based_actor {
 public:
  EntityActor(caf::actor_config& config, EntityPtr entity)
      : event_based_actor(config), entity_(std::move(entity)) {}

  const char* name() const override { return "pollux.entity"; }

 protected:
  caf::behavior make_behavior() override {
    return {[this](identify_atom) { return entity_->index(); }};
  }

 private:
  EntityPtr entity_;
};

}  // namespace pollux::actors
