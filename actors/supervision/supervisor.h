// The supervisor of a domain: puts events in order, journals them, lets their changes run, settles.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "actors/change_feed.h"
#include "actors/episodes.h"
#include "actors/history/history_writer.h"
#include "actors/journal/journal.h"
#include "actors/journal/journal_writer.h"
#include "actors/journal/outage.h"
#include "actors/probe.h"
#include "actors/propagation/entity.h"
#include "actors/propagation/pins.h"
#include "actors/propagation/wave.h"
#include "actors/scheduling/hand_over.h"
#include "actors/settled_state.h"
#include "actors/submission.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/domain_parts.h"
#include "actors/supervision/epoch_span.h"
#include "actors/supervision/intake.h"
#include "actors/supervision/source_book.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// What a domain shares with those outside it; owned by the twin, which outlives the domain's actors.
struct DomainContext {
  const schema::Model& model;
  Journal& journal;
  JournalWriter& writer;
  ChangeFeed& feed;
  DomainProbe& probe;
  SourceBook& sources;
  /// The wall clock; empty where events alone move the twin's clock.
  std::function<schema::EventTime()> now;
  std::chrono::nanoseconds tick{0};
  std::size_t epoch_events_max = 0;
  std::size_t portion_entities = 0;
  QuarantineLimits quarantine;
  bool check_invariants = false;
  /// Called once when the journal fails for good; from then on submissions are refused.
  std::function<void(const schema::Error&)> on_failure;
  /// How long to wait for space on a full disk before the same epoch is tried again.
  std::chrono::nanoseconds journal_retry{0};
  /// Called when the disk is found full, with the reason, and with nothing once the journal goes on;
  /// submissions are refused in between.
  std::function<void(const std::optional<schema::Error>&)> on_stall;
  /// Told of faults that the domain got over by itself; may be empty.
  std::function<void(const std::string&)> warn;
  /// Null where no history is kept.
  HistoryWriter* history = nullptr;
  /// Told of what needs a person: the journal cannot be written, or goes on; may be empty.
  std::function<void(const std::string&)> alarm;
  /// Where late events find what memory has dropped; null where memory drops nothing they may need.
  const History* recalled = nullptr;
  /// How far behind the clock memory reaches, or as far as events may be late where that is less.
  schema::Duration memory = schema::kNever;
  /// Drop all that memory need not hold, after each epoch; for tests.
  bool forget_at_once = false;
};

/// Messages to a supervisor; all stay in this process.
using Query = std::shared_ptr<const std::function<void(const SettledState&)>>;
/// Told the number, position and clock of a new pin, or why there is none.
struct NewPin {
  PinNumber number = 0;
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
};
using PinTaker = std::shared_ptr<const std::function<void(schema::Result<NewPin>)>>;
using Signal = std::shared_ptr<const std::function<void()>>;
using JournalOutcome = std::shared_ptr<const schema::Result<void>>;
using RecordPtr = std::shared_ptr<schema::EpochRecord>;

using submit_atom = caf::atom_constant<caf::atom("submit")>;
using query_atom = caf::atom_constant<caf::atom("query")>;
using replay_atom = caf::atom_constant<caf::atom("replay")>;
using serve_atom = caf::atom_constant<caf::atom("serve")>;
using drain_atom = caf::atom_constant<caf::atom("drain")>;
using settled_atom = caf::atom_constant<caf::atom("settled")>;
using journaled_atom = caf::atom_constant<caf::atom("journaled")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using retry_atom = caf::atom_constant<caf::atom("retry")>;
using pin_atom = caf::atom_constant<caf::atom("pin")>;
using unpin_atom = caf::atom_constant<caf::atom("unpin")>;
using pinned_atom = caf::atom_constant<caf::atom("pinned")>;
using lend_atom = caf::atom_constant<caf::atom("lend")>;
using quiet_atom = caf::atom_constant<caf::atom("quiet")>;
using restore_atom = caf::atom_constant<caf::atom("restore")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using caught_up_atom = caf::atom_constant<caf::atom("caughtup")>;

/// One epoch on its way: formed, journaled, propagated, settled.
struct Epoch {
  /// A submission, and what became of it.
  struct Part {
    SubmissionPtr submission;
    Receipt receipt;
  };

  schema::EpochRecord record;
  /// Set where corrections or retractions bear on it: then not all of its events stand.
  struct Revised {
    schema::EventBatch standing;
    std::vector<std::uint32_t> withheld;  ///< Indices of events that do not stand.
    std::vector<StandingChange> changes;
  };
  std::unique_ptr<Revised> revised;
  QuarantineChanges quarantine;
  std::vector<Part> parts;
  EpochTimes times;
  std::vector<schema::EntityIndex> woken;
  std::unique_ptr<Recollection> recollection;  ///< Set where it reaches back further than memory.
  Background background;                       ///< What its revisions told.
  Signal replayed;                             ///< Set for an epoch that comes from the journal.
  std::chrono::steady_clock::time_point started_at;
};

