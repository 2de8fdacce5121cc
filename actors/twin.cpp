#include "actors/twin.h"

#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/logger.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <deque>
#include <future>
#include <mutex>
#include <utility>

#include "actors/journal/journal_writer.h"
#include "actors/propagation/planted_bugs.h"
#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/scheduling/tbb_coordinator.h"
#include "actors/snapshot/history_beginning.h"
#include "actors/snapshot/snapshot_recovery.h"
#include "actors/storage/backup.h"
#include "actors/supervision/epoch_span.h"
#include "actors/supervision/supervisor.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Position;
using schema::Result;

namespace {

EventTime system_time() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

/// A signal, and the moment it comes.
std::pair<Signal, std::future<void>> make_signal() {
  auto promise = std::make_shared<std::promise<void>>();
  std::future<void> future = promise->get_future();
  return {std::make_shared<const std::function<void()>>([promise] { promise->set_value(); }),
          std::move(future)};
}

/// Where pins are given back; they may outlive the twin.
class PinDesk {
 public:
  void open(const caf::actor& supervisor) {
    const std::lock_guard lock(mutex_);
    supervisor_ = supervisor;
  }
  void close() { open(nullptr); }
  void give_back(PinNumber pin) {
    const std::lock_guard lock(mutex_);
    if (supervisor_) caf::anon_send(supervisor_, unpin_atom::value, pin);
  }

 private:
  std::mutex mutex_;
  caf::actor supervisor_;
};

Error stopping() {
  return {ErrorCode::unavailable, "the twin is stopping", "", "send the events again after the restart"};
}

}  // namespace

struct Twin::Implementation {
  Implementation(std::shared_ptr<const schema::Model> m, std::unique_ptr<Journal> j, const TwinOptions& o)
      : model(std::move(m)),
        journal(std::move(j)),
        options(o),
        feed(o.change_epochs_max, o.changes_max),
        sources(*model, probe) {
    probe.clock_ns.set(schema::kBeginning);
    show_bounds();
    open_history();
    probe.journal_loss_window_ns.set(journal->loss_window());
    if (options.scheduler != nullptr) {
      options.scheduler->schedule(config);
      writer = std::make_unique<JournalWriter>(*journal, [scheduler = options.scheduler](auto append) {
        scheduler->append_later(std::move(append));
      });
    } else {
      use_tbb_scheduler(config, options.threads);
      writer = std::make_unique<JournalWriter>(*journal);
    }
    system = std::make_unique<caf::actor_system>(config);
  }

  /// A simulation in one thread has none: its writer has a thread of its own.
  void open_history() {
    if (!options.keep_history || options.scheduler != nullptr) return;
    history = journal->history();
    if (history == nullptr) {
      memory_history = make_memory_history();
      history = memory_history.get();
    }
    HistoryRetention retention = options.history;
    const schema::Duration lateness = lateness_max_of(*model);
    if (options.memory < lateness) {
      const auto background = history->keep_background(true, journal->first_position() == 1);
      if (!background.ok()) history_failure = background.error();
      recalls = background.ok() && *background;
      if (recalls) retention.at_least = schema::after(lateness, longest_look_back(*model));
    } else if (auto told = history->keep_background(false, false); !told.ok()) {
      history_failure = told.error();
    }
    history_writer = std::make_unique<HistoryWriter>(
        *history, retention, std::chrono::nanoseconds(options.journal_retry), probe,
        HistoryWriter::Hooks{[this] { caf::anon_send(supervisor, caught_up_atom::value); },
                             [this](const Error& why, bool for_good) { history_stops(why, for_good); },
                             [this] { history_goes_on(); }});
  }

  void history_stops(const Error& why, bool for_good) {
    {
      const std::lock_guard lock(mutex);
      history_failure = why;
    }
    if (!options.warn) return;
    options.warn((for_good ? "the history does not go on before a restart, the twin goes on: "
                           : "the history stops and is tried again by itself, the twin goes on: ") +
                 why.text());
  }

  void history_goes_on() {
    {
      const std::lock_guard lock(mutex);
      history_failure.reset();
    }
    if (options.warn) options.warn("the history goes on, and nothing is missing in it");
  }

