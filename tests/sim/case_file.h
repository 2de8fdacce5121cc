// A simulation as a text file: what a failure is reported as, and what regression tests keep.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "tests/sim/simulation.h"

namespace pollux::sim {

/// A simulation by names, so that its parts can be taken away one by one.
struct CaseFile {
  std::string note;  ///< One line: what it once found.
  Conditions conditions;
  std::vector<std::string> model;                    ///< The model file, by line.
  std::vector<std::vector<std::string>> deliveries;  ///< Each a batch of CloudEvents in JSON.
};

CaseFile make_case_file(const std::string& model_text, const schema::Model& model,
                        const std::vector<schema::EventBatch>& deliveries, const Conditions& conditions);

/// As YAML: `conditions` (those that are not the default), `model`, `deliveries`.
std::string to_text(const CaseFile& file);
/// REQUIRES: as `to_text` writes it; throws what yaml-cpp throws where it is not.
CaseFile read_case_file(const std::string& text);

/// Those kept in tests/sim/regressions, by name, and one of them.
std::vector<std::string> regression_names();
CaseFile read_regression(const std::string& name);

/// What can be simulated.
struct LoadedCase {
  std::shared_ptr<const schema::Model> model;
  std::vector<schema::EventBatch> deliveries;
};
/// Nothing where the model or an event is not valid; `why` then tells.
std::optional<LoadedCase> load(const CaseFile& file, std::string& why);

}  // namespace pollux::sim
