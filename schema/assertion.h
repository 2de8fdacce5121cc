// Assertions for bugs of our own; kept in release builds.
#pragma once

namespace pollux::schema {

/// Prints what was expected and where, then aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* meaning, const char* file, int line);

}  // namespace pollux::schema

/// Aborts with `meaning` where `condition` is false.
#define POLLUX_ASSERT(condition, meaning)                                                              \
  (__builtin_expect(static_cast<bool>(condition), 1)                                                   \
       ? static_cast<void>(0)                                                                          \
       : ::pollux::schema::assertion_failed(#condition, meaning, __FILE__, __LINE__))
