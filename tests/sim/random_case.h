// A whole simulation as one seed has it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "tests/sim/case_file.h"
#include "tests/sim/simulation.h"

namespace pollux::sim {

struct SimulationCase {
  std::string model_text;
  std::shared_ptr<const schema::Model> model;
  std::vector<schema::EventBatch> deliveries;
  Conditions conditions;

  CaseFile file() const { return make_case_file(model_text, *model, deliveries, conditions); }
};

SimulationCase random_case(std::uint64_t seed);

}  // namespace pollux::sim
