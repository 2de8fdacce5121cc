// Tells ThreadSanitizer of the hand-overs between threads that happen inside CAF and TBB, whose libraries are
// not built for it. Nothing of this is left in other builds.
#pragma once

#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <utility>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace pollux::actors {

#ifdef __SANITIZE_THREAD__

/// What this thread did until now is seen by whoever calls `taken_over` with the same address next.
inline void handed_over(void* what) {
  __tsan_release(what);
}
inline void taken_over(void* what) {
  __tsan_acquire(what);
}

/// An event-based actor: whoever sends to it hands over to it, and so does it to itself from message to
/// message, on whichever thread.
class HandedOverActor : public caf::event_based_actor {
 public:
  using event_based_actor::event_based_actor;

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    handed_over(this);
    event_based_actor::enqueue(std::move(what), host);
  }

 protected:
  /// What `make_behavior` is to return.
  caf::behavior handed_over_to(caf::behavior behavior) {
    return caf::behavior(caf::make_counted<Behavior>(this, behavior.as_behavior_impl()));
  }

 private:
  class Behavior final : public caf::detail::behavior_impl {
   public:
    Behavior(HandedOverActor* actor, pointer behavior) : actor_(actor), behavior_(std::move(behavior)) {}

    caf::match_case::result invoke(caf::detail::invoke_result_visitor& visitor,
                                   caf::type_erased_tuple& message) override {
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

inline void handed_over(void*) {}
inline void taken_over(void*) {}

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
