#include "schema/graph.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "server/cli/model_source.h"
#include "server/cli/verbs.h"

namespace pollux::server::cli {
namespace {

struct GraphOptions {
  ModelSource source;
  std::string output = "dot";
};

int run_graph(const GraphOptions& options) {
  int exit_code = kOk;
  const auto model = load_or_explain(options.source, exit_code);
  if (model == nullptr) return exit_code;
  std::cout << (options.output == "json" ? schema::graph_json(*model) : schema::graph_dot(*model));
  std::cout << std::flush;
  return std::cout.good() ? kOk : kInputOutput;
}

}  // namespace

void add_graph(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GraphOptions>();
  auto* verb = app.add_subcommand("graph", "Print the dependency graph of a model");
  verb->add_option("MODEL", options->source.model, "The model file")->required();
  verb->add_option("--parameters", options->source.parameters,
                   "Parameter files laid over the model, later ones win");
  verb->add_option("-o,--output", options->output, "dot (Graphviz) or json")
      ->check(CLI::IsMember({"dot", "json"}))
      ->capture_default_str();
  verb->callback([options, &exit_code] { exit_code = run_graph(*options); });
}

}  // namespace pollux::server::cli
