// Tells ThreadSanitizer of hand-overs between threads that happen inside libraries which are not built for
// it. Nothing of this is left in other builds.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace pollux::actors {

#ifdef __SANITIZE_THREAD__

/// A function that ThreadSanitizer does not look into.
#define POLLUX_UNSEEN __attribute__((no_sanitize("thread")))

/// What this thread did until now is seen by whoever calls `taken_over` with the same address next.
inline void handed_over(const void* what) {
  __tsan_release(const_cast<void*>(what));
}
inline void taken_over(const void* what) {
  __tsan_acquire(const_cast<void*>(what));
}

#else

#define POLLUX_UNSEEN

inline void handed_over(const void*) {}
inline void taken_over(const void*) {}

#endif

}  // namespace pollux::actors
