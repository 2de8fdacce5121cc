#include "actors/supervision/supervisor.h"

#include <algorithm>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/send.hpp>
#include <exception>
#include <utility>

#include "actors/propagation/entity_actor.h"
#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::Event;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Result;
using std::chrono::steady_clock;

Supervisor::Supervisor(caf::actor_config& config, const DomainContext& context)
    : HandedOverActor(config),
      context_(context),
      admission_(context.model, archive(),
                 context.journal.knows_positions() ? context.memory : schema::kNever,
                 context.forget_at_once ? 0 : Identities::kGenerationBits),
      intake_(context.model, context.journal, admission_, context.sources, context.probe, context.quarantine),
      outage_(context.probe, context.alarm),
      span_max_(epoch_span_max(context.model)),
      look_back_(longest_look_back(context.model)) {
  // CAF would end the supervisor alone, and whoever submits, reads or stops the twin would wait for ever. A
  // process that ends is started again, and goes on from the journal.
  set_exception_handler(
      [](std::exception_ptr& thrown) noexcept -> caf::error { std::rethrow_exception(thrown); });
  create_entities();
  wave_ = std::make_unique<Wave>(context_.model, home_system(), entities_, context_.portion_entities, [this] {
    caf::anon_send(caf::actor_cast<caf::actor>(this), settled_atom::value);
  });
}

Supervisor::~Supervisor() = default;

void Supervisor::on_exit() {
  taken_over(this);
  wave_.reset();
  entities_.clear();
  actors_.clear();
  handed_over(this);
}

caf::behavior Supervisor::make_behavior() {
  return handed_over_to({
      [this](submit_atom, const SubmissionPtr& submission) { take(submission); },
      [this](query_atom, const Query& query) {
        between_epochs([this, query] { (*query)(settled_state()); });
      },
      [this](pin_atom, const PinTaker& taker) { between_epochs([this, taker] { open_pin(taker); }); },
      [this](pinned_atom, PinNumber pin, const Query& query) {
        between_epochs([this, pin, query] { (*query)({settled_state(), pins_, pin}); });
      },
      [this](unpin_atom, PinNumber pin) { between_epochs([this, pin] { release(pin); }); },
      [this](lend_atom, const PartsUser& user) { between_epochs([this, user] { lend(user); }); },
      [this](quiet_atom, const PartsUser& user) {
        wait_for_quiet_.push_back(user);
        advance();
      },
      [this](restore_atom, const PartsUser& user, const Signal& restored) {
        restore(user);
        (*restored)();
      },
      [this](settled_atom) { settle(); },
      [this](journaled_atom, const JournalOutcome& outcome) { journaled(*outcome); },
      [this](tick_atom) { tick(); },
      [this](caught_up_atom) { advance(); },
      [this](retry_atom) { retry(); },
      [this](died_atom, const OrphanPtr& orphan) { restart(std::move(*orphan)); },
      [this](end_atom, EntityIndex entity) { caf::anon_send_exit(actors_[entity], caf::exit_reason::kill); },
      [this](replay_atom, const RecordPtr& record, const Signal& replayed) { replay(record, replayed); },
      [this](serve_atom) {
        serving_ = true;
        if (left_out_ > 0) tell_left_out();
        context_.feed.start(settled_position_);
        if (context_.now) delayed_send(this, context_.tick, tick_atom::value);
      },
      [this](drain_atom, const Signal& drained) {
        draining_ = true;
        drained_ = drained;
        if (outage_.why() && !appending_) give_up();
        advance();
      },
  });
}

void Supervisor::take(SubmissionPtr submission) {
  if (failed_ || outage_.why()) {
    refuse(*submission, failed_ ? *failed_ : *outage_.why());
    return;
  }
  pending_.push_back(std::move(submission));
  advance();
}

void Supervisor::refuse(const Submission& submission, const Error& why) {
  context_.probe.queue_events.add(-static_cast<std::int64_t>(submission.size));
  if (why.code == ErrorCode::no_space) context_.probe.submissions_refused_disk_full.add();
  submission.done(why);
}

/// Timers are all that time alone can set off, so an idle twin's clock is journaled only where one is due.
void Supervisor::tick() {
  if (draining_) return;
  delayed_send(this, context_.tick, tick_atom::value);
  begin_idle_epoch();
}

