// The engine against the oracle: for random models, events, corrections, retractions, disorder, duplicates
// and batching, every version of every attribute and every episode agree, and once more after a restart.
// POLLUX_SIM_CASES sets how many cases, POLLUX_SIM_SEED where they start.
#include "tests/sim/oracle.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "actors/twin.h"
#include "schema/model/model_file.h"
#include "tests/sim/queue_rules.h"
#include "tests/sim/random_case.h"
#include "tests/sim/random_twin.h"
#include "tests/sim/shrink.h"

namespace pollux::sim {
namespace {

using actors::Twin;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Model;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string describe(const actors::Version& version) {
  const schema::Value& v = version.value;
  return std::to_string(version.from) + ": " + std::to_string(v.bits) + " " + name_of(v.quality) + " " +
         name_of(v.reason);
}

std::string describe(std::span<const actors::Version> versions) {
  std::string text;
  for (const actors::Version& version : versions) text += "    " + describe(version) + "\n";
  return text;
}

/// What the twin holds after all deliveries; also checks that it tells the same digest for the same events.
class Run {
 public:
  Run(const Model& model, const std::vector<schema::EventBatch>& deliveries, unsigned threads,
      std::size_t epoch_max, std::size_t portion, std::unique_ptr<actors::Journal> journal = nullptr) {
    actors::TwinOptions options;
    options.threads = threads;
    options.clock = actors::ClockMode::events;
    options.epoch_events_max = epoch_max;
    options.check_invariants = true;
    options.portion_entities = portion;
    auto shared = std::make_shared<const Model>(model);
    if (journal == nullptr) journal = actors::make_memory_journal(*shared);
    twin_ = Twin::start(shared, std::move(journal), options).value();
    std::vector<std::future<void>> pending;
    for (const schema::EventBatch& batch : deliveries) {
      auto done = std::make_shared<std::promise<void>>();
      pending.push_back(done->get_future());
      twin_->submit(batch, [done](schema::Result<actors::Receipt> receipt) {
        EXPECT_TRUE(receipt.ok());
        done->set_value();
      });
      if (epoch_max == 1) pending.back().get();
    }
    if (epoch_max != 1) {
      for (auto& each : pending) each.get();
    }
  }

  template <class Look>
  void look(Look look) {
    std::promise<void> done;
    twin_->query([&](const actors::SettledState& state) {
      look(state);
      done.set_value();
    });
    done.get_future().get();
  }

  /// What the oracle makes of what was journaled, epoch by epoch.
  Expected expected(const Model& model, schema::EventTime clock) const {
    schema::EventBatch events;
    std::vector<std::size_t> epoch_ends;
    const auto read = twin_->journal().read(1, [&](schema::EpochRecord& record) {
      for (const schema::Event& event : record.events.events) events.append(record.events, event);
      epoch_ends.push_back(events.events.size());
      return true;
    });
    EXPECT_TRUE(read.ok());
    return interpret(model, events, clock, epoch_ends);
  }

  /// A journal with the same records, as a restart would find it.
  std::unique_ptr<actors::Journal> journal_copy(const Model& model) const {
    auto copy = actors::make_memory_journal(model);
    const auto read = twin_->journal().read(1, [&](schema::EpochRecord& record) {
      EXPECT_TRUE(copy->append(record, {}).ok());
      return true;
    });
    EXPECT_TRUE(read.ok());
    return copy;
  }

  std::string digest() {
    std::string hex;
    look([&](const actors::SettledState& state) { hex = state.digest().hex; });
    return hex;
  }

 private:
  std::unique_ptr<Twin> twin_;
};

void expect_agreement(Run& run, const Model& model, const Expected& expected) {
  run.look([&](const actors::SettledState& state) {
    for (EntityIndex e = 0; e < model.entity_count(); ++e) {
      for (AttributeSlot a = 0; a < model.type_of(e).attributes.size(); ++a) {
        const auto got = state.timeline(e, a).versions();
        const auto& want = expected.timelines[e][a];
        const std::string name = model.id(e) + "." + model.type_of(e).attributes[a].name;
        EXPECT_TRUE(std::ranges::equal(got, want)) << name << "\n  engine:\n"
                                                   << describe(got) << "  oracle:\n"
                                                   << describe(want);
      }
    }
    EXPECT_EQ(broken_queue_rule(model, state), "");
    EXPECT_EQ(state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 100'000),
              expected.episodes);
  });
}

void check_case(std::uint64_t seed) {
  Random random(seed);
  RandomCase one;
  one.seed = seed;
  one.model_text = random_model(random);
  auto loaded = schema::load_model(one.model_text, "random.yaml");
  ASSERT_TRUE(std::holds_alternative<Model>(loaded))
      << std::get<schema::ModelErrors>(loaded).text() << one.model_text;
  const Model& model = std::get<Model>(loaded);
  random_events(random, model, one);
  schema::EventTime clock = schema::kBeginning;
  for (const schema::Event& event : one.events.events) clock = std::max(clock, event.time);

  Run disordered(model, one.deliveries, 1 + seed % 2, seed % 3 == 0 ? 1 : 20'000, 1 + seed % 5);
  expect_agreement(disordered, model,
                   model.samples() ? disordered.expected(model, clock) : interpret(model, one.events, clock));
  Run in_one_go(model, {one.events}, 1, 20'000, 256);
  if (model.samples()) {
    expect_agreement(in_one_go, model, in_one_go.expected(model, clock));
  } else {
    EXPECT_EQ(disordered.digest(), in_one_go.digest());
  }
  Run replayed(model, {}, 1, 1 + seed % 40, 256, disordered.journal_copy(model));
  EXPECT_EQ(disordered.digest(), replayed.digest());
}

constexpr std::uint64_t kShards = 4;

/// A quarter of the cases each, so that ctest can run them side by side.
class Oracle : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Oracle, AgreesWithTheEngineOnEveryVersionAndEpisodeOfRandomTwins) {
  const std::uint64_t first = from_environment("POLLUX_SIM_SEED", 1);
  const std::uint64_t cases = from_environment("POLLUX_SIM_CASES", 10'000);
  for (std::uint64_t seed = first + GetParam(); seed < first + cases; seed += kShards) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check_case(seed);
    if (::testing::Test::HasFailure()) {
      CaseFile file = random_case(seed).file();
      file.conditions = {};
      FAIL() << "seed " << seed << "; in a simulation without faults " << explain_failure(file);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Oracle, ::testing::Range(std::uint64_t{0}, kShards));

}  // namespace
}  // namespace pollux::sim
