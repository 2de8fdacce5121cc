// The verbs of `pollux`: one function each adds its subcommand; running it sets the exit code.
#pragma once

#include <CLI/App.hpp>

namespace pollux::server::cli {

/// What the process ends with; documented in `pollux --help`.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< The check failed: the model has errors, or was refused; or a question was.
  kUsage = 2,          ///< The command line is wrong.
  kDataDirectory = 3,  ///< The data directory is damaged, locked, or belongs to something else.
  kInputOutput = 4,    ///< A file or the network failed.
  kRejected = 5,       ///< Done, but some rows of recorded data were not taken.
  kInterrupted = 130,  ///< Stopped by SIGINT or SIGTERM before the end.
};

// `app` and `exit_code` must outlive parsing.
void add_backup(CLI::App& app, int& exit_code);
void add_baseline(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_graph(CLI::App& app, int& exit_code);
void add_journal(CLI::App& app, int& exit_code);
void add_impact(CLI::App& app, int& exit_code);
void add_quarantine(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_score(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_snapshot(CLI::App& app, int& exit_code);
void add_version(CLI::App& app, int& exit_code);
void add_watch(CLI::App& app, int& exit_code);
void add_why(CLI::App& app, int& exit_code);

}  // namespace pollux::server::cli
