// The analysis of a dependency graph as text for people.
#pragma once

#include <cstddef>
#include <string>

#include "schema/graph/graph_analysis.h"
#include "schema/model/model.h"

namespace pollux::server::cli {

/// Totals, the longest path, and the first `top` entities of the ranking, a line each.
std::string graph_table(const schema::Model& model, const schema::GraphAnalysis& analysis, std::size_t top);

}  // namespace pollux::server::cli
