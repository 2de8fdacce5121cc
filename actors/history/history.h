// The history: everything that was ever believed, by event time and by knowledge time. Derived from the
// journal; format and reasons in HISTORY.md.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "actors/change.h"
#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/result.h"
#include "schema/time.h"

namespace pollux::actors {

/// An attribute of an entity, as the history knows it.
struct Series {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;

  friend auto operator<=>(const Series&, const Series&) = default;
};

/// What was told of an observed attribute is a series of its own.
inline constexpr schema::AttributeSlot kToldLayer = 0x8000;
constexpr Series told_of(const Series& observed) {
  return {observed.entity, static_cast<schema::AttributeSlot>(observed.attribute | kToldLayer)};
}
constexpr bool is_told(const Series& series) {
  return (series.attribute & kToldLayer) != 0;
}

/// From `position` on, the attribute was believed to be `is` over [from, to), where it had been believed to
/// be `was`.
struct HistoryEntry {
  schema::Position position = 0;
  schema::EventTime from = schema::kBeginning;
  schema::EventTime to = schema::kNever;
  schema::Value is;
  schema::Value was;  ///< Kept for the first entry of each series at least; see History::visit.

  // In a series of what was told: `from` and `is` are the observation's time and value.
  Word::What what = Word::What::stands;
  std::uint32_t source = 0;
  std::uint64_t sequence = 0;
  std::uint64_t id_hash = 0;

  bool covers(schema::EventTime at) const { return from <= at && at < to; }
};

inline HistoryEntry entry_of(schema::Position position, const Change& change) {
  HistoryEntry entry;
  entry.position = position;
  entry.from = change.from;
  entry.to = change.to;
  entry.is = change.is;
  entry.was = change.was;
  return entry;
}
inline HistoryEntry entry_of(schema::Position position, const Word& told) {
  HistoryEntry entry;
  entry.position = position;
  entry.from = told.observation.time;
  entry.to = told.to;
  entry.is = told.observation.value;
  entry.what = told.what;
  entry.source = told.observation.source;
  entry.sequence = told.observation.sequence;
  entry.id_hash = told.observation.id_hash;
  return entry;
}

/// How far a history reaches.
struct HistoryBounds {
  schema::Position dropped = 0;  ///< Epochs up to this one were dropped; what was known before is gone.
  schema::EventTime dropped_clock =
      schema::kBeginning;                        ///< The clock then: the event time before is gone too.
  schema::Position complete = 0;                 ///< Epochs up to this one are in it.
  schema::EventTime clock = schema::kBeginning;  ///< The clock then.
  /// How far behind the clock a change ever reached back: no epoch changed anything before its
  /// predecessor's clock less this. 0: none changed what had been settled.
  schema::Duration lag = 0;
  /// Where it begins, if not with the journal: it was made anew from a snapshot of this position. Of what
  /// came about until the clock then, it knows no more than what held at that moment, to whatever end.
  schema::Position begun = 0;
  schema::EventTime begun_clock = schema::kBeginning;
};

/// How far back a change at `from` reaches from the clock before its epoch: 0 where it lies behind that
/// clock, 1 where it lies at it.
constexpr schema::Duration lag_of(schema::EventTime from, schema::EventTime before) {
  if (from > before) return 0;
  const std::uint64_t lag = static_cast<std::uint64_t>(before) - static_cast<std::uint64_t>(from);
  constexpr auto kMax = static_cast<std::uint64_t>(schema::kNever);
  return static_cast<schema::Duration>(std::min(lag, kMax - 1) + 1);
}

/// How far back any change of an epoch reaches, and any word.
schema::Duration lag_of(const EpochChanges& epoch, schema::EventTime before);

/// Stores what epochs changed. `append` and `drop_through` are called by one thread at a time; everything
/// else by any, beside it.
class History {
 public:
  using Visit = std::function<bool(const HistoryEntry&)>;

  virtual ~History() = default;

  /// Takes in the next epoch. REQUIRES: its position is `bounds().complete + 1`. After an error, what was
  /// taken in is unknown until `resume` has returned, or the history is opened again. Errors: io, no_space,
  /// unavailable (what is under it was closed and opened again).
  virtual schema::Result<void> append(const EpochChanges& epoch) = 0;

  virtual HistoryBounds bounds() const = 0;

  /// Whether it is to be made again and the journal no longer has its beginning: `begin_at` comes first.
  virtual bool awaits_beginning() const { return false; }
  /// Begins anew at a position, from what held then, which `next` hands over in portions: epochs of that
  /// position, of which only changes that last are asked for, and words; nothing at the end. What was known
  /// before is given up. REQUIRES: nothing was appended. After an error it is to be begun once more. Errors:
  /// io, no_space.
  virtual schema::Result<void> begin_at(schema::Position position, schema::EventTime clock,
                                        const std::function<EpochChangesPtr()>& next) = 0;

  /// The newest epoch whose clock was not after `clock`; 0 where there is none (that is not dropped).
  virtual schema::Result<schema::Position> position_at(schema::EventTime clock) const = 0;

  /// The clock after an epoch; `kBeginning` for position 0. Errors: not_found (dropped, or not there yet).
  virtual schema::Result<schema::EventTime> clock_at(schema::Position position) const = 0;

  /// Calls `visit` with the entries of a series whose positions lie in [first, last], ascending, until it
  /// returns false. `was` is right for the first entry a series ever had and may be missing (unknown) in
  /// others.
  virtual schema::Result<void> visit(const Series& series, schema::Position first, schema::Position last,
                                     const Visit& visit) const = 0;
  /// The same from `last` downwards.
  virtual schema::Result<void> visit_back(const Series& series, schema::Position last,
                                          const Visit& visit) const = 0;

  /// Whole epochs after `after`, oldest first: at most `epochs_max`, and no more than make up about
  /// `changes_max` changes (but one at least). Errors: not_found where `after` lies before what is kept.
  virtual schema::Result<std::vector<EpochChangesPtr>> epochs(schema::Position after, std::size_t epochs_max,
                                                              std::size_t changes_max) const = 0;

  /// Goes on after an error: reads what is there anew and takes in again what is not. `lately`: all that was
  /// to be taken in since `make_durable` last returned, in order. Until it has returned readers are refused
  /// (unavailable), for what they had read from may be gone. May be tried again after an error. Errors: as of
  /// `append`; corrupt where it cannot go on.
  virtual schema::Result<void> resume(const std::deque<EpochChangesPtr>& lately) = 0;

  /// Drops what was known up to `position`, except for what still holds at the clock that stood then. Works
  /// through part of it at a time; true when done. REQUIRES: `position` <= `bounds().complete`.
  virtual schema::Result<bool> drop_through(schema::Position position) = 0;

  /// Says whether the background of epochs is going to be appended. Returns whether that of all epochs since
  /// the beginning is there; where it is wanted and is not, the history begins anew if it may:
  /// `may_begin_anew`. Before anything is appended. Errors: io.
  virtual schema::Result<bool> keep_background(bool wanted, bool may_begin_anew) = 0;

  /// About how much is stored.
  virtual std::uint64_t bytes() const = 0;

  /// Returns when all that was appended would survive a loss of power. Errors: io.
  virtual schema::Result<void> make_durable() = 0;
};

/// A history in memory, for tests and for twins without a data directory.
std::unique_ptr<History> make_memory_history();

}  // namespace pollux::actors
