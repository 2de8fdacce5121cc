// The door of a domain: which events are new, and in time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/storage/byte_codec.h"
#include "actors/supervision/identities.h"
#include "actors/supervision/revisions.h"
#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"

namespace pollux::actors {

/// What became of one submitted event.
enum class EventOutcome : std::uint8_t {
  accepted,
  duplicate,
  too_late,
  from_the_future,
  poison,
  refused,  ///< It was to be set aside, and the quarantine is full: it was not taken.
};
const char* name_of(EventOutcome outcome);

/// The largest allowed lateness of any source.
schema::Duration lateness_max_of(const schema::Model& model);

/// Decides on events one by one and moves the twin's clock. Not thread-safe. `model` must outlive it.
///
/// An event is in time when it is not further behind the clock than its source's allowed lateness, so what
/// lies further back than the largest allowed lateness (the horizon) is final, however silent a source may
/// be. The clock an event is held against is that at the beginning of its epoch: events of one epoch never
/// make each other late.
///
/// Identities (source, id) are remembered in memory for a while; those of older events that may still be
/// accepted are looked up in the journal.
///
/// A correction or retraction is in time when it is so itself and so is every event that it names or that
/// begins or ceases to stand because of it (see Revisions). The name of an event that has not arrived is
/// remembered until it does.
class Admission {
 public:
  /// What was accepted however long ago; asked of events that are not remembered here.
  struct Archive {
    std::function<bool(const schema::EventKey&)> holds;
    /// Nothing also where it holds the event and does not know where.
    std::function<schema::Result<std::optional<Revisions::Observed>>(const schema::EventKey&)> find;
  };

  /// `memory`: how far behind the clock identities are remembered, at least; as long as events may be
  /// accepted where it is larger than that.
  /// `generation_bits`: see Identities.
  Admission(const schema::Model& model, Archive archive, schema::Duration memory = schema::kNever,
            unsigned generation_bits = Identities::kGenerationBits);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// Starts an epoch. `now`: the wall clock, or `kBeginning` where only events move the clock; then nothing
  /// is from the future.
  void begin_epoch(schema::EventTime now);

  /// Before `time` nothing is accepted, although it is not final: what it would revise can be read from
  /// nowhere. `why` completes "the history ...".
  struct Unreadable {
    schema::EventTime before = schema::kBeginning;
    const char* why = "";
  };
  void refuse(const Unreadable& what) { unreadable_ = what; }
  const Unreadable& unreadable() const { return unreadable_; }

  /// Asks the archive about what the events of a batch correct or retract. Before any of them is admitted or
  /// restored, in the same epoch: these cannot fail. Errors: those of the archive.
  schema::Result<void> look_up(const schema::EventBatch& batch);

  /// `accepted` events are remembered. `duplicate`: one with this identity was accepted before and is
  /// remembered. `poison`: it corrects or retracts an event of which too many do, or of too many.
  /// `named`: the identity of the event it corrects or retracts.
  EventOutcome admit(const schema::EventKey& key, const schema::Event& event,
                     const schema::EventKey& named = {});

  /// The same for an event that was set aside and that someone now wants in. It may be later than its source
  /// is allowed to be, as far as memory reaches: what lies before the horizon stays too late.
  EventOutcome readmit(const schema::EventKey& key, const schema::Event& event,
                       const schema::EventKey& named = {});

  /// Takes in a journaled event as it was decided then.
  void restore(const schema::EventKey& key, const schema::Event& event, const schema::EventKey& named = {});
  void restore_clock(schema::EventTime clock);

  /// For a snapshot, which has time: while held, identities are kept beyond the time that they matter. That
  /// changes nothing else: what could be forgotten is final.
  void hold_identities(bool hold) { held_back_ = hold; }
  using IdentityPlace = Identities::Place;
  /// Behind the newest one. Stays the place it is while identities are held.
  IdentityPlace identities_end() const { return known_.end(); }
  /// Writes identities from `from` on, but not `end` and what follows, some thousand at most. Returns where
  /// to go on; `end` when done.
  IdentityPlace save_identities(IdentityPlace from, IdentityPlace end, ByteWriter& out) const;
  void save_revisions(ByteWriter& out) const { revisions_.save(out); }

  /// Takes in what was saved, after nothing else or more of the same. False where it makes no sense; then
  /// this must not be used any more.
  bool load_identities(ByteReader& in);
  bool load_revisions(ByteReader& in) { return revisions_.load(in, model_); }
  /// What lies before was perhaps not saved.
  void forgot_before(schema::EventTime time) { known_.forgot_before(time); }
  void expect_identities(std::size_t count) { known_.reserve(count); }

  /// Whether anything in this epoch bears on what stands, be it only of the epoch itself.
  bool revised() const { return revisions_.revised(); }
  /// Whether an accepted event counts.
  bool stands(const schema::EventKey& key) const { return revisions_.stands(key); }

  /// Ends the epoch: forgets identities that no longer matter, but none of events since `held_from`. Returns
  /// what it changed in earlier ones.
  std::vector<StandingChange> end_epoch(schema::EventTime held_from = schema::kNever);

  schema::EventTime clock() const { return clock_; }
  /// What lies before cannot be accepted in this epoch, whoever wants it.
  schema::EventTime horizon() const { return horizon_at(epoch_clock_); }
  /// Before this, nothing can be accepted once the clock stood at `clock`.
  schema::EventTime horizon_at(schema::EventTime clock) const;
  /// Identities of events before this may have been forgotten.
  schema::EventTime forgotten_before() const { return known_.forgotten_before(); }
  /// The largest allowed lateness of any source.
  schema::Duration lateness_max() const { return lateness_max_; }
  std::size_t remembered() const { return known_.size(); }
  /// Events kept because corrections or retractions speak of them.
  std::size_t revised_events() const { return revisions_.size(); }
  void check_invariants() const { revisions_.check_invariants(); }

 private:
  EventOutcome admit_since(schema::EventTime deadline, const schema::EventKey& key,
                           const schema::Event& event, const schema::EventKey& named);
  std::optional<Revisions::Observed> find(const schema::EventKey& key) const;
  EventOutcome revise(const schema::EventKey& key, const schema::Event& event, const schema::EventKey& named,
                      schema::EventTime deadline);

  const schema::Model& model_;
  const Archive archive_;
  Revisions revisions_;
  schema::Duration lateness_max_ = 0;
  schema::Duration memory_ = 0;
  schema::EventTime clock_ = schema::kBeginning;
  schema::EventTime epoch_clock_ = schema::kBeginning;  // at the epoch's beginning
  schema::EventTime now_ = schema::kBeginning;
  Unreadable unreadable_;
  Identities known_;
  std::unordered_map<schema::EventKey, Revisions::Observed, schema::EventKeyHash> looked_up_;  // this epoch
  bool held_back_ = false;
};

}  // namespace pollux::actors
