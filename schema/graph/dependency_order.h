// The order in which things that depend on each other can be evaluated, and the cycles that prevent one.
#pragma once

#include <cstdint>
#include <vector>

#include "schema/grouped.h"

namespace pollux::schema {

/// Each node after all whose dependent it is; among those that could come next, the lowest first (Kahn's
/// algorithm with a heap). Nodes on a cycle, or behind one, are left out.
std::vector<std::uint32_t> topological_order(const Grouped<std::uint32_t>& dependents);

/// One cycle of each strongly connected component (Tarjan's algorithm, without recursion), in the direction
/// of the dependents, each starting with its lowest node; ordered by that node. Empty for an acyclic graph.
std::vector<std::vector<std::uint32_t>> find_cycles(const Grouped<std::uint32_t>& dependents);

}  // namespace pollux::schema
