// Assertions that stay on in release: a broken one is a bug of Pollux, never of its input.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the process with the place and the reason when `condition` does not hold.
#define POLLUX_ASSERT(condition, reason)                                                                  \
  do {                                                                                                    \
    if (!(condition)) [[unlikely]] {                                                                      \
      std::fprintf(stderr, "%s:%d: assertion failed: %s (%s)\n", __FILE__, __LINE__, reason, #condition); \
      std::abort();                                                                                       \
    }                                                                                                     \
  } while (false)
