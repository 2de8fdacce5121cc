// Symbols every model has, at fixed indices.
#pragma once

#include "schema/value.h"

namespace pollux::schema::symbols {

inline constexpr Symbol kSatisfied = 0;
inline constexpr Symbol kViolated = 1;
inline constexpr Symbol kUnknown = 2;

}  // namespace pollux::schema::symbols
