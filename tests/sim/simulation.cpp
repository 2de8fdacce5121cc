#include "tests/sim/simulation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>

#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/twin.h"
#include "schema/assert.h"
#include "tests/faults/simulated_disk.h"
#include "tests/sim/agreement.h"
#include "tests/sim/feed_follower.h"
#include "tests/sim/simulated_journal.h"

namespace pollux::sim {
namespace {

using actors::EventOutcome;
using actors::Receipt;
using actors::SettledState;
using actors::Twin;
using schema::Event;
using schema::EventBatch;
using schema::EventKey;
using schema::kSecond;
using schema::Position;
using schema::Result;

constexpr std::size_t kActionsMax = 100'000;
constexpr std::size_t kInFlightMax = 8;
constexpr std::size_t kStepsInARow = 8;
constexpr std::uint64_t kRestSeconds = 40;  // longer than any timer of a random model runs

/// One run, from the first delivery to the last acknowledgement.
class Simulation {
 public:
  Simulation(std::shared_ptr<const schema::Model> model, const std::vector<EventBatch>& deliveries,
             const Conditions& conditions)
      : model_(std::move(model)),
        deliveries_(deliveries),
        left_(conditions),
        random_(conditions.seed * 2 + 1),
        scheduler_(conditions.seed),
        disk_random_(conditions.seed * 2),
        progress_(deliveries.size(), Progress::to_send) {
    scheduler_.set_journal_steps_max(conditions.journal_steps_max);
    disk_.records = actors::make_memory_journal(*model_);
    std::unique_ptr<rocksdb::Directory> root;
    const bool made = snapshot_disk_.env().CreateDir("/data").ok() &&
                      snapshot_disk_.env().NewDirectory("/", &root).ok() && root->Fsync().ok();
    POLLUX_ASSERT(made, "the disk is new");
  }

  SimulationOutcome run() {
    begin_life();
    std::size_t actions = 0;
    while (outcome_.wrong.empty() && std::ranges::count(progress_, Progress::acknowledged) !=
                                         static_cast<std::ptrdiff_t>(progress_.size())) {
      if (++actions > kActionsMax) complain("not everything is ever acknowledged");
      act();
      if (disk_failed_ && chance(20)) restart();
    }
    if (outcome_.wrong.empty()) come_to_rest();
    if (twin_ != nullptr) end_life();
    outcome_.trace = scheduler_.trace();
    outcome_.steps = scheduler_.steps();
    return std::move(outcome_);
  }

 private:
  enum class Progress : std::uint8_t { to_send, sent, acknowledged };
  /// What is known of a submission. Outlives the twin it was handed to.
  struct Submitted {
    std::size_t delivery = 0;
    int answers = 0;
  };

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  /// True at times, and never more often than `left` says.
  bool strikes(std::uint64_t& left, std::uint64_t& happened, unsigned percent) {
    if (left == 0 || !chance(percent)) return false;
    --left;
    ++happened;
    return true;
  }
  void complain(std::string wrong) {
    if (outcome_.wrong.empty() && !wrong.empty()) outcome_.wrong = std::move(wrong);
  }

  // ---- a life of the twin: from a start to a stop or crash

  actors::TwinOptions options() {
    actors::TwinOptions options;
    options.scheduler = &scheduler_;
    options.check_invariants = true;
    options.portion_entities = left_.portion_entities;
    options.epoch_events_max = left_.epoch_events_max;
    options.queue_events_max = left_.queue_events_max;
    options.clock = left_.wall_clock_s == 0 ? actors::ClockMode::events : actors::ClockMode::wall;
    options.snapshots.store = snapshots_;
    options.now = [this] {
      return static_cast<schema::EventTime>(left_.wall_clock_s) * kSecond + scheduler_.now().count();
    };
    return options;
  }

