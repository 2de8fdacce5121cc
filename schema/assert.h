// Assertions that stay on in release: a broken one is a bug of Pollux, never of its input.
#pragma once

namespace pollux::schema {

/// Prints what was broken, why it matters and where, then aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* reason, const char* file, int line);

}  // namespace pollux::schema

/// POLLUX_ASSERT(condition) or POLLUX_ASSERT(condition, reason): ends the process where `condition` does not
/// hold.
#define POLLUX_ASSERT(condition, ...)                \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::pollux::schema::assertion_failed(#condition, "" __VA_ARGS__, __FILE__, __LINE__))
