#include "tests/sim/short_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <variant>

#include "actors/history/history_query.h"
#include "schema/model/model_file.h"
#include "tests/sim/agreement.h"
#include "tests/sim/random_twin.h"

namespace pollux::sim {

using actors::Twin;
using schema::EventTime;
using schema::Model;

std::vector<actors::EventOutcome> deliver(Twin& twin, const schema::EventBatch& batch) {
  std::promise<std::vector<actors::EventOutcome>> outcomes;
  twin.submit(batch, [&](schema::Result<actors::Receipt> receipt) {
    EXPECT_TRUE(receipt.ok()) << receipt.error().text();
    outcomes.set_value(receipt.ok() ? receipt->outcomes : std::vector<actors::EventOutcome>());
  });
  return outcomes.get_future().get();
}

void deliver(Twin& twin, const std::vector<schema::EventBatch>& deliveries) {
  for (const schema::EventBatch& batch : deliveries) deliver(twin, batch);
  EXPECT_TRUE(twin.wait_for_history(std::chrono::seconds(60)).ok());
}

std::string digest_of(Twin& twin) {
  std::string hex;
  look_at(twin, [&](const actors::SettledState& state) { hex = state.digest().hex; });
  return hex;
}

void expect_remembered(const Twin& twin, const actors::SettledState& state, const actors::Series& series,
                       const std::vector<actors::Version>& want, EventTime held_from) {
  const Model& model = twin.model();
  const auto got = state.timeline(series.entity, series.attribute).versions();
  const std::string name =
      model.id(series.entity) + "." + model.type_of(series.entity).attributes[series.attribute].name;
  const bool is_its_end = got.size() <= want.size() && std::equal(got.rbegin(), got.rend(), want.rbegin());
  EXPECT_TRUE(is_its_end) << name << "\n  engine:\n" << describe(got) << "  oracle:\n" << describe(want);
  EXPECT_TRUE(got.front().from < held_from || got.size() == want.size()) << name;
  if (want.size() == 1) return;
  auto page =
      actors::versions_between(*twin.history(), series, want[1].from - 1, schema::after(state.clock(), 1),
                               state.position(), want.front().value, std::numeric_limits<std::size_t>::max());
  ASSERT_TRUE(page.ok());
  page->versions.front().from = want.front().from;
  EXPECT_TRUE(std::ranges::equal(page->versions, want)) << name << "\n  history:\n"
                                                        << describe(page->versions) << "  oracle:\n"
                                                        << describe(want);
}

Case case_of(std::uint64_t seed) {
  Case one;
  Random random(seed);
  one.random.model_text = random_model(random);
  one.model = std::make_shared<const Model>(
      std::get<Model>(schema::load_model(one.random.model_text, "random.yaml")));
  random_events(random, *one.model, one.random);
  EventTime first = schema::kNever;
  for (const schema::Event& event : one.random.events.events) {
    first = std::min(first, event.time);
    one.clock = std::max(one.clock, event.time);
  }
  one.options.threads = 1 + seed % 2;
  one.options.clock = actors::ClockMode::events;
  one.options.check_invariants = true;
  one.options.portion_entities = 1 + seed % 5;
  one.options.forget_at_once = true;
  one.options.memory = one.clock < first ? 0 : (one.clock - first) / (1 + static_cast<int>(random() % 20));
  if (seed % 3 == 0) one.options.memory = 0;
  return one;
}

}  // namespace pollux::sim