void Supervisor::begin_idle_epoch() {
  const bool busy = journaling_ != nullptr || waiting_ != nullptr || running_ != nullptr || !pending_.empty();
  if (busy || failed_ || outage_.why()) return;
  catching_up_ = false;
  while (!wakes_.empty() && entities_[wakes_.top().entity]->wake() != wakes_.top().time) wakes_.pop();
  const EventTime now = context_.now();
  if (wakes_.empty() || wakes_.top().time > now) return;
  const EventTime next = next_clock(last_clock_, now, span_max_);
  catching_up_ = next < now;
  if (catching_up_) context_.probe.epochs_catching_up.add();
  intake_.begin_epoch(next);
  journal(std::make_unique<Epoch>());
}

void Supervisor::replay(const RecordPtr& record, Signal replayed) {
  POLLUX_ASSERT(waiting_ == nullptr, "one record runs, one waits");
  if (failed_) return (*replayed)();  // what follows would be replayed onto a state with a hole
  auto epoch = std::make_unique<Epoch>();
  epoch->started_at = steady_clock::now();
  epoch->times.before = last_clock_;
  epoch->record = std::exchange(*record, std::move(replayed_));
  epoch->replayed = std::move(replayed);
  schema::EventBatch& batch = epoch->record.events;
  batch.identify(context_.model);
  if (auto looked_up = admission_.look_up(batch); !looked_up.ok()) {
    failed_ = looked_up.error();
    lost_an_epoch_ = true;
    context_.on_failure(*failed_);
    return (*epoch->replayed)();
  }
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = batch.events[i];
    admission_.restore(batch.keys[i], event, schema::named_key(batch, event, context_.model));
    context_.sources.accepted(event);
  }
  admission_.restore_clock(epoch->record.clock);
  end_replayed_epoch(*epoch);
  epoch->times.clock = admission_.clock();
  last_position_ = epoch->record.position;
  last_clock_ = admission_.clock();
  waiting_ = std::move(epoch);
  advance();
}

void Supervisor::advance() {
  run_when_quiet();
  form();
  propagate();
  form();
  if (catching_up_ && !draining_) begin_idle_epoch();
  const bool nothing_left = pending_.empty() && !journaling_ && !waiting_ && !running_;
  if (nothing_left && drained_) (*std::exchange(drained_, nullptr))();
}

/// Where the clock will be, at least, when what has arrived first is taken in. What arrives may be from
/// before the clock; then nothing may come to pass before it does.
EventTime Supervisor::next_target() const {
  if (context_.now) return context_.now();
  EventTime oldest = kNever;
  for (const Event& event : pending_.front()->batch.events) oldest = std::min(oldest, event.time);
  return oldest == kNever ? last_clock_ : schema::before(oldest, 1);
}

/// After a long silence the clock comes to what has arrived in steps, epochs without events, so that none of
/// them sets off more timers, ticks and rounds than an epoch may.
bool Supervisor::begin_catching_up() {
  if (span_max_ == kNever || last_clock_ == kBeginning) return false;
  const EventTime target = next_target();
  const EventTime next = next_clock(last_clock_, target, span_max_);
  if (next >= target) return false;
  context_.probe.epochs_catching_up.add();
  intake_.begin_epoch(next);
  journal(std::make_unique<Epoch>());
  return true;
}

/// Makes an epoch of what has arrived, unless one is on its way to or from the disk already.
void Supervisor::form() {
  if (pending_.empty() || journaling_ != nullptr || waiting_ != nullptr) return;
  if (!wait_for_quiet_.empty()) return;
  if (context_.history != nullptr && context_.history->behind()) return;
  if (begin_catching_up()) return;
  auto epoch = std::make_unique<Epoch>();
  admission_.refuse(unreadable());
  intake_.begin_epoch(context_.now ? context_.now() : kBeginning);
  std::size_t events = 0;
  while (!pending_.empty()) {
    const std::size_t next = pending_.front()->size;
    if (events > 0 && events + next > context_.epoch_events_max) {
      context_.probe.epochs_full.add();
      break;
    }
    events += next;
    take_in(*epoch, std::move(pending_.front()));
    pending_.pop_front();
  }
  context_.probe.epoch_events.set(static_cast<std::int64_t>(events));
  context_.probe.remembered_events.set(static_cast<std::int64_t>(admission_.remembered()));
  const bool nothing = epoch->parts.empty() && epoch->record.events.events.empty();
  if (!nothing || !epoch->quarantine.empty()) journal(std::move(epoch));
}

