// The YAML model file: read, resolved, checked. Grammar: schema/model/MODEL.md.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/model/model.h"

namespace pollux::schema {

/// Bounds on a model file; what exceeds one is an error that names it.
inline constexpr std::size_t kModelBytesMax = 256u << 20;
inline constexpr std::size_t kModelDiagnosticsMax = 100;

/// Parameter values learned or tuned outside the model file (`pollux baseline` writes them), laid over it.
struct ParameterFile {
  std::string name;  ///< Path, for messages.
  std::string text;
};

/// What is wrong with one file, in file order, at most `kModelDiagnosticsMax`.
struct FileDiagnostics {
  std::string file;
  Diagnostics diagnostics;
};

/// Everything wrong with a model file and the parameter files laid over it; either may be the sound part.
struct ModelErrors {
  std::string file;
  Diagnostics diagnostics;
  std::vector<FileDiagnostics> in_parameter_files;  ///< Only the files with mistakes.
  std::string text() const;                         ///< All diagnostics, then a line that counts them.
};

/// Loads a model from `text`; `file` is for messages. Parameter files are applied in order, later ones win.
std::variant<Model, ModelErrors> load_model(std::string_view text, std::string_view file,
                                            const std::vector<ParameterFile>& parameters = {});

}  // namespace pollux::schema
