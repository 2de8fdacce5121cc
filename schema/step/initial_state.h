// What every attribute is before any event.
#pragma once

#include <vector>

#include "schema/model/model.h"
#include "schema/value.h"

namespace pollux::schema {

/// By entity, then attribute: the value at the beginning of time, which follows from the model alone.
std::vector<std::vector<Value>> initial_state(const Model& model);

}  // namespace pollux::schema
