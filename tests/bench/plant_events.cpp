#include "tests/bench/plant_events.h"

#include <cstdlib>
#include <string>
#include <variant>

#include "schema/model/model_file.h"

namespace pollux::bench {

std::shared_ptr<const schema::Model> plant() {
  std::string yaml = R"(twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated_flow: { unit: L/s, default: 20 } }
    observed: { speed: { unit: "%" } }
    derived: { flow: { unit: L/s, is: rated_flow * speed / 100 % } }
  Enough:
    kind: constraint
    inputs: { flow: { unit: L/s } }
    requires: flow >= 5 L/s
sources:
  bms: { allowed_lateness: 10 s }
entities:
)";
  for (int i = 0; i < kPumps; ++i) {
    const std::string n = std::to_string(i);
    yaml +=
        "  p" + n + ": { type: Pump }\n  c" + n + ": { type: Enough, inputs: { flow: p" + n + ".flow } }\n";
  }
  auto loaded = schema::load_model(yaml, "bench.yaml");
  if (!std::holds_alternative<schema::Model>(loaded)) std::abort();
  return std::make_shared<const schema::Model>(std::get<schema::Model>(std::move(loaded)));
}

schema::EventBatch batch(const schema::Model& model, int number) {
  schema::EventBatch events;
  const auto speed = model.type_of(0).find_attribute("speed");
  for (int i = 0; i < kBatchEvents; ++i) {
    const std::int64_t n = std::int64_t{number} * kBatchEvents + i;
    const std::uint64_t arbitrary = static_cast<std::uint64_t>(n) * 0x9e37'79b9'7f4a'7c15u;
    const std::int64_t late = n % 10 == 0 ? 2'000 * schema::kMillisecond : 0;
    const schema::EventTime time = 1'800'000'000 * schema::kSecond + n * schema::kSecond / kPumps - late;
    schema::Event& event =
        events.add("bms-" + std::to_string(n), time, 0, static_cast<schema::EntityIndex>(n % kPumps * 2));
    events.values.push_back({speed, schema::Value::number(static_cast<double>(arbitrary >> 12) / 45e12)});
    event.values_count = 1;
  }
  return events;
}

}  // namespace pollux::bench
