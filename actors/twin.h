// The running twin as others see it: events in, settled state and changes out. Hides actors and threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/change.h"
#include "actors/change_feed.h"
#include "actors/episodes.h"
#include "actors/history/history.h"
#include "actors/history/history_writer.h"
#include "actors/inquiry/explanation.h"
#include "actors/journal/journal.h"
#include "actors/probe.h"
#include "actors/propagation/pin.h"
#include "actors/settled_state.h"
#include "actors/snapshot/snapshotter.h"
#include "actors/submission.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/source_book.h"
#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

class DeterministicScheduler;

/// What moves the twin's clock.
enum class ClockMode : std::uint8_t {
  wall,    ///< The wall clock, in journaled ticks, and events ahead of it within their source's tolerance.
  events,  ///< Events alone: the clock is the latest event time seen. For replay and simulation.
};

struct TwinOptions {
  unsigned threads = 0;  ///< Worker threads; 0 = one a core.
  ClockMode clock = ClockMode::wall;
  std::function<schema::EventTime()> now;   ///< What the wall clock shows; empty: the system's.
  schema::Duration tick = schema::kSecond;  ///< Wall clock mode: how often an idle twin looks for due timers.
  schema::Duration journal_retry = schema::kSecond;  ///< How often a full disk is tried again.
  std::size_t queue_events_max =
      200'000;  ///< Submitted and not yet settled; beyond it submissions are refused.
  std::size_t epoch_events_max = 20'000;  ///< Most events in one epoch.
  /// What may wait in quarantine; beyond it, what would be set aside is refused.
  std::size_t quarantine_events_max = 100'000;
  std::size_t quarantine_bytes_max = 64u << 20;
  /// Entities that one core runs in a row: some 10 us of work, a few times what it costs to wake another.
  std::size_t portion_entities = 256;
  std::size_t change_epochs_max = 65'536;  ///< Settled epochs whose changes are kept for readers that resume,
  std::size_t changes_max = 250'000;       ///< and how many changes in all of them.
  bool keep_history = true;                ///< Beside the journal; in memory where that has none.
  HistoryRetention history;
  /// How far behind its clock the twin holds its past in memory; where events may be later than that, what is
  /// older is read from the history when one is. `kNever`, or without a history: as far as events may be
  /// late.
  schema::Duration memory = schema::kNever;
  SnapshotOptions snapshots;
  bool forget_at_once = false;    ///< Drop what memory need not hold after each epoch; for tests.
  bool check_invariants = false;  ///< Check the engine's structures after each epoch; for tests.
  /// Where set, the twin has no threads: it runs when this does, and calls that wait let it run. It must
  /// outlive the twin. For tests.
  DeterministicScheduler* scheduler = nullptr;
  /// Told of faults that the twin got over by itself, for the log; may be empty.
  std::function<void(const std::string&)> warn;
  /// Told of what needs a person, for the log: the disk is full, writing goes on or ends for good; may be
  /// empty.
  std::function<void(const std::string&)> alarm;
};

/// Where recovery stands.
struct ReplayProgress {
  schema::Position done = 0;
  schema::Position total = 0;
  bool loading = false;  ///< A snapshot is being loaded; the journal is replayed after that.
};

/// A running twin. Thread-safe unless said otherwise. Callbacks run on an engine thread: they must not block,
/// must not call back into the twin's destructor, and hand over to the caller's own thread themselves.
class Twin {
 public:
  /// Loads the newest snapshot that can be used, replays the journal after it, then serves. Blocks until the
  /// twin is settled; `on_progress` (may be empty) is called from this thread meanwhile. The model and
  /// journal are owned by the twin from then on.
  static schema::Result<std::unique_ptr<Twin>> start(
      std::shared_ptr<const schema::Model> model, std::unique_ptr<Journal> journal,
      const TwinOptions& options, const std::function<void(ReplayProgress)>& on_progress = {});

  /// Stops as `stop()` does.
  ~Twin();

  /// Hands over a batch. `done` is called exactly once: with a receipt after the events are durable and
  /// settled, or with an error (overloaded: the queue is full, nothing was taken; unavailable: stopping; io:
  /// the journal failed; no_space: the disk is full. After these two the events may be durable all the
  /// same, so sending them again is right: they then count as duplicates).
  void submit(schema::EventBatch batch, std::function<void(schema::Result<Receipt>)> done);

