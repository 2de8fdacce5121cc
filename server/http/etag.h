// Entity tags: a settled state is named by its journal position and the model version.
#pragma once

#include <string>
#include <string_view>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::server {

inline std::string state_etag(const schema::Model& model, schema::Position position) {
  return "\"" + model.version().substr(0, 12) + "-" + std::to_string(position) + "\"";
}

/// Whether an If-None-Match header names `etag` (weak comparison, as RFC 9110 asks for GET).
inline bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace pollux::server
