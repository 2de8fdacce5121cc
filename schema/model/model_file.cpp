#include "schema/model/model_file.h"

#include <array>

#include "schema/model/model_draft.h"
#include "schema/model/model_fields.h"

namespace pollux::schema {
namespace {

constexpr std::array<std::string_view, 8> kModelKeys = {"twin",  "description", "types",   "entities",
                                                        "links", "claims",      "sources", "domains"};

/// The name of the twin, or a stand-in after saying what is wrong with it.
std::string read_twin_name(const Fields& fields, ErrorList& errors) {
  const auto node = fields.require("twin", "the name of the twin");
  if (node) check_name(*node, NameForm::entity, errors);
  return node ? std::string(node->text()) : std::string();
}

/// Reads all of the model file into the draft.
void read_model(std::string_view text, const Fields& fields, ModelDraft& draft) {
  if (const auto node = fields.find("description")) read_text(*node, "'description'", draft.errors);
  if (const auto node = fields.require("types", "the types of entities")) {
    read_types(*node, draft);
  } else {
    draft.types_known = false;
  }
  compile_expressions(text, draft);
  if (const auto node = fields.require("entities", "the entities of the twin")) {
    read_entities(*node, fields.find("links"), fields.find("claims"), draft);
    if (draft.entities_known) {
      read_domains({fields.find("domains"), *node, fields.find("links"), fields.find("claims"),
                    fields.find("sources")},
                   draft);
    }
  } else {
    draft.entities_known = false;
  }
  if (const auto node = fields.find("sources")) {
    read_sources(*node, draft);
  } else {
    Source any;
    any.name = Model::kDefaultSource;
    draft.builder.add_source(std::move(any));
  }
}

}  // namespace

std::string ModelErrors::text() const {
  std::string result;
  std::size_t count = 0;
  bool all_shown = true;
  const auto append = [&](const std::string& name, const Diagnostics& mistakes) {
    for (const Diagnostic& mistake : mistakes) result += mistake.text(name) + "\n";
    count += mistakes.size();
    all_shown = all_shown && mistakes.size() < kModelDiagnosticsMax;
  };
  append(file, diagnostics);
  for (const FileDiagnostics& other : in_parameter_files) append(other.file, other.diagnostics);
  result += std::to_string(count) + (count == 1 ? " error" : " errors");
  return result + (all_shown ? "\n" : " shown; there may be more\n");
}

std::variant<Model, ModelErrors> load_model(std::string_view text, std::string_view file,
                                            const std::vector<ParameterFile>& parameters) {
  ModelErrors found{std::string(file), {}, {}};
  ErrorList errors;
  const auto tree = YamlTree::read(text, errors);
  if (!tree) {
    found.diagnostics = std::move(errors).sorted();
    return found;
  }
  const Fields fields(tree->root(), {"a model", ""}, kModelKeys, errors);
  ModelDraft draft(read_twin_name(fields, errors), errors);
  read_model(text, fields, draft);
  for (const ParameterFile& parameter_file : parameters) {
    if (!draft.entities_known) break;
    ErrorList own;
    read_parameter_file(parameter_file.text, draft, own);
    if (!own.empty()) {
      found.in_parameter_files.push_back({parameter_file.name, std::move(own).sorted()});
    }
  }
  if (const auto entities = fields.find("entities"); entities && draft.entities_known) {
    check_parameters_given(*entities, draft);
    check_cycles(*entities, draft);
  }
  if (errors.empty() && found.in_parameter_files.empty()) {
    draft.builder.set_source_text(std::string(text));
    return std::move(draft.builder).build();
  }
  found.diagnostics = std::move(errors).sorted();
  return found;
}

}  // namespace pollux::schema
