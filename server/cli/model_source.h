// Reading a model and its parameter files from disk, as every verb that takes a model does.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "schema/model/model.h"
#include "schema/model/model_file.h"
#include "schema/result.h"

namespace pollux::server::cli {

/// The files named on the command line.
struct ModelSource {
  std::string model;
  std::vector<std::string> parameters;
};

/// The model, or all its mistakes (exit code 1), or why a file could not be read (exit code 4).
using LoadedModel = std::variant<std::shared_ptr<const schema::Model>, schema::ModelErrors, schema::Error>;
LoadedModel load(const ModelSource& source);

/// Loads and, where that fails, explains on stderr. Null after a failure, with `exit_code` set.
std::shared_ptr<const schema::Model> load_or_explain(const ModelSource& source, int& exit_code);

/// Errors: io, invalid (larger than `bytes_max`).
schema::Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace pollux::server::cli