  void show_bounds() {
    const auto show = [](Gauge& gauge, std::size_t bound) { gauge.set(static_cast<std::int64_t>(bound)); };
    show(probe.queue_events_max, options.queue_events_max);
    show(probe.epoch_events_max, options.epoch_events_max);
    show(probe.change_epochs_max, options.change_epochs_max);
    show(probe.changes_kept_max, options.changes_max);
    show(probe.revised_events_max, Revisions::kEventsMax);
    show(probe.episodes_per_constraint_max, Episodes::kPerConstraintMax);
  }

  void spawn_supervisor() {
    DomainContext context{*model,
                          *journal,
                          *writer,
                          feed,
                          probe,
                          sources,
                          {},
                          std::chrono::nanoseconds(options.tick),
                          options.epoch_events_max,
                          options.portion_entities,
                          {options.quarantine_events_max, options.quarantine_bytes_max},
                          options.check_invariants,
                          {},
                          std::chrono::nanoseconds(options.journal_retry),
                          {},
                          options.warn,
                          history_writer.get(),
                          options.alarm,
                          recalls ? history : nullptr,
                          recalls ? options.memory : schema::kNever,
                          options.forget_at_once};
    if (options.clock == ClockMode::wall) context.now = options.now ? options.now : system_time;
    context.on_failure = [this](const Error& why) {
      const std::lock_guard lock(mutex);
      failure = why.text();
    };
    context.on_stall = [this](const std::optional<Error>& why) {
      const std::lock_guard lock(mutex);
      stall = why;
      probe.journal_disk_full.set(why ? 1 : 0);
    };
    supervisor = system->spawn<Supervisor>(context);
    pins->open(supervisor);
    // CAF leaves a reference to its logger with each thread that spawns; a system that ends on another thread
    // waits for it for ever.
    caf::logger::set_current_actor_system(nullptr);
  }

  void finish_replaying(std::size_t but = 0) {
    while (replaying.size() > but) {
      wait_for(replaying.front().settled);
      spare = std::move(replaying.front().record);
      replaying.pop_front();
    }
  }

  /// For the next records to be replayed together; in the memory of earlier ones.
  RecordPtr empty_record() {
    if (spare == nullptr) return std::make_shared<schema::EpochRecord>();
    spare->position = 0;
    spare->clock = schema::kBeginning;
    spare->events.clear();
    spare->misfits.clear();
    return std::exchange(spare, nullptr);
  }

  void wait_for(std::future<void>& signal) {
    using namespace std::chrono_literals;
    while (options.scheduler != nullptr && signal.wait_for(0s) != std::future_status::ready) {
      POLLUX_ASSERT(options.scheduler->step(), "what is waited for is under way");
    }
    signal.get();
  }

  /// Puts back the newest snapshot that can be.
  Result<Position> recover() {
    const SnapshotStore* store = options.snapshots.store.get();
    const auto outcome = store == nullptr
                             ? recover_without_snapshots(*journal)
                             : actors::recover(*store, *journal, history, *model,
                                               [this](const auto& view, const std::string& where) {
                                                 return restore(view, where);
                                               });
    if (!outcome.ok()) return outcome.error();
    for (const Error& why : outcome->refused) {
      if (options.warn) options.warn(why.text());
    }
    note(outcome->info.misfits);
    loaded = {outcome->position, outcome->info.clock, outcome->info.taken, outcome->bytes, false};
    unusable = outcome->unusable;
    return outcome->position;
  }

  Result<void> restore(const SnapshotView& view, const std::string& where) {
    Result<void> outcome;
    const EventTime all_from = schema::before(view.info.clock, lateness_max_of(*model));
    if (!recalls && view.info.held_from > all_from) {
      return Error{ErrorCode::conflict,
                   "the snapshot is not used: it holds the past since " +
                       schema::format_rfc3339(view.info.held_from) +
                       " only, and the history that holds the rest is not kept",
                   where, "start it as the one that took it was: with --memory and a history"};
    }
    auto [signal, restored] = make_signal();
    const std::function<void(DomainParts&)> put_back = [&](DomainParts& parts) {
      outcome = restore_domain(view, where, parts);
      if (!outcome.ok()) parts.position = 0;
    };
    caf::anon_send(supervisor, restore_atom::value,
                   std::make_shared<const std::function<void(DomainParts&)>>(put_back), signal);
    wait_for(restored);
    if (outcome.ok()) return outcome;
    // What it left behind is of no use.
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    sources.forget_all();
    spawn_supervisor();
    return outcome;
  }

