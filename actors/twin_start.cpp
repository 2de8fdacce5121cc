#include <algorithm>
#include <caf/logger.hpp>
#include <chrono>

#include "actors/propagation/planted_bugs.h"
#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/scheduling/tbb_coordinator.h"
#include "actors/snapshot/history_beginning.h"
#include "actors/supervision/epoch_span.h"
#include "actors/twin_parts.h"
#include "schema/assert.h"

namespace pollux::actors {

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

}  // namespace

Twin::Implementation::Implementation(std::shared_ptr<const schema::Model> m, std::unique_ptr<Journal> j,
                                     const TwinOptions& o)
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

void Twin::Implementation::open_history() {
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
    // What held just before is needed too.
    if (recalls) retention.at_least = schema::after(schema::after(lateness, longest_look_back(*model)), 1);
  } else if (auto told = history->keep_background(false, false); !told.ok()) {
    history_failure = told.error();
  }
  history_writer = std::make_unique<HistoryWriter>(
      *history, retention, std::chrono::nanoseconds(options.journal_retry), probe,
      HistoryWriter::Hooks{[this] { caf::anon_send(supervisor, caught_up_atom::value); },
                           [this](const Error& why, bool for_good) { history_stops(why, for_good); },
                           [this] { history_goes_on(); }});
  tell_restart();
}

/// The oldest snapshot that this start, or the next one, may go on from.
void Twin::Implementation::tell_restart() {
  if (options.snapshots.store == nullptr) return;
  const auto kept = options.snapshots.store->list();
  if (kept.ok() && !kept->empty()) history_writer->restarts_from(kept->back().position);
}

void Twin::Implementation::history_stops(const Error& why, bool for_good) {
  {
    const std::lock_guard lock(mutex);
    history_failure = why;
  }
  if (!options.warn) return;
  options.warn((for_good ? "the history does not go on before a restart, the twin goes on: "
                         : "the history stops and is tried again by itself, the twin goes on: ") +
               why.text());
}

void Twin::Implementation::history_goes_on() {
  {
    const std::lock_guard lock(mutex);
    history_failure.reset();
  }
  if (options.warn) options.warn("the history goes on, and nothing is missing in it");
}

void Twin::Implementation::show_bounds() {
  const auto show = [](Gauge& gauge, std::size_t bound) { gauge.set(static_cast<std::int64_t>(bound)); };
  show(probe.queue_events_max, options.queue_events_max);
  show(probe.epoch_events_max, options.epoch_events_max);
  show(probe.change_epochs_max, options.change_epochs_max);
  show(probe.changes_kept_max, options.changes_max);
  show(probe.revised_events_max, Revisions::kEventsMax);
  show(probe.episodes_per_constraint_max, Episodes::kPerConstraintMax);
}

void Twin::Implementation::spawn_supervisor() {
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

void Twin::Implementation::finish_replaying(std::size_t but) {
  while (replaying.size() > but) {
    wait_for(replaying.front().settled);
    spare = std::move(replaying.front().record);
    replaying.pop_front();
  }
}

RecordPtr Twin::Implementation::empty_record() {
  if (spare == nullptr) return std::make_shared<schema::EpochRecord>();
  spare->position = 0;
  spare->clock = schema::kBeginning;
  spare->events.clear();
  spare->misfits.clear();
  return std::exchange(spare, nullptr);
}

void Twin::Implementation::wait_for(std::future<void>& signal) {
  using namespace std::chrono_literals;
  while (options.scheduler != nullptr && signal.wait_for(0s) != std::future_status::ready) {
    POLLUX_ASSERT(options.scheduler->step(), "what is waited for is under way");
  }
  signal.get();
}

Result<Position> Twin::Implementation::recover() {
  const SnapshotStore* store = options.snapshots.store.get();
  const auto outcome = store == nullptr ? recover_without_snapshots(*journal)
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

Result<void> Twin::Implementation::restore(const SnapshotView& view, const std::string& where) {
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

Result<void> Twin::Implementation::begin_history() {
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
    options.warn("the history begins anew at position " + std::to_string(bounds.begun) + " (" +
                 schema::format_rfc3339(bounds.begun_clock) +
                 "): the journal no longer tells what was known before, and questions about it are refused");
  }
  return outcome;
}

void Twin::Implementation::start_snapshotter(std::uint64_t events_behind) {
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

void Twin::Implementation::wait_for_snapshots() {
  while (options.scheduler != nullptr && !snapshotter->idle()) {
    POLLUX_ASSERT(options.scheduler->step(), "what is waited for is under way");
  }
  snapshotter->wait_until_idle();
}

void Twin::Implementation::end_snapshots(bool with_last) {
  if (snapshotter == nullptr) return;
  wait_for_snapshots();
  if (with_last) snapshotter->take_last();
  wait_for_snapshots();
  snapshotter.reset();
}

void Twin::Implementation::replay(const RecordPtr& record,
                                  const std::function<void(ReplayProgress)>& on_progress) {
  const Position position = record->position;
  finish_replaying(kReplayedAtOnce - 1);
  if (history_writer != nullptr) history_writer->wait_while_behind();
  auto [signal, settled] = make_signal();
  caf::anon_send(supervisor, replay_atom::value, record, signal);
  replaying.push_back({record, std::move(settled)});
  if (on_progress) on_progress({position, journal->last_position()});
}

void Twin::Implementation::note(const std::vector<schema::Misfit>& left_out) {
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

void Twin::Implementation::query(std::function<void(const SettledState&)> run) {
  caf::anon_send(supervisor, query_atom::value,
                 std::make_shared<const std::function<void(const SettledState&)>>(std::move(run)));
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

}  // namespace pollux::actors
