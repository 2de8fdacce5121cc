// `pollux replay`: recorded data played back into a twin.
#pragma once

#include <CLI/CLI.hpp>

namespace pollux::server {

/// Adds the verb; when it is the one given, `exit_code` is set once it has run.
void add_replay_verb(CLI::App& app, int& exit_code);

}  // namespace pollux::server