  /// Makes the history anew from what was put back, where it is to be.
  Result<void> begin_history() {
    if (history == nullptr || !history->awaits_beginning()) return {};
    Result<void> outcome;
    auto [signal, begun] = make_signal();
    const auto begin = [&](DomainParts& parts) {
      HistoryBeginning beginning(parts, recalls);
      outcome = history->begin_at(parts.position, parts.clock, [&] { return beginning.next(); });
      (*signal)();
    };
    caf::anon_send(supervisor, lend_atom::value,
                   std::make_shared<const std::function<void(DomainParts&)>>(begin));
    wait_for(begun);
    if (!outcome.ok()) return outcome;
    const HistoryBounds bounds = history->bounds();
    history_writer->begun_at(bounds.begun);
    probe.history_dropped_position.set(static_cast<std::int64_t>(bounds.begun));
    if (options.warn) {
      options.warn(
          "the history begins anew at position " + std::to_string(bounds.begun) + " (" +
          schema::format_rfc3339(bounds.begun_clock) +
          "): the journal no longer tells what was known before, and questions about it are refused");
    }
    return outcome;
  }

  void start_snapshotter(std::uint64_t events_behind) {
    if (options.snapshots.store == nullptr) return;
    SnapshotSurroundings surroundings{*model, *journal, history, history_writer.get(), probe, misfits, {}, {},
                                      {},     {},       0};
    if (recalls) surroundings.journal_at_least = lateness_max_of(*model);
    surroundings.lend = [this](bool quiet, std::function<void(DomainParts&)> use) {
      auto user = std::make_shared<const std::function<void(DomainParts&)>>(std::move(use));
      if (quiet) {
        caf::anon_send(supervisor, quiet_atom::value, std::move(user));
      } else {
        caf::anon_send(supervisor, lend_atom::value, std::move(user));
      }
    };
    if (options.scheduler != nullptr) {
      surroundings.later = [scheduler = options.scheduler](auto task) {
        scheduler->append_later(std::move(task));
      };
    }
    surroundings.now = options.now ? options.now : system_time;
    surroundings.warn = options.warn;
    probe.snapshot_position.set(static_cast<std::int64_t>(loaded.position));
    probe.snapshot_taken_ns.set(loaded.taken);
    probe.snapshot_bytes.set(static_cast<std::int64_t>(loaded.bytes));
    snapshotter = std::make_unique<Snapshotter>(options.snapshots, std::move(surroundings), loaded,
                                                std::move(unusable), events_behind);
  }

  void wait_for_snapshots() {
    while (options.scheduler != nullptr && !snapshotter->idle()) {
      POLLUX_ASSERT(options.scheduler->step(), "what is waited for is under way");
    }
    snapshotter->wait_until_idle();
  }

  /// After the twin has drained.
  void end_snapshots(bool with_last) {
    if (snapshotter == nullptr) return;
    wait_for_snapshots();
    if (with_last) snapshotter->take_last();
    wait_for_snapshots();
    snapshotter.reset();
  }

  /// Lets one record run, and the next be taken in, while the caller reads on.
  void replay(const RecordPtr& record, const std::function<void(ReplayProgress)>& on_progress) {
    const Position position = record->position;
    finish_replaying(kReplayedAtOnce - 1);
    if (history_writer != nullptr) history_writer->wait_while_behind();
    auto [signal, settled] = make_signal();
    caf::anon_send(supervisor, replay_atom::value, record, signal);
    replaying.push_back({record, std::move(settled)});
    if (on_progress) on_progress({position, journal->last_position()});
  }

  void note(const std::vector<schema::Misfit>& left_out) {
    for (const schema::Misfit& misfit : left_out) {
      probe.misfit_events.add(misfit.events);
      probe.misfit_values.add(misfit.values);
      auto known = std::ranges::find(misfits, misfit.why, &schema::Misfit::why);
      if (known != misfits.end()) {
        known->events += misfit.events;
        known->values += misfit.values;
      } else if (misfits.size() < kMisfitsMax) {
        misfits.push_back(misfit);
      }
    }
  }

  void query(std::function<void(const SettledState&)> run) {
    caf::anon_send(supervisor, query_atom::value,
                   std::make_shared<const std::function<void(const SettledState&)>>(std::move(run)));
  }

