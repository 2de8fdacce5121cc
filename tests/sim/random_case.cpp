#include "tests/sim/random_case.h"

#include <utility>
#include <variant>

#include "schema/assert.h"
#include "schema/model/model_file.h"
#include "tests/sim/random_twin.h"

namespace pollux::sim {

SimulationCase random_case(std::uint64_t seed) {
  Random random(seed);
  SimulationCase one;
  one.model_text = random_model(random);
  auto loaded = schema::load_model(one.model_text, "random.yaml");
  POLLUX_ASSERT(std::holds_alternative<schema::Model>(loaded), "random models are valid");
  one.model = std::make_shared<const schema::Model>(std::move(std::get<schema::Model>(loaded)));
  RandomCase events;
  random_events(random, *one.model, events);
  one.deliveries = std::move(events.deliveries);
  one.conditions = random_conditions(seed, one.deliveries);
  return one;
}

}  // namespace pollux::sim
