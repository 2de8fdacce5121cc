// A question to a running server, and its answer on the terminal.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace pollux::server::cli {

/// What the verbs that ask a server have in common.
struct AskOptions {
  std::string server = "http://127.0.0.1:8080";
  std::string output = "table";  ///< Or `json`: the answer as it is.
};

/// Adds `name=value` to a path, encoded; nothing where the value is empty.
void add_parameter(std::string& path, std::string_view name, std::string_view value);

/// Gets `path` and prints what `render` makes of the answer, or the answer itself. A refusal is told on
/// standard error. Returns an exit code.
int ask(const char* verb, const AskOptions& options, const std::string& path,
        schema::Result<std::string> (*render)(std::string_view));

}  // namespace pollux::server::cli
