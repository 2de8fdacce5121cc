// An actor whose hand-overs from thread to thread, inside CAF and TBB, ThreadSanitizer is told of.
#pragma once

#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <utility>

#include "actors/scheduling/happens_before.h"

namespace pollux::actors {

#ifdef __SANITIZE_THREAD__

/// An event-based actor: whoever sends to it hands over to it, and so does it to itself from message to
/// message, on whichever thread.
class HandedOverActor : public caf::event_based_actor {
 public:
  using event_based_actor::event_based_actor;

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    handed_over(this);
    event_based_actor::enqueue(std::move(what), host);
  }

  /// Before it is destroyed, by whoever let go of it last.
  void on_destroy() override {
    taken_over(this);
    taken_over(static_cast<caf::resumable*>(this));
    event_based_actor::on_destroy();
  }

 protected:
  /// What `make_behavior` is to return.
  caf::behavior handed_over_to(const caf::behavior& behavior) {
    caf::behavior::impl_ptr outer = caf::make_counted<Behavior>(this, behavior.as_behavior_impl());
    handed_over(outer.get());
    handed_over(this);
    return caf::behavior(std::move(outer));
  }

 private:
  class Behavior final : public caf::detail::behavior_impl {
   public:
    Behavior(HandedOverActor* actor, pointer behavior) : actor_(actor), behavior_(std::move(behavior)) {}

    caf::match_case::result invoke(caf::detail::invoke_result_visitor& visitor,
                                   caf::type_erased_tuple& message) override {
      taken_over(this);
      taken_over(actor_);
      const auto result = behavior_->invoke(visitor, message);
      handed_over(actor_);
      return result;
    }

   private:
    HandedOverActor* const actor_;
    const pointer behavior_;
  };
};

#else

/// An event-based actor.
class HandedOverActor : public caf::event_based_actor {
 public:
  using event_based_actor::event_based_actor;

 protected:
  /// What `make_behavior` is to return.
  static caf::behavior handed_over_to(caf::behavior behavior) { return behavior; }
};

#endif

}  // namespace pollux::actors
