// `pollux score`: episodes compared with labelled faults.
#pragma once

#include <CLI/CLI.hpp>

namespace pollux::server {

/// Adds the verb; when it is the one given, `exit_code` is set once it has run.
void add_score_verb(CLI::App& app, int& exit_code);

}  // namespace pollux::server