void Supervisor::take_in(Epoch& epoch, SubmissionPtr submission) {
  Receipt receipt;
  if (submission->numbers.empty()) {
    auto outcomes = intake_.take(std::move(submission->batch), epoch.record, epoch.quarantine);
    if (!outcomes.ok()) {
      refuse(*submission, outcomes.error());
      return;
    }
    receipt.outcomes = std::move(outcomes).value();
  } else {
    auto verdicts = intake_.decide(*submission, epoch.record, epoch.quarantine);
    if (!verdicts.ok()) {
      refuse(*submission, verdicts.error());
      return;
    }
    receipt.verdicts = std::move(verdicts).value();
  }
  epoch.parts.push_back({std::move(submission), std::move(receipt)});
}

/// Sorts out which of the epoch's events stand.
void Supervisor::end_epoch(Epoch& epoch) {
  if (!admission_.revised()) {
    admission_.end_epoch(held_from_at(last_clock_));
    return;
  }
  epoch.revised = std::make_unique<Epoch::Revised>();
  const schema::EventBatch& batch = epoch.record.events;
  for (std::uint32_t i = 0; i < batch.events.size(); ++i) {
    if (batch.events[i].kind == schema::EventKind::retract) continue;
    if (admission_.stands(batch.keys[i])) {
      epoch.revised->standing.append(batch, i, 1);
    } else {
      epoch.revised->withheld.push_back(i);
    }
  }
  epoch.revised->changes = admission_.end_epoch(held_from_at(last_clock_));
  context_.probe.revised_events.set(static_cast<std::int64_t>(admission_.revised_events()));
}

void Supervisor::journal(std::unique_ptr<Epoch> epoch) {
  epoch->started_at = steady_clock::now();
  end_epoch(*epoch);
  epoch->times.before = last_clock_;
  epoch->times.clock = last_clock_;
  const bool nothing_accepted = epoch->record.events.events.empty() && !epoch->parts.empty();
  if (!nothing_accepted) {
    last_clock_ = admission_.clock();
    epoch->times.clock = last_clock_;
    epoch->record.clock = last_clock_;
    epoch->record.position = ++last_position_;
  } else if (epoch->quarantine.empty()) {
    waiting_ = std::move(epoch);  // only duplicates: they are acknowledged in turn, after what they repeat
    return;
  }
  journaling_ = std::move(epoch);
  append();
}

void Supervisor::propagate() {
  if (waiting_ == nullptr || running_ != nullptr) return;
  running_ = std::move(waiting_);
  running_->started_at = steady_clock::now();
  wake_due(*running_);
  Epoch& epoch = *running_;
  epoch.times.pinned = pins_.newest();
  epoch.times.remember = context_.recalled != nullptr;
  epoch.times.final_before = admission_.horizon_at(epoch.times.before);
  epoch.times.horizon = held_from_ = held_from_at(epoch.times.before);
  if (!recollect(epoch)) return;
  if (epoch.revised) apply_revisions(epoch);
  const bool settled = wave_->start(epoch.revised ? epoch.revised->standing : epoch.record.events,
                                    epoch.woken, epoch.times, epoch.recollection.get());
  if (settled) settle();
}

/// Between two waves the entities are the supervisor's.
void Supervisor::apply_revisions(Epoch& epoch) {
  const schema::EventBatch& batch = epoch.record.events;
  std::vector<KeptImage> kept;
  for (const std::uint32_t i : epoch.revised->withheld) {
    const Event& event = batch.events[i];
    if (event.values_count == 0) continue;  // the model may no longer have its entity
    entities_[event.entity]->keep_for(epoch.times.pinned, kept);
    for (const schema::ReportedValue& reported : batch.values_of(event)) {
      entities_[event.entity]->withhold(
          reported.attribute, {event.time, event.sequence, batch.keys[i].low, event.source, reported.value},
          epoch.times);
    }
  }
  for (const StandingChange& change : epoch.revised->changes) {
    Entity& entity = *entities_[change.entity];
    entity.keep_for(epoch.times.pinned, kept);
    entity.set_standing(change.place, change.stands, epoch.times, epoch.background);
    epoch.woken.push_back(change.entity);
    if (entity.wake() != kNever) wakes_.push({entity.wake(), change.entity});
  }
  for (KeptImage& each : kept) pins_.keep(std::move(each));
}

void Supervisor::wake_due(Epoch& epoch) {
  while (!wakes_.empty() &&
         wakes_.top().time + POLLUX_PLANTED(timer_due_now_is_missed) <= epoch.times.clock) {
    const Wake wake = wakes_.top();
    wakes_.pop();
    if (entities_[wake.entity]->wake() == wake.time) epoch.woken.push_back(wake.entity);
  }
}

