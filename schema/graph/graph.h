// The dependency graph of a model for people and tools.
#pragma once

#include <string>

#include "schema/model/model.h"

namespace pollux::schema {

/// Graphviz DOT: one node an entity (shape by kind), one arrow a binding, labelled `attribute -> input`. Of
/// several domains each is a cluster, and links between them are dashed.
std::string graph_dot(const Model& model);

/// JSON:
/// {"model","version","entities":[{"id","type","kind","depth"}],"bindings":[{"from","attribute","to","input"}]}.
/// With several domains each entity has a "domain" too, and there are
/// "domains":[{"name","entities"}],"links":[{"id","from_domain","from","attribute","to_domain","delay"}].
std::string graph_json(const Model& model);

}  // namespace pollux::schema
