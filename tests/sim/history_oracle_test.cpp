// The history against the oracle: what a random twin's history says was known at any position is what the
// oracle makes of the events journaled by then.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <random>

#include "actors/history/history_query.h"
#include "actors/inquiry/explanation.h"
#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/sim/oracle.h"
#include "tests/sim/random_twin.h"

namespace pollux::sim {
namespace {

using schema::Model;

std::unique_ptr<actors::Twin> run(const std::shared_ptr<const Model>& model, const RandomCase& one) {
  actors::TwinOptions options;
  options.threads = 1;
  options.clock = actors::ClockMode::events;
  auto twin = actors::Twin::start(model, actors::make_memory_journal(*model), options).value();
  for (const schema::EventBatch& batch : one.deliveries) {
    std::promise<void> done;
    twin->submit(batch, [&done](schema::Result<actors::Receipt> receipt) {
      EXPECT_TRUE(receipt.ok());
      done.set_value();
    });
    done.get_future().get();
  }
  EXPECT_TRUE(twin->wait_for_history(std::chrono::seconds(60)).ok());
  return twin;
}

/// What the oracle makes of the journal up to `known`.
Expected oracle_of(const actors::Twin& twin, schema::Position known, schema::EventTime& clock) {
  schema::EventBatch events;
  std::vector<std::size_t> epoch_ends;
  EXPECT_TRUE(twin.journal()
                  .read(1,
                        [&](schema::EpochRecord& record) {
                          if (record.position > known) return false;
                          for (const auto& event : record.events.events) events.append(record.events, event);
                          epoch_ends.push_back(events.events.size());
                          clock = record.clock;
                          return true;
                        })
                  .ok());
  return interpret(twin.model(), events, clock, epoch_ends);
}

void expect_series(const actors::History& history, const actors::Series& series, schema::Position known,
                   std::span<const actors::Version> versions, schema::EventTime clock) {
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const schema::EventTime last = i + 1 < versions.size() ? versions[i + 1].from - 1 : clock;
    for (const schema::EventTime at : {versions[i].from, last}) {
      const auto believed = actors::value_at(history, series, {at, known});
      ASSERT_TRUE(believed.ok()) << believed.error().text();
      if (!*believed) continue;  // it never changed, so there is but one version
      EXPECT_EQ((**believed).value, versions[i].value) << "at " << at << " known " << known;
      EXPECT_EQ((**believed).since, versions[i].from) << "at " << at << " known " << known;
    }
  }
  if (clock == schema::kBeginning) return;
  const auto page = actors::versions_between(history, series, versions.front().from, clock + 1, known,
                                             versions.front().value, 1'000'000);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(std::ranges::equal(page->versions, versions)) << "known " << known;
}

TEST(HistoryOracle, WhatWasKnownAtAPositionIsWhatTheOracleMakesOfTheEventsUntilThen) {
  constexpr std::uint64_t kCases = 1'000;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    Random random(seed);
    RandomCase one;
    one.model_text = random_model(random);
    auto loaded = schema::load_model(one.model_text, "random.yaml");
    ASSERT_TRUE(std::holds_alternative<Model>(loaded));
    const auto model = std::make_shared<const Model>(std::move(std::get<Model>(loaded)));
    random_events(random, *model, one);
    const auto twin = run(model, one);
    for (int i = 0; i < 4; ++i) {
      const schema::Position known =
          i == 0 ? twin->settled_position() : random() % (twin->settled_position() + 1);
      schema::EventTime clock = schema::kBeginning;
      const Expected expected = oracle_of(*twin, known, clock);
      for (schema::EntityIndex e = 0; e < model->entity_count(); ++e) {
        for (schema::AttributeSlot a = 0; a < model->type_of(e).attributes.size(); ++a) {
          if (model->type_of(e).attributes[a].role == schema::Role::memory) continue;
          SCOPED_TRACE(model->id(e) + "." + model->type_of(e).attributes[a].name);
          expect_series(*twin->history(), {e, a}, known, expected.timelines[e][a], clock);
        }
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", model:\n" << one.model_text;
    }
  }
}

/// An explanation as text, without what only memory knows.
std::string text_of(const actors::Cause& cause) {
  std::string text = std::to_string(cause.entity) + "." + std::to_string(cause.state.attribute) + "=" +
                     std::to_string(cause.state.value.bits) + " " + name_of(cause.state.value.quality) +
                     " since " + std::to_string(cause.since) + " by " + name_of(cause.origin) + " of " +
                     std::to_string(cause.event_time) + " (";
  for (const actors::Cause& input : cause.inputs) text += text_of(input);
  return text + ")";
}

TEST(HistoryOracle, WhyFromTheHistoryIsWhyFromMemory) {
  constexpr std::uint64_t kCases = 300;
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RandomCase one;
    one.model_text = random_model(random);
    const auto model =
        std::make_shared<const Model>(std::get<Model>(schema::load_model(one.model_text, "random.yaml")));
    random_events(random, *model, one);
    const auto twin = run(model, one);
    std::promise<void> done;
    twin->query([&](const actors::SettledState& state) {
      const auto present = [&](auto entity, auto attribute) {
        return state.timeline(entity, attribute).last().value;
      };
      for (int i = 0; i < 30; ++i) {
        const auto e = static_cast<schema::EntityIndex>(random() % model->entity_count());
        const auto a = static_cast<schema::AttributeSlot>(random() % model->type_of(e).attributes.size());
        if (model->type_of(e).attributes[a].role == schema::Role::memory) continue;
        const auto versions = state.timeline(e, a).versions();
        const schema::EventTime from = versions[random() % versions.size()].from;
        const schema::EventTime at = std::min(state.clock(), from == schema::kBeginning ? 0 : from);
        const actors::Explanation memory = actors::explain(*model, state, e, a, 5, at);
        if (!is_held(memory.cause)) continue;
        const auto history = actors::explain(*model, *twin->history(), {at, state.position()}, state.clock(),
                                             present, e, a, 5);
        EXPECT_EQ(history.ok() ? text_of(history->cause) : history.error().text(), text_of(memory.cause));
        ++compared;
      }
      done.set_value();
    });
    done.get_future().get();
    ASSERT_FALSE(testing::Test::HasFailure()) << one.model_text;
  }
  EXPECT_GT(compared, kCases * 5);
}

}  // namespace
}  // namespace pollux::sim
