#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <charconv>
#include <cstdio>
#include <memory>

#include "server/cli/recorded_data.h"
#include "server/cli/verbs.h"
#include "server/replay/baseline.h"
#include "server/replay/text_file.h"

namespace pollux::server::cli {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

struct Arguments {
  std::string model;
  std::vector<std::string> parameters;
  std::string from;
  std::string map;
  std::string rows;
  std::vector<std::string> only;
  std::string output;
};

Result<RowRange> parse_rows(std::string_view text) {
  RowRange range;
  if (text.empty()) return range;
  const std::size_t dash = text.find('-');
  const auto number = [](std::string_view digits, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (dash != std::string_view::npos && number(text.substr(0, dash), range.first) &&
      number(text.substr(dash + 1), range.last) && range.first >= 1 && range.first <= range.last) {
    return range;
  }
  return Error{ErrorCode::invalid, "`" + std::string(text) + "` is not a range of rows", "--rows",
               "write FIRST-LAST, counted from 1 after the header, such as 1-400"};
}

int baseline_verb(const Arguments& arguments) {
  Result<RowRange> rows = parse_rows(arguments.rows);
  if (!rows.ok()) return fail(rows.error());
  Result<ModelText> model = read_model(arguments.model, arguments.parameters);
  if (!model.ok()) return fail(model.error());
  Result<Mapping> mapping = read_mapping(arguments.map);
  if (!mapping.ok()) return fail(mapping.error());
  Result<Baseline> baseline = learn_baseline(*model, *mapping, {arguments.from, *rows, arguments.only});
  if (!baseline.ok()) return fail(baseline.error());
  const std::string text = parameter_file_text(*baseline, arguments.model);
  if (arguments.output.empty()) {
    fmt::print("{}", text);
  } else {
    if (auto written = replace_text_file(arguments.output, text); !written.ok()) return fail(written.error());
    fmt::print(stderr, "{}: {} parameters learned from {} rows in {} passes\n", arguments.output,
               baseline->parameters.size(), baseline->rows, baseline->passes);
  }
  if (baseline->rows_rejected == 0) return kOk;
  fmt::print(stderr, "pollux: {} rows of {} were rejected; `pollux replay` lists them\n",
             baseline->rows_rejected, arguments.from);
  return kRejected;
}

}  // namespace

void add_baseline(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("baseline", "Learn a model's parameters from a fault-free run");
  verb->footer(
      "Learns every parameter that has a `baseline:` rule. The file holds the evidence and no date: the "
      "same\n"
      "inputs give the same bytes. Exit codes: 0 done; 5 done, but rows were rejected; others as in pollux "
      "--help.");
  verb->add_option("MODEL", arguments->model, "Model file")->required();
  verb->add_option("--from", arguments->from, "CSV file of a fault-free run")->required();
  verb->add_option("--map", arguments->map, "Mapping file: which column says what")->required();
  verb->add_option("--rows", arguments->rows, "Rows to learn from, FIRST-LAST; default: all");
  verb->add_option("--only", arguments->only,
                   "Learn only parameters matching this pattern of ENTITY.PARAMETER");
  verb->add_option("--parameters", arguments->parameters, "Parameter files laid over the model first");
  verb->add_option("-o", arguments->output, "File to write; default: standard output");
  verb->callback([arguments, &exit_code] { exit_code = baseline_verb(*arguments); });
}

}  // namespace pollux::server::cli
