#include "actors/twin.h"

#include <algorithm>
#include <caf/send.hpp>
#include <chrono>
#include <utility>

#include "actors/scheduling/deterministic_scheduler.h"
#include "actors/storage/backup.h"
#include "actors/twin_parts.h"
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

Error stopping() {
  return {ErrorCode::unavailable, "the twin is stopping", "", "send the events again after the restart"};
}

}  // namespace

Twin::Twin(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Twin::~Twin() {
  stop();
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

const History* Twin::recalled() const {
  return implementation_->recalls ? implementation_->history : nullptr;
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
