// Several domains that hold next to nothing of their past in memory: a carrier that begins anew finds in the
// far end's history what it has been told, and every version is what it would be in a single domain.
// POLLUX_SIM_CASES sets how many cases, POLLUX_SIM_SEED where they start.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "actors/plant/event_division.h"
#include "actors/plant/link_carrier.h"
#include "actors/twin.h"
#include "schema/model/division.h"
#include "schema/model/model_file.h"
#include "tests/sim/divided_twin.h"
#include "tests/sim/oracle.h"
#include "tests/sim/short_memory.h"

namespace pollux::sim {
namespace {

using actors::EventDivision;
using actors::LinkCarrier;
using actors::Twin;
using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Model;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class ForgetfulDomains {
 public:
  ForgetfulDomains(const std::shared_ptr<const Model>& model, std::uint64_t seed)
      : divided_(schema::divide(model)),
        division_(divided_),
        routes_(actors::routes_of(divided_)),
        random_(seed * 5 + 2),
        carriers_(routes_.size()) {
    actors::TwinOptions options;
    options.threads = 1;
    options.clock = actors::ClockMode::events;
    options.check_invariants = true;
    options.forget_at_once = true;
    options.memory = kMemory;
    for (const auto& domain : divided_.domains)
      twins_.push_back(Twin::start(domain, actors::make_memory_journal(*domain), options).value());
  }
  ~ForgetfulDomains() { carriers_.clear(); }

  void run(const std::vector<schema::EventBatch>& deliveries) {
    for (const schema::EventBatch& delivery : deliveries) {
      const EventDivision::Parts parts = division_.divide(delivery);
      for (std::size_t d = 0; d < parts.batches.size(); ++d) {
        if (!parts.batches[d].events.empty()) deliver(*twins_[d], parts.batches[d]);
      }
      for (std::size_t steps = random_() % 8; steps > 0 && !routes_.empty(); --steps)
        carry(random_() % routes_.size());
    }
    come_to_rest();
  }

  const schema::DividedModel& divided() const { return divided_; }
  Twin& twin(std::size_t domain) { return *twins_[domain]; }
  std::size_t begun() const { return begun_; }
  std::uint64_t recalled() const {
    std::uint64_t epochs = 0;
    for (const auto& twin : twins_) epochs += twin->probe().epochs_recalled.value();
    return epochs;
  }

  /// Shorter than nearly all that is late.
  static constexpr schema::Duration kMemory = 2 * schema::kSecond;

 private:
  void carry(std::size_t route) {
    if (carriers_[route] != nullptr && random_() % 4 == 0) carriers_[route].reset();
    if (carriers_[route] == nullptr) {
      const auto& links = routes_[route];
      carriers_[route] = std::make_unique<LinkCarrier>(
          *twins_[links.front().from], *twins_[links.front().to], links, LinkCarrier::Ring(),
          [](const std::string& what) { ADD_FAILURE() << what; });
      ++begun_;
    }
    for (std::size_t steps = 1 + random_() % 6; steps > 0; --steps) step(*carriers_[route]);
  }

  bool step(LinkCarrier& carrier) {
    const bool did = carrier.step();
    carrier.check_invariants();
    // What it waits for happens on other threads; `come_to_rest` bounds how often.
    if (!did) std::this_thread::sleep_for(std::chrono::microseconds(100));
    return did;
  }

  void come_to_rest() {
    for (std::size_t round = 0; round < 100'000; ++round) {
      bool all_idle = true;
      for (std::size_t r = 0; r < routes_.size(); ++r) {
        if (carriers_[r] == nullptr) carry(r);
        if (carriers_[r]->idle()) continue;
        all_idle = false;
        step(*carriers_[r]);
      }
      if (all_idle) return;
    }
    ADD_FAILURE() << "it never comes to rest";
  }

  const schema::DividedModel divided_;
  const EventDivision division_;
  const std::vector<std::vector<schema::CrossingLink>> routes_;
  Random random_;
  std::vector<std::unique_ptr<Twin>> twins_;
  std::vector<std::unique_ptr<LinkCarrier>> carriers_;
  std::size_t begun_ = 0;
};

/// Returns how many epochs reached back further than memory.
std::uint64_t check_case(std::uint64_t seed) {
  Random random(seed);
  RandomCase one;
  one.model_text = random_divided_model(random);
  const auto model =
      std::make_shared<const Model>(std::get<Model>(schema::load_model(one.model_text, "random.yaml")));
  random_divided_events(random, *model, one);
  const Expected expected = interpret(*model, one.events, kLastTime);
  ForgetfulDomains domains(model, seed);
  domains.run(one.deliveries);
  for (std::size_t d = 0; d < domains.divided().domains.size(); ++d) {
    const auto& wholes = domains.divided().wholes[d];
    Twin& twin = domains.twin(d);
    EXPECT_TRUE(twin.wait_for_history(std::chrono::seconds(60)).ok());
    look_at(twin, [&](const actors::SettledState& state) {
      for (EntityIndex e = 0; e < wholes.size(); ++e) {
        for (AttributeSlot a = 0; a < model->type_of(wholes[e]).attributes.size(); ++a) {
          expect_remembered(twin, state, {e, a}, expected.timelines[wholes[e]][a],
                            schema::before(kLastTime, ForgetfulDomains::kMemory));
        }
      }
    });
  }
  if (testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed << ", model:\n" << one.model_text;
  return domains.recalled();
}

TEST(Recall, CarriersThatBeginAnewFindWhatMemoryHasDropped) {
  const std::uint64_t cases = from_environment("POLLUX_SIM_CASES", 300);
  const std::uint64_t first = from_environment("POLLUX_SIM_SEED", 1);
  std::uint64_t recalled = 0;
  for (std::uint64_t seed = first; seed < first + cases && !testing::Test::HasFailure(); ++seed)
    recalled += check_case(seed);
  EXPECT_GT(recalled, cases) << "too few events were late for this to prove anything";
}

}  // namespace
}  // namespace pollux::sim