/// A CAF actor; the only one that starts waves over the entities of its domain. While one epoch propagates,
/// the next is made durable and the one after that fills with whatever arrives, so batches grow with load by
/// themselves.
///
/// Messages: (submit, SubmissionPtr); (query, Query), run between two epochs; (pin, PinTaker), (pinned,
/// PinNumber, Query) and (unpin, PinNumber), likewise; (lend, PartsUser), likewise; (quiet, PartsUser), run
/// when no epoch is on its way at all, which is brought about; (restore, PartsUser, Signal), which may put
/// another state in the place of the first one, before (serve) and (replay); (replay, RecordPtr, Signal), two
/// at a time and before (serve), which leaves the memory of an earlier record in place of the one given;
/// (drain, Signal), signalled when nothing is left to do; (end, EntityIndex), which ends an entity's actor.
/// From itself: settled, journaled, tick, retry. From an entity's actor that dies: (died, OrphanPtr).
class Supervisor : public HandedOverActor {
 public:
  Supervisor(caf::actor_config& config, const DomainContext& context);
  ~Supervisor() override;

 protected:
  caf::behavior make_behavior() override;
  /// Lets go of the entities: the clock may hold on to the supervisor itself until the system is gone.
  void on_exit() override;

 private:
  void create_entities();
  void count_initial_statuses();

  caf::actor spawn_entity(EntityPtr entity);
  void restart(EntityPtr orphan);

  void take(SubmissionPtr submission);
  void replay(const RecordPtr& record, Signal replayed);
  void tick();

  /// The first step of a clock that has far to go; false where it has not.
  bool begin_catching_up();
  schema::EventTime next_target() const;
  void begin_idle_epoch();

  /// Moves every epoch on that can move.
  void advance();
  void form();
  void take_in(Epoch& epoch, SubmissionPtr submission);
  void end_epoch(Epoch& epoch);
  void journal(std::unique_ptr<Epoch> epoch);
  void journaled(const schema::Result<void>& outcome);
  void fail(const schema::Error& why);
  void append();
  void stall(const schema::Error& why);
  void end_outage();
  void retry();
  void give_up();
  void refuse_all(const schema::Error& why);
  void propagate();
  Admission::Archive archive();
  schema::Result<std::optional<Revisions::Observed>> find_in_journal(const schema::EventKey& key);
  schema::EventTime recalled_from() const;
  schema::EventTime held_from_at(schema::EventTime clock) const;
  Admission::Unreadable unreadable() const;
  void end_replayed_epoch(Epoch& epoch);
  void tell_left_out() const;
  bool recollect(Epoch& epoch);
  void forget(const Epoch& epoch);
  void lose(std::unique_ptr<Epoch> epoch, const schema::Error& why);
  void apply_revisions(Epoch& epoch);
  void settle();

  void refuse(const Submission& submission, const schema::Error& why);
  bool is_told(const Epoch& epoch) const;
  std::vector<Change> collect(Epoch& epoch);
  void publish(Epoch& epoch, std::vector<Change> changes);
  void count_status(const Change& change);
  void acknowledge(Epoch& epoch);
  void wake_due(Epoch& epoch);
  /// Does what must not see half an epoch: now, or when this one has settled.
  void between_epochs(std::function<void()> act);
  void answer_queries();
  void lend(const PartsUser& user);
  void restore(const PartsUser& user);
  void run_when_quiet();
  bool is_quiet() const { return !journaling_ && !waiting_ && !running_; }
  void open_pin(const PinTaker& taker);
  void release(PinNumber pin);
  void show_pins();
  SettledState settled_state() const;

  const DomainContext context_;
  Admission admission_;
  Intake intake_;
  Episodes episodes_;
  Pins pins_;
  std::vector<caf::actor> actors_;  // by entity index; keep the entities alive
  std::vector<Entity*> entities_;   // what they own
  std::unique_ptr<Wave> wave_;

  std::deque<SubmissionPtr> pending_;
  std::unique_ptr<Epoch> journaling_;
  std::unique_ptr<Epoch> waiting_;  // durable, not yet propagated
  std::unique_ptr<Epoch> running_;
  schema::EpochRecord replayed_;  // memory for the next record
  std::vector<std::function<void()>> queries_;
  std::vector<PartsUser> wait_for_quiet_;
  Signal drained_;
  bool draining_ = false;  // from then on time sets off nothing: an epoch begun now would outlive the actor
  std::optional<schema::Error> failed_;
  bool lost_an_epoch_ = false;  // that admission has taken in
  Outage outage_;               // while it lasts, `journaling_` waits for space
  bool appending_ = false;      // the writer has `journaling_` in its hands

  struct Wake {
    schema::EventTime time;
    schema::EntityIndex entity;
    bool operator>(const Wake& other) const { return time > other.time; }
  };
  /// May hold wakes that no longer apply; the entity's own `wake()` decides.
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;

  const schema::Duration span_max_;                    // of an epoch
  bool catching_up_ = false;                           // an idle clock has further to go than one epoch may
  schema::Position last_position_ = 0;                 // of the newest epoch formed
  schema::EventTime last_clock_ = schema::kBeginning;  // and its clock
  std::uint64_t journal_bytes_ = 0;                    // of the journal's count, already in the probe
  schema::EventTime held_from_ = schema::kBeginning;   // memory holds what came about since then
  const schema::Duration look_back_;                   // see `longest_look_back`
  bool journal_unreadable_ = false;                    // that it could not be read has been told
  bool serving_ = false;                               // nothing is replayed any more
  std::size_t left_out_ = 0;                           // of what was replayed
  schema::Position settled_position_ = 0;
  schema::EventTime settled_clock_ = schema::kBeginning;
};

}  // namespace pollux::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::SubmissionPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::Query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::PinTaker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::PartsUser)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::Signal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::RecordPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pollux::actors::JournalOutcome)
