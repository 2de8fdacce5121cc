// What the engine is measured against: the same computations done by others, in the same process.
#pragma once

#include <cstddef>
#include <functional>

#include "tests/bench/engine_models.h"

namespace pollux::bench {

/// Propagates one round of source values and returns when all is done.
using Peer = std::function<void(std::size_t round)>;

/// A loop over the nodes in topological order with plain doubles: what a programmer would write for this one
/// model.
Peer hand_written_loop(const Bench& bench);

/// One oneTBB flow graph continue_node a node, on `threads` threads.
Peer flow_graph(const Bench& bench, int threads);

/// One CAF actor a node, one mailbox message an edge. On TBB's threads, as the engine runs its actors, or on
/// CAF's own work-stealing scheduler, with a thread a core each.
enum class Scheduler : bool { tbb, caf };
Peer message_per_edge(const Bench& bench, Scheduler scheduler);

}  // namespace pollux::bench
