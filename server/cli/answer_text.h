// The server's answers about causes and consequences as text for people.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::server::cli {

/// Of GET /v1/why: a line each value, what it was made from indented below it. Errors: corrupt.
schema::Result<std::string> why_text(std::string_view body);

/// Of GET /v1/impact, with a supposed value or without: a table each. Errors: corrupt.
schema::Result<std::string> impact_text(std::string_view body);

}  // namespace pollux::server::cli
