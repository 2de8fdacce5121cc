// Lets CAF run its actors on TBB's work-stealing threads.
#pragma once

#include <caf/actor_system_config.hpp>

namespace pollux::actors {

/// Makes systems of `config` schedule on a TBB task arena of `threads` workers (0: one a core) in place of
/// CAF 0.17's own work stealing, whose queue degrades with many runnable actors (see README.md beside this
/// file).
void use_tbb_scheduler(caf::actor_system_config& config, unsigned threads);

}  // namespace pollux::actors
