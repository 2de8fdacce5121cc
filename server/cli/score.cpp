#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <memory>

#include "server/cli/recorded_data.h"
#include "server/cli/verbs.h"
#include "server/replay/score.h"
#include "server/replay/score_report.h"

namespace pollux::server::cli {

using schema::Result;

namespace {

struct Arguments {
  std::string model;
  std::vector<std::string> parameters;
  std::string map;
  ScoreOptions options;
  std::string output = "text";
};

int score_verb(const Arguments& arguments) {
  Result<ModelText> model = read_model(arguments.model, arguments.parameters);
  if (!model.ok()) return fail(model.error());
  Result<Mapping> mapping = read_mapping(arguments.map);
  if (!mapping.ok()) return fail(mapping.error());
  Result<std::vector<RunScore>> scores = score_runs(*model, *mapping, arguments.options);
  if (!scores.ok()) return fail(scores.error());
  fmt::print("{}", arguments.output == "json" ? score_json(*scores)
                                              : score_table(*scores, arguments.output == "wide"));
  return total_of(*scores).rows_rejected > 0 ? kRejected : kOk;
}

}  // namespace

void add_score(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  ScoreOptions& options = arguments->options;
  CLI::App* verb = app.add_subcommand("score", "Compare the episodes a twin finds with labelled faults");
  verb->footer(
      "A row is found faulty when any constraint is violated at its time. The label column is read only "
      "after\n"
      "the twin has run, and a mapping that feeds it to the twin is refused. FAR: share of the healthy rows\n"
      "found faulty. undecided: rows at which every constraint was unknown. Delays are from the start of "
      "each\n"
      "labelled interval. Exit codes: 0 done; 5 done, but rows were rejected; others as in pollux --help.");
  verb->add_option("FILE", options.files, "CSV files, each run through a twin of its own")->required();
  verb->add_option("--map", arguments->map, "Mapping file: which column says what")->required();
  verb->add_option("--model", arguments->model, "Model file")->required();
  verb->add_option("--parameters", arguments->parameters, "Parameter files laid over the model");
  verb->add_option("--label-column", options.label_column, "Column that is 1 where there is a fault")
      ->required();
  auto* commission =
      verb->add_option("--commission", options.commission_rows,
                       "Learn from the first rows of each file, which are taken to be healthy and "
                       "are not scored");
  verb->add_option("--commission-only", options.commission_only,
                   "Learn only parameters matching this pattern of ENTITY.PARAMETER")
      ->needs(commission);
  verb->add_option("-o,--output", arguments->output, "text, wide or json")
      ->check(CLI::IsMember({"text", "wide", "json"}))
      ->capture_default_str();
  verb->callback([arguments, &exit_code] { exit_code = score_verb(*arguments); });
}

}  // namespace pollux::server::cli
