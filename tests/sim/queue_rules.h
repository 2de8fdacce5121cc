// What must hold of every resource at every moment, whatever anyone computed.
#pragma once

#include <string>

#include "actors/settled_state.h"
#include "schema/model/model.h"

namespace pollux::sim {

/// The first rule that some resource breaks, and when; empty where none does.
std::string broken_queue_rule(const schema::Model& model, const actors::SettledState& state);

}  // namespace pollux::sim
