#include <CLI/CLI.hpp>

#include "server/cli/verbs.h"

namespace {

constexpr const char* kFooter =
    "Options of serve can also be given in the environment, as POLLUX_ and the name; the flag wins.\n"
    "Exit codes: 0 ok; 1 the check failed, or a model or question was refused; 2 wrong usage; 3 the data\n"
    "directory is damaged, locked or another twin's; 4 a file or the network failed; 5 done, but some rows\n"
    "of recorded data were not taken; 130 interrupted.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Pollux, an execution-grade digital twin server.", "pollux");
  app.require_subcommand(1);
  app.footer(kFooter);
  int exit_code = pollux::server::cli::kOk;

  pollux::server::cli::add_serve(app, exit_code);
  pollux::server::cli::add_check(app, exit_code);
  pollux::server::cli::add_graph(app, exit_code);
  pollux::server::cli::add_quarantine(app, exit_code);
  pollux::server::cli::add_replay(app, exit_code);
  pollux::server::cli::add_baseline(app, exit_code);
  pollux::server::cli::add_score(app, exit_code);
  pollux::server::cli::add_watch(app, exit_code);
  pollux::server::cli::add_journal(app, exit_code);
  pollux::server::cli::add_snapshot(app, exit_code);
  pollux::server::cli::add_backup(app, exit_code);
  pollux::server::cli::add_restore(app, exit_code);
  pollux::server::cli::add_why(app, exit_code);
  pollux::server::cli::add_impact(app, exit_code);
  pollux::server::cli::add_version(app, exit_code);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? pollux::server::cli::kOk : pollux::server::cli::kUsage;
  }
  return exit_code;
}