  void begin_life() {
    disk_failed_ = false;
    crashed_ = false;
    deaths_in_life_ = 0;
    ++outcome_.tally.starts;
    snapshot_disk_.mend();
    snapshot_disk_.power_on(disk_random_);
    auto twin = Twin::start(model_, open_simulated_journal(disk_), options());
    if (!twin.ok()) return complain("does not start: " + twin.error().text());
    twin_ = std::move(*twin);
    const Position loaded = twin_->loaded().position;
    outcome_.tally.loaded += loaded != 0;
    if (twin_->probe().epochs_replayed.value() > disk_.records->last_position() - loaded) {
      complain("replays what its snapshot holds");
    }
    if (twin_->settled_position() != disk_.records->last_position()) {
      complain("starts at another position than its journal's");
    }
    look([this](const SettledState& state) {
      follower_.emplace(*model_, state);
      check(state);
    });
  }

  void end_life() {
    scheduler_.run();
    if (!crashed_ && deaths_in_life_ > 0) {
      const std::uint64_t restarted = twin_->probe().actors_restarted.value();
      if (restarted == 0 || restarted > deaths_in_life_) complain("an actor that died was not restarted");
    }
    outcome_.tally.revisions += twin_->probe().revisions.value();
    twin_.reset();
    if (follower_) outcome_.changes = outcome_.changes * 31 + follower_->hash();
    follower_.reset();
    for (const auto& each : submitted_) {
      if (each->answers != 1)
        complain("a submission was answered " + std::to_string(each->answers) + " times");
    }
    submitted_.clear();
    for (Progress& each : progress_) {
      if (each == Progress::sent) each = Progress::to_send;
    }
  }

  void restart() {
    end_life();
    if (outcome_.wrong.empty()) begin_life();
  }

  /// All that is not on the disk is lost, and whatever the dying process still does is seen by nobody.
  void crash() {
    crashed_ = true;
    disk_.gone = true;
    snapshot_disk_.fail_at(0, faults::Fault::power_loss);
    restart();
  }

  // ---- what happens next

