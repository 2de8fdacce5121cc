// Several domains against the oracle on the undivided model: whatever the order in which events arrive and
// domains and carriers run, and whatever of it dies in between, once all is quiet every version of every
// attribute and every episode is what it would be in a single domain.
// POLLUX_SIM_CASES sets how many cases, POLLUX_SIM_SEED where they start.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/plant/event_division.h"
#include "actors/plant/link_carrier.h"
#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/twin.h"
#include "schema/model/division.h"
#include "schema/model/model_file.h"
#include "tests/sim/agreement.h"
#include "tests/sim/divided_twin.h"
#include "tests/sim/oracle.h"
#include "tests/sim/simulated_journal.h"

namespace pollux::sim {
namespace {

using actors::DeterministicScheduler;
using actors::EventDivision;
using actors::LinkCarrier;
using actors::Receipt;
using actors::SettledState;
using actors::Twin;
using schema::AttributeSlot;
using schema::DomainIndex;
using schema::EntityIndex;
using schema::EventBatch;
using schema::Model;
using schema::Result;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::size_t kActionsMax = 200'000;

/// The domains of one model, each with a scheduler of its own, and the carriers between them.
class Domains {
 public:
  Domains(std::shared_ptr<const Model> model, std::uint64_t seed)
      : model_(std::move(model)),
        divided_(schema::divide(model_)),
        division_(divided_),
        routes_(actors::routes_of(divided_)),
        random_(seed * 3 + 1),
        queue_events_max_(random_() % 2 == 0 ? 200'000 : 100 + random_() % 20),
        carriers_(routes_.size()) {
    for (std::size_t d = 0; d < divided_.domains.size(); ++d) {
      disks_.push_back(std::make_unique<SimulatedDisk>());
      disks_.back()->records = actors::make_memory_journal(*divided_.domains[d]);
      schedulers_.push_back(std::make_unique<DeterministicScheduler>(seed + d));
      twins_.emplace_back();
      start(d);
    }
  }
  ~Domains() {
    carriers_.clear();
    for (auto& twin : twins_) twin.reset();
  }

  void run(const std::vector<EventBatch>& deliveries, std::size_t crashes) {
    for (const EventBatch& delivery : deliveries) {
      const EventDivision::Parts parts = division_.divide(delivery);
      for (std::size_t d = 0; d < parts.batches.size(); ++d) {
        if (!parts.batches[d].events.empty())
          waiting_.push_back({static_cast<DomainIndex>(d), parts.batches[d]});
      }
    }
    state_of_.assign(waiting_.size(), State::to_send);
    for (std::size_t actions = 0; !quiet(); ++actions) {
      ASSERT_LT(actions, kActionsMax) << "it never comes to rest";
      act(crashes);
    }
  }

  const schema::DividedModel& divided() const { return divided_; }
  std::size_t carried() const { return carried_; }

  void look(std::size_t domain, const std::function<void(const SettledState&)>& look) {
    bool looked = false;
    twins_[domain]->query([&](const SettledState& state) {
      look(state);
      looked = true;
    });
    while (!looked && schedulers_[domain]->step()) {
    }
    ASSERT_TRUE(looked);
  }

 private:
  enum class State : std::uint8_t { to_send, sent, done };
  struct Waiting {
    DomainIndex domain;
    EventBatch batch;
  };

  void start(std::size_t domain) {
    actors::TwinOptions options;
    options.scheduler = schedulers_[domain].get();
    options.clock = actors::ClockMode::events;
    options.check_invariants = true;
    options.queue_events_max = queue_events_max_;
    twins_[domain] =
        Twin::start(divided_.domains[domain], open_simulated_journal(*disks_[domain]), options).value();
    ++life_;
  }

  bool quiet() {
    for (const State state : state_of_) {
      if (state != State::done) return false;
    }
    for (auto& scheduler : schedulers_) scheduler->run();
    for (std::size_t r = 0; r < routes_.size(); ++r) {
      if (carriers_[r] == nullptr || !carriers_[r]->idle()) return false;
    }
    return true;
  }

  void act(std::size_t& crashes) {
    const std::size_t what = random_() % 100;
    if (what < 45) {
      auto& scheduler = *schedulers_[random_() % schedulers_.size()];
      for (std::size_t steps = 1 + random_() % 8; steps > 0 && scheduler.step(); --steps) {
      }
    } else if (what < 65) {
      deliver();
    } else if (what < 96) {
      if (!routes_.empty()) carry(random_() % routes_.size());
    } else if (what < 98) {
      if (!routes_.empty()) drop(random_() % routes_.size());
    } else if (crashes > 0 && random_() % 3 == 0) {
      --crashes;
      crash(random_() % twins_.size());
    }
  }

  void deliver() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (state_of_[i] != State::to_send || random_() % 4 == 0) continue;
      state_of_[i] = State::sent;
      twins_[waiting_[i].domain]->submit(waiting_[i].batch, [this, i](const Result<Receipt>& receipt) {
        state_of_[i] = receipt.ok() ? State::done : State::to_send;
      });
      return;
    }
  }

