#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>

#include "schema/model/division.h"
#include "server/cli/model_source.h"
#include "server/cli/verbs.h"

namespace pollux::server::cli {
namespace {

void print_domains(const schema::Model& model) {
  const auto domains = schema::summarise_domains(model);
  for (std::size_t d = 0; d < domains.size(); ++d) {
    std::cout << "  domain " << model.domain_name(static_cast<schema::DomainIndex>(d)) << ": "
              << domains[d].entities << " entities (" << domains[d].constraints << " constraints), "
              << domains[d].links_in << " links in, " << domains[d].links_out << " links out\n";
  }
}

int run_check(const ModelSource& source) {
  int exit_code = kOk;
  const auto model = load_or_explain(source, exit_code);
  if (model == nullptr) return exit_code;
  std::size_t constraints = 0;
  for (std::size_t i = 0; i < model->entity_count(); ++i) {
    const auto& type = model->type_of(static_cast<schema::EntityIndex>(i));
    constraints += type.kind == schema::Kind::constraint ? 1 : 0;
  }
  std::cout << source.model << ": ok: twin " << model->name() << ", " << model->types().size() << " types, "
            << model->entity_count() << " entities (" << constraints << " constraints), "
            << model->sources().size() << " sources, version " << model->version().substr(0, 12) << "\n";
  if (model->domain_count() > 1) print_domains(*model);
  return kOk;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto source = std::make_shared<ModelSource>();
  auto* verb = app.add_subcommand("check", "Check a model file; report every mistake with its line");
  verb->add_option("MODEL", source->model, "The model file")->required();
  verb->add_option("--parameters", source->parameters, "Parameter files laid over the model, later ones win");
  verb->callback([source, &exit_code] { exit_code = run_check(*source); });
}

}  // namespace pollux::server::cli
