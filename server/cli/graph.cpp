#include "schema/graph/graph.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "schema/graph/graph_analysis.h"
#include "server/cli/graph_table.h"
#include "server/cli/model_source.h"
#include "server/cli/verbs.h"

namespace pollux::server::cli {
namespace {

struct GraphOptions {
  ModelSource source;
  std::string output;  ///< Empty: dot, or a table of the analysis.
  bool analyse = false;
  std::size_t top = 20;
};

std::string render(const schema::Model& model, const GraphOptions& options) {
  if (!options.analyse)
    return options.output == "json" ? schema::graph_json(model) : schema::graph_dot(model);
  const schema::GraphAnalysis analysis = schema::analyse_graph(model);
  if (options.output != "json") return graph_table(model, analysis, options.top);
  return schema::graph_analysis_json(model, analysis, options.top) + "\n";
}

int run_graph(const GraphOptions& options) {
  if (options.output == (options.analyse ? "dot" : "table")) {
    std::cerr << "pollux graph: -o " << options.output << " is for a graph "
              << (options.analyse ? "without --analyse\n" : "with --analyse\n");
    return kUsage;
  }
  int exit_code = kOk;
  const auto model = load_or_explain(options.source, exit_code);
  if (model == nullptr) return exit_code;
  std::cout << render(*model, options) << std::flush;
  return std::cout.good() ? kOk : kInputOutput;
}

}  // namespace

void add_graph(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GraphOptions>();
  auto* verb = app.add_subcommand("graph", "Print the dependency graph of a model, or what its shape says");
  verb->add_option("MODEL", options->source.model, "The model file")->required();
  verb->add_option("--parameters", options->source.parameters,
                   "Parameter files laid over the model, later ones win");
  verb->add_option("-o,--output", options->output,
                   "dot (Graphviz) or json; with --analyse table or json. Default: the first")
      ->check(CLI::IsMember({"dot", "json", "table"}));
  verb->add_flag("--analyse", options->analyse,
                 "Fan-in and fan-out, depth, the longest path, what fails with each entity");
  verb->add_option("--top", options->top,
                   "With --analyse: how many entities to show, what most depends on first")
      ->capture_default_str();
  verb->callback([options, &exit_code] { exit_code = run_graph(*options); });
}

}  // namespace pollux::server::cli
