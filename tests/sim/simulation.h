// A twin under seeded scheduling and seeded faults, held against the oracle all along.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "tests/sim/random_twin.h"

namespace pollux::sim {

/// What a twin is put through. Together with a model and deliveries it determines a run.
struct Conditions {
  std::uint64_t seed = 1;                ///< Of the scheduler, and of when faults strike.
  std::uint64_t portion_entities = 256;  ///< See TwinOptions, as for the next two.
  std::uint64_t epoch_events_max = 20'000;
  std::uint64_t queue_events_max = 200'000;
  std::uint64_t wall_clock_s = 0;  ///< Where the wall clock starts; 0: events alone move the twin's clock.
  std::uint64_t journal_steps_max = 0;  ///< A slow disk: steps an append may be put off.
  // How often at most:
  std::uint64_t journal_failures = 0;  ///< an append fails; the twin is restarted
  std::uint64_t crashes = 0;           ///< the process dies, and is restarted
  std::uint64_t deaths = 0;            ///< an entity's actor dies
  std::uint64_t dropped = 0;           ///< a delivery does not arrive, and is sent again
  std::uint64_t repeated = 0;          ///< a delivery arrives twice
  std::uint64_t unanswered = 0;        ///< an answer is lost, and the delivery is sent again
  std::uint64_t snapshots = 0;         ///< a snapshot is begun
  std::uint64_t snapshot_faults = 0;   ///< the disk of the snapshots fails, once
};

/// Every condition by name, for files.
inline constexpr std::array<std::pair<const char*, std::uint64_t Conditions::*>, 14> kConditions = {
    {{"seed", &Conditions::seed},
     {"portion_entities", &Conditions::portion_entities},
     {"epoch_events_max", &Conditions::epoch_events_max},
     {"queue_events_max", &Conditions::queue_events_max},
     {"wall_clock_s", &Conditions::wall_clock_s},
     {"journal_steps_max", &Conditions::journal_steps_max},
     {"journal_failures", &Conditions::journal_failures},
     {"crashes", &Conditions::crashes},
     {"deaths", &Conditions::deaths},
     {"dropped", &Conditions::dropped},
     {"repeated", &Conditions::repeated},
     {"unanswered", &Conditions::unanswered},
     {"snapshots", &Conditions::snapshots},
     {"snapshot_faults", &Conditions::snapshot_faults}}};

/// Conditions as a seed has it, for these deliveries.
Conditions random_conditions(std::uint64_t seed, const std::vector<schema::EventBatch>& deliveries);

/// How often what happened.
struct Tally {
  std::uint64_t starts = 0;
  std::uint64_t checks = 0;
  std::uint64_t journal_failures = 0;
  std::uint64_t crashes = 0;
  std::uint64_t deaths = 0;
  std::uint64_t dropped = 0;
  std::uint64_t repeated = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t refused_full = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t revisions = 0;
  std::uint64_t ticks = 0;  ///< Epochs without events, because time had passed.
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_faults = 0;
  std::uint64_t loaded = 0;  ///< Starts from a snapshot.
};

/// Every count by name.
inline constexpr std::array<std::pair<const char*, std::uint64_t Tally::*>, 15> kTallies = {
    {{"starts", &Tally::starts},
     {"checks", &Tally::checks},
     {"journal_failures", &Tally::journal_failures},
     {"crashes", &Tally::crashes},
     {"deaths", &Tally::deaths},
     {"dropped", &Tally::dropped},
     {"repeated", &Tally::repeated},
     {"unanswered", &Tally::unanswered},
     {"refused_full", &Tally::refused_full},
     {"quarantined", &Tally::quarantined},
     {"revisions", &Tally::revisions},
     {"ticks", &Tally::ticks},
     {"snapshots", &Tally::snapshots},
     {"snapshot_faults", &Tally::snapshot_faults},
     {"loaded", &Tally::loaded}}};

Tally& operator+=(Tally& to, const Tally& other);

struct SimulationOutcome {
  std::string wrong;        ///< The first promise that was broken, and how; empty where all were kept.
  std::uint64_t trace = 0;  ///< Hash of every scheduling decision.
  std::uint64_t steps = 0;
  std::uint64_t changes = 0;  ///< Hash of all changes that were published.
  std::string digest;         ///< Of the state at the end.
  Tally tally;
};

/// Delivers all until each delivery is acknowledged, through whatever faults. Then, and at moments in
/// between, the promises are checked: state and episodes are the oracle's for the events in the journal; the
/// change feed leads from each start to that state; what is acknowledged is in the journal, once; each
/// submission is answered once; a restart finds what was there.
SimulationOutcome simulate(const std::shared_ptr<const schema::Model>& model,
                           const std::vector<schema::EventBatch>& deliveries, const Conditions& conditions);

}  // namespace pollux::sim
