// The dependency graph of a model for people and tools.
#pragma once

#include <string>

#include "schema/model.h"

namespace pollux::schema {

/// Graphviz DOT: one node an entity (shape by kind), one arrow a binding, labelled `attribute -> input`.
std::string graph_dot(const Model& model);

/// JSON:
/// {"model","version","entities":[{"id","type","kind","depth"}],"bindings":[{"from","attribute","to","input"}]}.
std::string graph_json(const Model& model);

}  // namespace pollux::schema