  void act() {
    const std::size_t what = random_() % 100;
    if (what < 55) {
      for (std::size_t steps = 1 + random_() % kStepsInARow; steps > 0 && scheduler_.step(); --steps) {
      }
    } else if (what < 80) {
      deliver(pick(Progress::to_send));
    } else if (what < 84) {
      deliver(pick(Progress::sent));
    } else if (what < 88) {
      if (chance(20)) twin_->query([this](const SettledState& state) { check(state); });
    } else if (what < 92) {
      if (strikes(left_.deaths, outcome_.tally.deaths, 50)) kill_an_actor();
    } else if (what < 94) {
      if (strikes(left_.crashes, outcome_.tally.crashes, 30)) crash();
    } else if (what < 96) {
      if (strikes(left_.journal_failures, outcome_.tally.journal_failures, 30)) {
        disk_.fails = true;
        disk_.keeps = chance(50);
      }
    } else if (what < 98) {
      take_snapshot();
    } else if (left_.wall_clock_s != 0) {
      scheduler_.advance(std::chrono::milliseconds(random_() % 4'000));
    }
  }

  void take_snapshot() {
    if (!strikes(left_.snapshots, outcome_.tally.snapshots, 100)) return;
    if (strikes(left_.snapshot_faults, outcome_.tally.snapshot_faults, 30)) {
      const auto fault = chance(50) ? faults::Fault::short_write : faults::Fault::no_space;
      snapshot_disk_.fail_at(random_() % 20, fault, faults::Operations::writing);
    }
    twin_->snapshot([this](const Result<actors::SnapshotTaken>& taken) {
      if (!crashed_ && !taken.ok() && taken.error().message.empty()) complain("a failure is not explained");
    });
  }

  void kill_an_actor() {
    ++deaths_in_life_;
    twin_->end_actor(static_cast<schema::EntityIndex>(random_() % model_->entity_count()));
  }

  /// The first delivery there, or now and then another.
  std::optional<std::size_t> pick(Progress progress) {
    std::optional<std::size_t> picked;
    for (std::size_t i = 0; i < progress_.size(); ++i) {
      if (progress_[i] != progress) continue;
      if (!picked || chance(5)) picked = i;
    }
    return picked;
  }

  void deliver(std::optional<std::size_t> delivery) {
    if (!delivery) return;
    const bool again = progress_[*delivery] == Progress::sent;
    if (!again && std::ranges::count(progress_, Progress::sent) >= static_cast<std::ptrdiff_t>(kInFlightMax))
      return;
    progress_[*delivery] = Progress::sent;
    if (strikes(left_.dropped, outcome_.tally.dropped, 10)) return;
    submit(*delivery);
    if (strikes(left_.repeated, outcome_.tally.repeated, 10)) submit(*delivery);
  }

  void submit(std::size_t delivery) {
    auto submitted = std::make_shared<Submitted>(Submitted{delivery, 0});
    submitted_.push_back(submitted);
    twin_->submit(deliveries_[delivery], [this, submitted](Result<Receipt> answer) {
      ++submitted->answers;
      if (!crashed_) take(submitted->delivery, answer);
    });
  }

  void take(std::size_t delivery, const Result<Receipt>& answer) {
    if (answer.ok()) {
      check(deliveries_[delivery], *answer);
      if (strikes(left_.unanswered, outcome_.tally.unanswered, 10)) return;
      progress_[delivery] = Progress::acknowledged;
      return;
    }
    if (progress_[delivery] == Progress::sent) progress_[delivery] = Progress::to_send;
    if (answer.error().code == schema::ErrorCode::io) disk_failed_ = true;
    outcome_.tally.refused_full += answer.error().code == schema::ErrorCode::overloaded;
  }

  // ---- promises

  void look(const std::function<void(const SettledState&)>& look) {
    bool looked = false;
    twin_->query([&](const SettledState& state) {
      look(state);
      looked = true;
    });
    while (!looked && scheduler_.step()) {
    }
    if (!looked) complain("a query is never answered");
  }

  void check(const SettledState& state) {
    if (crashed_ || !follower_) return;
    ++outcome_.tally.checks;
    const actors::Digest digest = state.digest();
    std::vector<std::size_t> epoch_ends;
    const EventBatch events = events_up_to(digest.position, epoch_ends);
    const Expected expected = interpret(*model_, events, digest.clock, epoch_ends);
    complain(first_difference(*model_, state, expected));
    complain(follower_->follow(twin_ == nullptr ? no_changes_ : twin_->changes()));
    complain(follower_->first_difference(state));
    const auto [known, is_new] = digests_.try_emplace(digest.position, digest.hex);
    if (known->second != digest.hex) complain("the digest of a position changed");
    outcome_.digest = digest.hex;
  }

  EventBatch events_up_to(Position position, std::vector<std::size_t>& epoch_ends) {
    EventBatch events;
    const auto read = disk_.records->read(1, [&](schema::EpochRecord& record) {
      if (record.position > position) return false;
      for (const Event& event : record.events.events) events.append(record.events, event);
      epoch_ends.push_back(events.events.size());
      return true;
    });
    if (!read.ok()) complain("the journal cannot be read: " + read.error().text());
    return events;
  }

  void check(const EventBatch& delivery, const Receipt& receipt) {
    if (receipt.outcomes.size() != delivery.events.size()) return complain("an event has no outcome");
    if (receipt.position > disk_.records->last_position())
      return complain("acknowledged before it is durable");
    if (receipt.position > twin_->settled_position()) return complain("acknowledged before it is settled");
    for (std::size_t i = 0; i < receipt.outcomes.size(); ++i) {
      const EventKey key = schema::event_key(delivery, delivery.events[i], *model_);
      const bool accepted = receipt.outcomes[i] == EventOutcome::accepted;
      if (accepted && !positions_.try_emplace(id_of(key), receipt.position).second) {
        complain("an event was accepted twice");
      }
      const bool kept = disk_.records->holds(key);
      const bool set_aside = disk_.records->quarantine_index().find(key).has_value();
      if (accepted ? !kept : !kept && !set_aside)
        complain("an event was acknowledged and is not in the journal");
      outcome_.tally.quarantined += !kept;
    }
  }

  static std::pair<std::uint64_t, std::uint64_t> id_of(const EventKey& key) { return {key.high, key.low}; }

  void come_to_rest() {
    scheduler_.run();
    for (std::uint64_t s = 0; left_.wall_clock_s != 0 && s < kRestSeconds; ++s) {
      scheduler_.advance(std::chrono::seconds(1));
      scheduler_.run();
    }
    look([this](const SettledState& state) { check(state); });
    if (outcome_.wrong.empty()) restart();
    if (outcome_.wrong.empty()) check_journal();
  }

  void check_journal() {
    std::map<std::pair<std::uint64_t, std::uint64_t>, Position> found;
    const auto read = disk_.records->read(1, [&](schema::EpochRecord& record) {
      outcome_.tally.ticks += record.events.events.empty();
      for (const Event& event : record.events.events) {
        const auto id = id_of(schema::event_key(record.events, event, *model_));
        if (!found.try_emplace(id, record.position).second) complain("an event is in the journal twice");
      }
      return true;
    });
    if (!read.ok()) complain("the journal cannot be read: " + read.error().text());
    for (const auto& [id, position] : positions_) {
      const auto at = found.find(id);
      if (at == found.end()) return complain("an acknowledged event is lost");
      if (at->second != position) complain("an event was acknowledged with another position than its own");
    }
    for (const EventBatch& delivery : deliveries_) {
      for (const Event& event : delivery.events) {
        const EventKey key = schema::event_key(delivery, event, *model_);
        if (!found.contains(id_of(key)) && !disk_.records->quarantine_index().find(key).has_value())
          complain("an event of an acknowledged delivery is lost");
      }
    }
  }

  const std::shared_ptr<const schema::Model> model_;
  const std::vector<EventBatch>& deliveries_;
  Conditions left_;  // with what may still happen
  Random random_;
  actors::DeterministicScheduler scheduler_;
  SimulatedDisk disk_;
  faults::SimulatedDisk snapshot_disk_;
  Random disk_random_;
  const std::shared_ptr<actors::SnapshotStore> snapshots_ =
      std::make_shared<actors::SnapshotStore>("/data", &snapshot_disk_.env());
  std::vector<Progress> progress_;  // by delivery
  std::vector<std::shared_ptr<Submitted>> submitted_;
  std::unique_ptr<Twin> twin_;
  std::optional<FeedFollower> follower_;
  const actors::ChangeFeed no_changes_{1, 1};
  bool crashed_ = false;
  bool disk_failed_ = false;
  std::uint64_t deaths_in_life_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Position> positions_;  // of accepted events, as told
  std::map<Position, std::string> digests_;
  SimulationOutcome outcome_;
};

}  // namespace

Conditions random_conditions(std::uint64_t seed, const std::vector<EventBatch>& deliveries) {
  Random random(seed);
  const auto often = [&](std::uint64_t most) { return random() % 2 ? random() % (most + 1) : 0; };
  std::size_t largest = 0;
  for (const EventBatch& each : deliveries) largest = std::max(largest, each.events.size());
  Conditions conditions;
  conditions.seed = seed;
  conditions.portion_entities = 1 + random() % 4;
  conditions.epoch_events_max = 1 + random() % 12;
  if (random() % 2) conditions.queue_events_max = largest + random() % (2 * largest + 1);
  if (random() % 3 == 0) conditions.wall_clock_s = 20 + random() % 80;
  conditions.journal_steps_max = often(30);
  conditions.journal_failures = often(2);
  conditions.crashes = often(3);
  conditions.deaths = often(10);
  conditions.dropped = often(5);
  conditions.repeated = often(5);
  conditions.unanswered = often(5);
  conditions.snapshots = often(6);
  conditions.snapshot_faults = often(2);
  return conditions;
}

Tally& operator+=(Tally& to, const Tally& other) {
  for (const auto& [name, count] : kTallies) to.*count += other.*count;
  return to;
}

SimulationOutcome simulate(const std::shared_ptr<const schema::Model>& model,
                           const std::vector<EventBatch>& deliveries, const Conditions& conditions) {
  return Simulation(model, deliveries, conditions).run();
}

}  // namespace pollux::sim
