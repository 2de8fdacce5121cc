#include "server/cli/recorded_data.h"

#include <cstdio>

#include "server/cli/model_source.h"
#include "server/cli/verbs.h"

namespace pollux::server::cli {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

Result<ModelText> read_model(const std::string& file, const std::vector<std::string>& parameters) {
  Result<std::string> text = read_file(file, schema::kModelBytesMax);
  if (!text.ok()) return std::move(text).error();
  ModelText model{file, std::move(text).value(), {}};
  for (const std::string& name : parameters) {
    Result<std::string> parameter_text = read_file(name, schema::kModelBytesMax);
    if (!parameter_text.ok()) return std::move(parameter_text).error();
    model.parameters.push_back({name, std::move(parameter_text).value()});
  }
  return model;
}

Result<Mapping> read_mapping(const std::string& file) {
  Result<std::string> text = read_file(file, kMappingBytesMax);
  if (!text.ok()) return std::move(text).error();
  auto parsed = parse_mapping(*text, file);
  if (const auto* errors = std::get_if<MappingErrors>(&parsed)) {
    return Error{ErrorCode::invalid, "the mapping has errors\n" + errors->text(), file,
                 "server/replay/MAPPING.md describes the format"};
  }
  return std::get<Mapping>(std::move(parsed));
}

int fail(const Error& error) {
  std::fprintf(stderr, "pollux: %s\n", error.text().c_str());
  switch (error.code) {
    case ErrorCode::io:
    case ErrorCode::no_space:
    case ErrorCode::not_found:
    case ErrorCode::unavailable:
    case ErrorCode::overloaded:
      return kInputOutput;
    default:
      return kFailed;
  }
}

}  // namespace pollux::server::cli