  const std::shared_ptr<const schema::Model> model;
  const std::unique_ptr<Journal> journal;
  const TwinOptions options;
  DomainProbe probe;
  ChangeFeed feed;
  SourceBook sources;
  std::vector<schema::Misfit> misfits;
  std::unique_ptr<History> memory_history;
  History* history = nullptr;
  bool recalls = false;                  // what memory drops
  std::optional<Error> history_failure;  // guarded by mutex
  /// Their callbacks hold on to the supervisor, so they go before the supervisor does.
  std::unique_ptr<JournalWriter> writer;
  std::unique_ptr<HistoryWriter> history_writer;
  SnapshotTaken loaded;
  std::set<Position> unusable;
  std::unique_ptr<Snapshotter> snapshotter;
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor supervisor;
  const std::shared_ptr<PinDesk> pins = std::make_shared<PinDesk>();
  static constexpr std::size_t kReplayedAtOnce = 2;
  struct Replaying {
    RecordPtr record;
    std::future<void> settled;
  };
  std::deque<Replaying> replaying;  // at the supervisor's, in order
  RecordPtr spare;                  // one that it is done with
  std::mutex mutex;
  bool stopped = false;
  std::string failure;
  std::optional<Error> stall;
};

Twin::Twin(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Twin::~Twin() {
  stop();
}

Result<std::unique_ptr<Twin>> Twin::start(std::shared_ptr<const schema::Model> model,
                                          std::unique_ptr<Journal> journal, const TwinOptions& options,
                                          const std::function<void(ReplayProgress)>& on_progress) {
  auto twin = std::unique_ptr<Twin>(
      new Twin(std::make_unique<Implementation>(std::move(model), std::move(journal), options)));
  Implementation& self = *twin->implementation_;
  self.spawn_supervisor();
  if (on_progress) on_progress({0, self.journal->last_position(), true});
  using std::chrono::steady_clock;
  const auto begun = steady_clock::now();
  const auto recovered = self.recover();
  const auto loaded = steady_clock::now();
  if (!recovered.ok()) return recovered.error();
  if (auto made = self.begin_history(); !made.ok()) return made.error();
  if (on_progress) on_progress({*recovered, self.journal->last_position(), false});
  std::uint64_t events_replayed = 0;
  // Records are small where the twin was idle: replayed together they cost one epoch. The state at the end is
  // the same, unless the model samples: then it follows from the epochs as they were. What the history lacks
  // is told one by one.
  const bool samples = self.model->samples();
  RecordPtr chunk;
  const schema::Duration span_max = epoch_span_max(*self.model);
  EventTime replayed_to = self.probe.clock_ns.value();
  EventTime chunk_from = schema::kBeginning;  // the clock before it
  const Result<void> outcome = self.journal->read(*recovered + 1, [&](schema::EpochRecord& record) {
    self.note(record.misfits);
    events_replayed += record.events.events.size();
    record.events.identify(*self.model);
    const bool wanted = self.history_writer != nullptr && self.history_writer->wants(record.position);
    const bool alone = wanted || (samples && !POLLUX_PLANTED(replay_merges_sampled_epochs));
    const bool far = chunk != nullptr && record.clock > schema::after(chunk_from, span_max);
    if ((alone || far) && chunk != nullptr) self.replay(std::exchange(chunk, nullptr), on_progress);
    if (chunk == nullptr) {
      chunk_from = replayed_to;
      chunk = self.empty_record();
    }
    replayed_to = record.clock;
    if (alone) {
      std::swap(*chunk, record);
    } else {
      chunk->events.append(record.events, 0, record.events.events.size());
      chunk->position = record.position;
      if (!POLLUX_PLANTED(replay_forgets_ticks) || !record.events.events.empty()) chunk->clock = record.clock;
    }
    if (alone || chunk->events.events.size() >= options.epoch_events_max)
      self.replay(std::exchange(chunk, nullptr), on_progress);
    return true;
  });
  if (!outcome.ok()) return outcome.error();
  if (chunk != nullptr) self.replay(std::move(chunk), on_progress);
  self.finish_replaying();
  if (const std::string failed = twin->failure(); !failed.empty())
    return Error{ErrorCode::io, failed, "", "see above"};
  caf::anon_send(self.supervisor, serve_atom::value);
  self.probe.loaded_position.set(static_cast<std::int64_t>(*recovered));
  self.probe.load_ns.set((loaded - begun).count());
  self.probe.replay_ns.set((steady_clock::now() - loaded).count());
  self.probe.journal_first_position.set(static_cast<std::int64_t>(self.journal->first_position()));
  self.start_snapshotter(events_replayed);
  return twin;
}

void Twin::submit(schema::EventBatch batch, std::function<void(Result<Receipt>)> done) {
  auto submission = std::make_shared<Submission>();
  batch.identify(
      *implementation_->model);  // here, for the caller's thread waits for less than the supervisor
  submission->size = batch.events.size();
  submission->batch = std::move(batch);
  submission->done = std::move(done);
  enqueue(submission);
}

void Twin::admit(std::vector<std::uint64_t> numbers, std::function<void(Result<Receipt>)> done) {
  decide(std::move(numbers), true, std::move(done));
}

void Twin::discard(std::vector<std::uint64_t> numbers, std::function<void(Result<Receipt>)> done) {
  decide(std::move(numbers), false, std::move(done));
}

void Twin::decide(std::vector<std::uint64_t> numbers, bool admits,
                  std::function<void(Result<Receipt>)> done) {
  POLLUX_ASSERT(!numbers.empty() && numbers.size() <= kDecisionsMax);
  auto submission = std::make_shared<Submission>();
  submission->size = numbers.size();
  submission->numbers = std::move(numbers);
  submission->admits = admits;
  submission->done = std::move(done);
  enqueue(submission);
}

void Twin::enqueue(const SubmissionPtr& submission) {
  Implementation& self = *implementation_;
  const auto events = static_cast<std::int64_t>(submission->size);
  const auto limit = static_cast<std::int64_t>(self.options.queue_events_max);
  submission->taken_at = std::chrono::steady_clock::now();
  std::optional<Error> refusal;
  {
    const std::lock_guard lock(self.mutex);
    if (self.stopped) {
      refusal = stopping();
    } else if (!self.failure.empty()) {
      refusal = Error{ErrorCode::io, self.failure, "", "free or repair the disk, then restart the server"};
    } else if (self.stall) {
      self.probe.submissions_refused_disk_full.add();
      refusal = self.stall;
    } else if (self.probe.queue_events.value() + events > limit) {
      self.probe.submissions_refused_queue_full.add();
      refusal =
          Error{ErrorCode::overloaded,
                "the queue holds " + std::to_string(self.probe.queue_events.value()) + " of at most " +
                    std::to_string(limit) + " events and has no room for " + std::to_string(events) + " more",
                "", events > limit ? "send smaller batches" : "try again in a moment"};
    } else {
      self.probe.queue_events.add(events);
      caf::anon_send(self.supervisor, submit_atom::value, submission);
    }
  }
  if (refusal) submission->done(*std::move(refusal));
}

void Twin::query(std::function<void(const SettledState&)> query) {
  implementation_->query(std::move(query));
}

void Twin::pin(std::function<void(Result<PinPtr>)> done) {
  Implementation& self = *implementation_;
  {
    const std::lock_guard lock(self.mutex);
    if (!self.stopped) {
      const auto taker = [desk = self.pins, done = std::move(done)](const Result<NewPin>& opened) {
        if (!opened.ok()) return done(opened.error());
        done(PinPtr(
            std::make_shared<const Pin>(opened->number, opened->position, opened->clock,
                                        [desk, number = opened->number] { desk->give_back(number); })));
      };
      caf::anon_send(self.supervisor, pin_atom::value,
                     std::make_shared<const std::function<void(Result<NewPin>)>>(taker));
      return;
    }
  }
  done(stopping());
}

void Twin::query(PinPtr pin, std::function<void(const SettledState&)> query) {
  const PinNumber number = pin->number();
  const auto run = [pin = std::move(pin), query = std::move(query)](const SettledState& state) {
    query(state);
  };
  caf::anon_send(implementation_->supervisor, pinned_atom::value, number,
                 std::make_shared<const std::function<void(const SettledState&)>>(run));
}

void Twin::read(std::vector<EntityIndex> entities, std::function<void(StateView)> done) {
  implementation_->query([entities = std::move(entities), done = std::move(done)](const SettledState& state) {
    done(state.read(entities));
  });
}

void Twin::episodes(EntityIndex constraint, EventTime from, EventTime to, std::size_t limit,
                    std::function<void(std::vector<Episode>)> done) {
  implementation_->query([=, done = std::move(done)](const SettledState& state) {
    done(state.episodes().find(constraint, from, to, limit));
  });
}

void Twin::why(EntityIndex entity, AttributeSlot attribute, unsigned depth, EventTime at,
               std::function<void(Explanation)> done) {
  implementation_->query([=, this, done = std::move(done)](const SettledState& state) {
    done(explain(model(), state, entity, attribute, depth, at));
  });
}

void Twin::standing(std::vector<schema::EventKey> keys, std::function<void(std::vector<bool>)> done) {
  implementation_->query([keys = std::move(keys), done = std::move(done)](const SettledState& state) {
    std::vector<bool> stands;
    for (const schema::EventKey& key : keys) stands.push_back(state.stands(key));
    done(std::move(stands));
  });
}

void Twin::digest(std::function<void(Digest)> done) {
  implementation_->query([done = std::move(done)](const SettledState& state) { done(state.digest()); });
}

void Twin::snapshot(std::function<void(Result<SnapshotTaken>)> done) {
  if (implementation_->snapshotter != nullptr) return implementation_->snapshotter->take(std::move(done));
  done(Error{ErrorCode::not_found, "this twin keeps no snapshots", "", "give it a data directory"});
}

const SnapshotStore* Twin::snapshots() const {
  return implementation_->options.snapshots.store.get();
}

Result<BackupInfo> Twin::back_up(const std::string& directory) const {
  return back_up_with_snapshots(snapshots(), directory, [this, &directory](const std::string& beside) {
    return implementation_->journal->back_up(directory, beside);
  });
}

const SnapshotTaken& Twin::loaded() const {
  return implementation_->loaded;
}

ChangeFeed& Twin::changes() {
  return implementation_->feed;
}
const ChangeFeed& Twin::changes() const {
  return implementation_->feed;
}

void Twin::end_actor(EntityIndex entity) {
  caf::anon_send(implementation_->supervisor, end_atom::value, entity);
}

const History* Twin::history() const {
  return implementation_->history;
}

Result<void> Twin::wait_for_history(std::chrono::milliseconds patience) const {
  Implementation& self = *implementation_;
  if (self.history_writer != nullptr && self.history_writer->wait_for(settled_position(), patience))
    return {};
  const std::lock_guard lock(self.mutex);
  if (self.history_failure) return *self.history_failure;
  return Error{ErrorCode::unavailable, "the history has not caught up with what is settled", "",
               "try again in a moment"};
}

void Twin::stop() {
  Implementation& self = *implementation_;
  {
    const std::lock_guard lock(self.mutex);
    if (std::exchange(self.stopped, true)) return;
  }
  self.finish_replaying();
  if (self.snapshotter != nullptr) self.snapshotter->stop();
  auto [signal, drained] = make_signal();
  caf::anon_send(self.supervisor, drain_atom::value, signal);
  self.wait_for(drained);
  self.end_snapshots(failure().empty());
  self.writer.reset();
  self.history_writer.reset();
  // A tick that is still to come would hold on to the supervisor, and with it the system, until its time.
  self.system->clock().cancel_all();
  self.pins->close();
  caf::anon_send_exit(self.supervisor, caf::exit_reason::user_shutdown);
  self.supervisor = nullptr;
  if (self.options.scheduler != nullptr) self.options.scheduler->run();
  self.system.reset();
}

Position Twin::settled_position() const {
  return static_cast<Position>(implementation_->probe.settled_position.value());
}

EventTime Twin::clock() const {
  return implementation_->probe.clock_ns.value();
}

const schema::Model& Twin::model() const {
  return *implementation_->model;
}

const Journal& Twin::journal() const {
  return *implementation_->journal;
}

const DomainProbe& Twin::probe() const {
  return implementation_->probe;
}

const SourceBook& Twin::sources() const {
  return implementation_->sources;
}

const std::vector<schema::Misfit>& Twin::misfits() const {
  return implementation_->misfits;
}

std::optional<Error> Twin::history_failure() const {
  const std::lock_guard lock(implementation_->mutex);
  return implementation_->history_failure;
}

std::optional<Error> Twin::stall() const {
  const std::lock_guard lock(implementation_->mutex);
  return implementation_->stall;
}

std::string Twin::failure() const {
  const std::lock_guard lock(implementation_->mutex);
  return implementation_->failure;
}

}  // namespace pollux::actors
