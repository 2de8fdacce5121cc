// `pollux why`: the chain of inputs, rules and events behind a value.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "server/cli/answer_text.h"
#include "server/cli/ask.h"
#include "server/cli/verbs.h"
#include "server/http/target.h"

namespace pollux::server::cli {
namespace {

struct WhyOptions {
  AskOptions ask;
  std::string entity;
  std::string attribute;
  std::string time;
  std::string as_known_at;
  unsigned depth = 5;
};

int run_why(const WhyOptions& options) {
  std::string path = "/v1/why/" + percent_encode(options.entity) + "/" + percent_encode(options.attribute);
  add_parameter(path, "depth", std::to_string(options.depth));
  add_parameter(path, "at", options.time);
  add_parameter(path, "as_known_at", options.as_known_at);
  return ask("why", options.ask, path, why_text);
}

}  // namespace

void add_why(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<WhyOptions>();
  auto* verb = app.add_subcommand("why", "Ask a running twin what a value was made from");
  verb->add_option("ENTITY", options->entity, "Its id")->required();
  verb->add_option("ATTRIBUTE", options->attribute, "One of its attributes")->required();
  verb->add_option("--time", options->time, "An event time in the past, RFC 3339; without it the present");
  verb->add_option(
      "--as-known-at", options->as_known_at,
      "A journal position (of several domains cooling:12,power:7), or an RFC 3339 time: what was known then; "
      "without it all that is known now");
  verb->add_option("--depth", options->depth, "Levels of inputs, at most 32")->capture_default_str();
  verb->add_option("--at", options->ask.server, "The server, http://HOST:PORT")->capture_default_str();
  verb->add_option("-o,--output", options->ask.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  verb->callback([options, &exit_code] { exit_code = run_why(*options); });
}

}  // namespace pollux::server::cli
