// `pollux impact`: what depends on an entity or attribute, and what another value would change.
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

struct ImpactOptions {
  AskOptions ask;
  std::string entity;
  std::string attribute;
  std::string value;
  std::string quality;
  unsigned limit = 1'000;
};

int run_impact(const ImpactOptions& options) {
  std::string path = "/v1/impact/" + percent_encode(options.entity);
  if (!options.attribute.empty()) path += "/" + percent_encode(options.attribute);
  add_parameter(path, "value", options.value);
  add_parameter(path, "quality", options.quality);
  add_parameter(path, "limit", std::to_string(options.limit));
  return ask("impact", options.ask, path, impact_text);
}

}  // namespace

void add_impact(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ImpactOptions>();
  auto* verb =
      app.add_subcommand("impact", "Ask a running twin what depends on something, and what would change");
  verb->add_option("ENTITY", options->entity, "Its id")->required();
  verb->add_option("ATTRIBUTE", options->attribute, "One of its attributes; without it all of them");
  verb->add_option(
      "--value", options->value,
      "Suppose the attribute had this value: 80, '30 m3/h', true, open. The twin stays as it is");
  verb->add_option("--quality", options->quality, "Of the supposed value: good, uncertain or bad");
  verb->add_option("--limit", options->limit, "Most entities or changes shown")->capture_default_str();
  verb->add_option("--at", options->ask.server, "The server, http://HOST:PORT")->capture_default_str();
  verb->add_option("-o,--output", options->ask.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  verb->callback([options, &exit_code] { exit_code = run_impact(*options); });
}

}  // namespace pollux::server::cli