  void carry(std::size_t route) {
    if (carriers_[route] == nullptr) {
      const auto& links = routes_[route];
      carriers_[route] =
          std::make_unique<LinkCarrier>(*twins_[links.front().from], *twins_[links.front().to], links);
    }
    carriers_[route]->step();
    carriers_[route]->check_invariants();
  }

  void drop(std::size_t route) {
    if (carriers_[route] == nullptr) return;
    carried_ += carriers_[route]->probe().observations.value();
    carriers_[route].reset();
  }

  /// What is not in its journal is lost; whoever was not answered sends again.
  void crash(std::size_t domain) {
    for (std::size_t r = 0; r < routes_.size(); ++r) {
      if (routes_[r].front().from == domain || routes_[r].front().to == domain) drop(r);
    }
    disks_[domain]->gone = true;
    twins_[domain].reset();
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].domain == domain && state_of_[i] == State::sent) state_of_[i] = State::to_send;
    }
    start(domain);
  }

  const std::shared_ptr<const Model> model_;
  const schema::DividedModel divided_;
  const EventDivision division_;
  const std::vector<std::vector<schema::CrossingLink>> routes_;
  Random random_;
  const std::size_t queue_events_max_;
  std::vector<std::unique_ptr<SimulatedDisk>> disks_;
  std::vector<std::unique_ptr<DeterministicScheduler>> schedulers_;
  std::vector<Waiting> waiting_;
  std::vector<State> state_of_;
  std::vector<std::unique_ptr<Twin>> twins_;
  std::vector<std::unique_ptr<LinkCarrier>> carriers_;
  std::size_t carried_ = 0;
  std::size_t life_ = 0;
};

/// Collects the episodes of all domains under the indices of the undivided model.
std::vector<actors::Episode> whole_episodes(const SettledState& state,
                                            const std::vector<EntityIndex>& wholes) {
  auto episodes = state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 100'000);
  for (actors::Episode& each : episodes) each.constraint = wholes[each.constraint];
  return episodes;
}

void expect_agreement(Domains& domains, const Model& model, const Expected& expected) {
  std::vector<actors::Episode> episodes;
  for (std::size_t d = 0; d < domains.divided().domains.size(); ++d) {
    const auto& wholes = domains.divided().wholes[d];
    domains.look(d, [&](const SettledState& state) {
      EXPECT_EQ(state.clock(), kLastTime);
      for (EntityIndex e = 0; e < wholes.size(); ++e) {
        const auto& attributes = model.type_of(wholes[e]).attributes;
        for (AttributeSlot a = 0; a < attributes.size(); ++a) {
          const auto got = state.timeline(e, a).versions();
          const auto& want = expected.timelines[wholes[e]][a];
          EXPECT_TRUE(std::ranges::equal(got, want))
              << model.id(wholes[e]) << "." << attributes[a].name << "\n  engine:\n"
              << describe(got) << "  oracle:\n"
              << describe(want);
        }
      }
      const auto own = whole_episodes(state, wholes);
      episodes.insert(episodes.end(), own.begin(), own.end());
    });
  }
  const auto order = [](const actors::Episode& a, const actors::Episode& b) {
    return std::pair(a.from, a.constraint) < std::pair(b.from, b.constraint);
  };
  auto wanted = expected.episodes;
  std::ranges::sort(episodes, order);
  std::ranges::sort(wanted, order);
  EXPECT_EQ(episodes, wanted);
}

void check_case(std::uint64_t seed) {
  Random random(seed);
  RandomCase one;
  one.seed = seed;
  one.model_text = random_divided_model(random);
  auto loaded = schema::load_model(one.model_text, "random.yaml");
  ASSERT_TRUE(std::holds_alternative<Model>(loaded))
      << std::get<schema::ModelErrors>(loaded).text() << one.model_text;
  const auto model = std::make_shared<const Model>(std::get<Model>(std::move(loaded)));
  random_divided_events(random, *model, one);
  const Expected expected = interpret(*model, one.events, kLastTime);
  Domains domains(model, seed);
  domains.run(one.deliveries, seed % 3);
  if (::testing::Test::HasFailure()) return;
  expect_agreement(domains, *model, expected);
  if (::testing::Test::HasFailure()) ADD_FAILURE() << one.model_text;
}

constexpr std::uint64_t kShards = 4;

class DividedTwins : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DividedTwins, ComeToWhatTheOracleSaysOfTheUndividedModel) {
  const std::uint64_t first = from_environment("POLLUX_SIM_SEED", 1);
  const std::uint64_t cases = from_environment("POLLUX_SIM_CASES", 2'000);
  for (std::uint64_t seed = first + GetParam(); seed < first + cases; seed += kShards) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check_case(seed);
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, DividedTwins, ::testing::Range(std::uint64_t{0}, kShards));

}  // namespace
}  // namespace pollux::sim
