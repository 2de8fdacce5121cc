// The smallest case that still fails.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/case_file.h"

namespace pollux::sim {

/// Whether a case fails, and how; empty where it does not, or is not valid.
using Fails = std::function<std::string(const CaseFile&)>;

/// Simulates it in a process of its own, since a broken assertion is a failure too.
std::string fails_in_simulation(const CaseFile& file);

/// Takes away deliveries, events, disorder, faults and lines of the model as long as the case still fails.
/// Bounded by `kShrinkRoundsMax` rounds over all of these. REQUIRES: `file` fails.
CaseFile shrink(CaseFile file, const Fails& fails);
inline constexpr int kShrinkRoundsMax = 6;

/// For the output of a failing test: how the shrunk case fails, and the text to keep in
/// tests/sim/regressions.
std::string explain_failure(const CaseFile& file, const Fails& fails = fails_in_simulation);

}  // namespace pollux::sim
