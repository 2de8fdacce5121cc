#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "server/cli/verbs.h"

namespace pollux::server::cli {
namespace {

int run_version() {
  std::cout << "pollux " POLLUX_VERSION "\n";
  return kOk;
}

}  // namespace

void add_version(CLI::App& app, int& exit_code) {
  app.set_version_flag("--version", "pollux " POLLUX_VERSION);
  auto* verb = app.add_subcommand("version", "Print the version");
  verb->callback([&exit_code] { exit_code = run_version(); });
}

}  // namespace pollux::server::cli
