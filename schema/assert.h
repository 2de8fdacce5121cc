// An assertion that stays on in release: a bug must stop the process before it is written to disk.
#pragma once

namespace pollux::schema {

/// Prints the broken condition and where it stands to stderr, then aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace pollux::schema

#define POLLUX_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::pollux::schema::assertion_failed(#condition, __FILE__, __LINE__))