  /// Takes events out of quarantine. What is admitted is journaled and evaluated like any event, if memory
  /// still reaches back to its time and its time has come; see QuarantineVerdict. What is discarded is a
  /// duplicate when it is sent again. Deciding the same again changes nothing. `done` as for `submit`.
  /// REQUIRES: 1 to `kDecisionsMax` numbers.
  void admit(std::vector<std::uint64_t> numbers, std::function<void(schema::Result<Receipt>)> done);
  void discard(std::vector<std::uint64_t> numbers, std::function<void(schema::Result<Receipt>)> done);
  static constexpr std::size_t kDecisionsMax = 1'000;

  /// Runs `query` between two epochs, on an engine thread, soon. It must be short: the twin stands still
  /// meanwhile.
  void query(std::function<void(const SettledState&)> query);

  /// Keeps what is settled now readable while the twin goes on, until the last copy of the pointer is gone.
  /// It costs nothing while nothing changes; then, what has changed. `done`: an engine thread; overloaded
  /// where too many are held; unavailable when the twin is stopping.
  void pin(std::function<void(schema::Result<PinPtr>)> done);

  /// The same as `query` above, of the state at a pin of this twin. The pin is held until it has run.
  void query(PinPtr pin, std::function<void(const SettledState&)> query);

  /// Reads settled entities, all at the same epoch.
  void read(std::vector<schema::EntityIndex> entities, std::function<void(StateView)> done);

  /// Episodes overlapping [from, to), oldest first, of one constraint or of all (`kNone`), at most `limit`,
  /// the newest ones. How many are kept is bounded (`Episodes::kPerConstraintMax`).
  void episodes(schema::EntityIndex constraint, schema::EventTime from, schema::EventTime to,
                std::size_t limit, std::function<void(std::vector<Episode>)> done);

  /// Explains what a value is, or was at `at`: see `explain`. The events in it have yet to be named.
  void why(schema::EntityIndex entity, schema::AttributeSlot attribute, unsigned depth, schema::EventTime at,
           std::function<void(Explanation)> done);

  /// For each identity, whether what that event said counts: see `SettledState::stands`.
  void standing(std::vector<schema::EventKey> keys, std::function<void(std::vector<bool>)> done);

  void digest(std::function<void(Digest)> done);

  /// Takes a snapshot, beside everything else: see `Snapshotter::take`. Errors: also not_found where the twin
  /// keeps none.
  void snapshot(std::function<void(schema::Result<SnapshotTaken>)> done);
  /// Null where none are kept.
  const SnapshotStore* snapshots() const;
  /// Adds a backup, with which the snapshots go that its journal needs: see `Journal::back_up`. Any thread.
  schema::Result<BackupInfo> back_up(const std::string& directory) const;
  /// What this one was loaded from; position 0: from the journal alone.
  const SnapshotTaken& loaded() const;

  /// Settled changes of recent epochs, for readers that follow along.
  ChangeFeed& changes();
  const ChangeFeed& changes() const;

  /// Everything that was ever believed; null where no history is kept. It lags what is settled a little.
  const History* history() const;
  /// The same where memory drops what may still be revised (`TwinOptions::memory`); null where it does not.
  const History* recalled() const;
  /// Waits until the history holds all that is settled now. Errors: unavailable when that takes longer than
  /// `patience`; others while it cannot be written: see `history_failure`.
  schema::Result<void> wait_for_history(std::chrono::milliseconds patience) const;

  /// Ends an entity's actor, as a fault inside it would; its supervisor puts another in its place. For tests.
  void end_actor(schema::EntityIndex entity);

  /// Takes no more, settles what was taken, stops the actors. Idempotent. REQUIRES: no other call but
  /// `submit` runs beside it or comes after it, except to `probe` and `failure`.
  void stop();

  schema::Position settled_position() const;
  schema::EventTime clock() const;
  const schema::Model& model() const;
  const Journal& journal() const;
  const DomainProbe& probe() const;
  const SourceBook& sources() const;
  /// What was left out of the journal's records when they were replayed, because the model no longer has the
  /// names; of at most `kMisfitsMax` reasons. The journal still has it.
  const std::vector<schema::Misfit>& misfits() const;
  static constexpr std::size_t kMisfitsMax = 1'000;
  /// Set once the journal has failed: the twin still answers reads, refuses writes; empty while healthy.
  std::string failure() const;
  /// Set while the history cannot be written: the twin goes on without, and so does the history by itself
  /// once it can, unless the log says that it takes a restart.
  std::optional<schema::Error> history_failure() const;
  /// Set while the disk is full: the twin still answers reads, refuses writes (no_space), and goes on by
  /// itself when there is room.
  std::optional<schema::Error> stall() const;

 private:
  struct Implementation;
  void decide(std::vector<std::uint64_t> numbers, bool admits,
              std::function<void(schema::Result<Receipt>)> done);
  void enqueue(const SubmissionPtr& submission);
  explicit Twin(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::actors
