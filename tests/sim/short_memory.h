// Random twins that hold next to nothing of their past in memory, and how tests drive them.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/history/history.h"
#include "actors/twin.h"
#include "schema/model/model.h"
#include "tests/sim/random_case.h"

namespace pollux::sim {

/// A random twin and how it is to run.
struct Case {
  std::shared_ptr<const schema::Model> model;
  RandomCase random;
  schema::EventTime clock = schema::kBeginning;  ///< After all its events.
  actors::TwinOptions options;
};
Case case_of(std::uint64_t seed);

/// Delivers one after another, and waits until the history has them. Each must be taken.
void deliver(actors::Twin& twin, const std::vector<schema::EventBatch>& deliveries);
/// Delivers one. Returns what became of its events.
std::vector<actors::EventOutcome> deliver(actors::Twin& twin, const schema::EventBatch& batch);

/// Runs `look` between two epochs, and waits for it.
template <class Look>
void look_at(actors::Twin& twin, Look look) {
  std::promise<void> done;
  twin.query([&](const actors::SettledState& state) {
    look(state);
    done.set_value();
  });
  done.get_future().get();
}

std::string digest_of(actors::Twin& twin);

/// Expects of one attribute that memory holds the end of what the oracle says, from before `held_from` on,
/// and that the history holds all of it. Between two epochs.
void expect_remembered(const actors::Twin& twin, const actors::SettledState& state,
                       const actors::Series& series, const std::vector<actors::Version>& want,
                       schema::EventTime held_from);

}  // namespace pollux::sim
