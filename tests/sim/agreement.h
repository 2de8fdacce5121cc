// Where a twin and the oracle differ.
#pragma once

#include <span>
#include <string>

#include "actors/settled_state.h"
#include "schema/model/model.h"
#include "tests/sim/oracle.h"

namespace pollux::sim {

/// Versions one a line, for people.
std::string describe(std::span<const actors::Version> versions);

/// The first attribute whose versions differ, with both; or the episodes. Empty where there is no difference.
std::string first_difference(const schema::Model& model, const actors::SettledState& state,
                             const Expected& expected);

}  // namespace pollux::sim