void Supervisor::settle() {
  std::unique_ptr<Epoch> epoch = std::move(running_);
  if (context_.check_invariants) {
    wave_->check_invariants();
    episodes_.check_invariants();
    context_.sources.check_invariants();
    pins_.check_invariants();
  }
  std::vector<Change> changes = collect(*epoch);
  if (epoch->recollection && epoch->recollection->failure()) {
    const Error why = *epoch->recollection->failure();
    return lose(std::move(epoch), why);
  }
  if (wave_->rounds() > 1) {
    changes = net_changes(std::move(changes), epoch->times.before);
    epoch->background.memory = net_changes(std::move(epoch->background.memory), epoch->times.before);
  }
  forget(*epoch);
  settled_clock_ = std::max(settled_clock_, epoch->times.clock);
  if (epoch->record.position != 0) {
    settled_position_ = epoch->record.position;
    publish(*epoch, std::move(changes));
  }
  context_.probe.propagation.record_since(epoch->started_at);
  if (epoch->replayed) replayed_ = std::move(epoch->record);
  acknowledge(*epoch);
  answer_queries();
  advance();
}

/// Whether anyone is told of its changes.
bool Supervisor::is_told(const Epoch& epoch) const {
  return !epoch.replayed || (context_.history != nullptr && context_.history->wants(epoch.record.position));
}

/// Takes over what the workers recorded; changes only where someone is to be told.
std::vector<Change> Supervisor::collect(Epoch& epoch) {
  const bool told = is_told(epoch);
  DomainProbe& probe = context_.probe;
  std::vector<Change> changes;
  wave_->collect([&](Workspace& workspace) {
    for (KeptImage& kept : workspace.kept) pins_.keep(std::move(kept));
    for (const Change& change : workspace.statuses) count_status(change);
    for (const Workspace::Wake& wake : workspace.wakes) wakes_.push({wake.time, wake.entity});
    probe.changes.add(workspace.changes.size());
    probe.revisions.add(workspace.revisions);
    probe.observations_passed_over.add(workspace.passed_over);
    probe.entities_evaluated.add(workspace.evaluated);
    probe.steps_failed.add(workspace.failed);
    if (!told) return;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(epoch.background.memory, workspace.background.memory);
    append(epoch.background.words, workspace.background.words);
    if (changes.empty()) {
      changes.reserve(workspace.changes.size());
      changes.swap(workspace.changes);  // the worker keeps a buffer of the size it needed
    } else {
      changes.insert(changes.end(), workspace.changes.begin(), workspace.changes.end());
    }
  });
  if (pins_.held() > 0) show_pins();
  probe.violated_constraints.set(static_cast<std::int64_t>(episodes_.open()));
  probe.episodes_kept.set(static_cast<std::int64_t>(episodes_.kept()));
  probe.episodes_dropped.add(episodes_.dropped() - probe.episodes_dropped.value());
  return changes;
}

void Supervisor::publish(Epoch& epoch, std::vector<Change> changes) {
  DomainProbe& probe = context_.probe;
  probe.clock_ns.set(settled_clock_);
  probe.settled_position.set(static_cast<std::int64_t>(settled_position_));
  if (epoch.replayed) {
    probe.epochs_replayed.add();
    if (!is_told(epoch)) return;
  }
  if (POLLUX_PLANTED(feed_omits_revisions))
    std::erase_if(changes, [](const Change& c) { return c.revision; });
  const auto settled = std::make_shared<EpochChanges>(epoch.record.position, settled_clock_,
                                                      std::move(changes), std::move(epoch.background));
  if (context_.history != nullptr) context_.history->append(settled);
  if (epoch.replayed) return;
  probe.epochs_settled.add();
  const ChangeFeed::Fill fill = context_.feed.publish(settled);
  probe.change_epochs.set(static_cast<std::int64_t>(fill.epochs));
  probe.changes_kept.set(static_cast<std::int64_t>(fill.changes));
}

void Supervisor::acknowledge(Epoch& epoch) {
  if (epoch.replayed) (*epoch.replayed)();
  for (Epoch::Part& part : epoch.parts) {
    const bool miscounted = POLLUX_PLANTED(queue_never_empties) && epoch.record.position == 0;
    if (!miscounted) context_.probe.queue_events.add(-static_cast<std::int64_t>(part.submission->size));
    context_.probe.submit_to_settled.record_since(part.submission->taken_at);
    part.receipt.position = settled_position_;
    for (QuarantineVerdict& verdict : part.receipt.verdicts) {
      const bool now = verdict.outcome == QuarantineVerdict::Outcome::admitted && verdict.position == 0;
      if (now) verdict.position = epoch.record.position;
    }
    part.submission->done(std::move(part.receipt));
  }
}

}  // namespace pollux::actors
