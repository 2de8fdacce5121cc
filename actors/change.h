// What an epoch changed.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "actors/propagation/observations.h"
#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::actors {

/// One attribute's value over an interval, as it is now known, and what was believed before.
struct Change {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  bool revision = false;  ///< True where the interval began in a past that was settled with another value.
  schema::EventTime from = 0;
  schema::EventTime to = schema::kNever;  ///< Exclusive; kNever: until further notice.
  schema::Value was;
  schema::Value is;

  Change() = default;
  /// So that vectors build it where it stays.
  Change(schema::EntityIndex of, schema::AttributeSlot slot, bool revises, schema::EventTime begin,
         schema::EventTime end, const schema::Value& before, const schema::Value& now)
      : entity(of), attribute(slot), revision(revises), from(begin), to(end), was(before), is(now) {}

  friend bool operator==(const Change&, const Change&) = default;
};

/// What changes made one after another come to in all, by entity, attribute and time: an interval that was
/// changed more than once is told once, one that came back to what it was not at all. `before`: the clock
/// when the epoch began.
std::vector<Change> net_changes(std::vector<Change> changes, schema::EventTime before);

/// What an epoch was told of an observed attribute.
struct Word {
  enum class What : std::uint8_t {
    stands,     ///< The observation counts,
    withdrawn,  ///< or no longer does; its value is not told.
    heard,      ///< Reports came without a silence from `observation.time` to `to`, and none of them is kept.
  };

  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
  What what = What::stands;
  Observation observation;
  schema::EventTime to = schema::kNever;

  friend bool operator==(const Word&, const Word&) = default;
};

/// What of an epoch no reader is shown, but what a later event needs that reaches back further than memory.
struct Background {
  std::vector<Change> memory;  ///< Changes of memory attributes.
  std::vector<Word> words;     ///< Of one attribute in the order in which it was told.

  bool empty() const { return memory.empty() && words.empty(); }
  std::size_t size() const { return memory.size() + words.size(); }
};

/// Everything one epoch changed. Immutable, shared by all readers.
class EpochChanges {
 public:
  EpochChanges(schema::Position at, schema::EventTime clock_then, std::vector<Change> all,
               Background behind = {})
      : position(at), clock(clock_then), recorded_(std::move(all)), background_(std::move(behind)) {}

  const schema::Position position;
  const schema::EventTime clock;

  std::size_t size() const { return recorded_.size(); }

  /// By entity, attribute and time. Put into this order when first asked for, on the reader's thread: epochs
  /// that nobody looks at are not sorted.
  const std::vector<Change>& changes() const;

  /// The same as the workers recorded them: those of one attribute by time, else in no order.
  std::span<const Change> recorded() const { return recorded_; }

  const Background& background() const { return background_; }

 private:
  const std::vector<Change> recorded_;
  const Background background_;
  mutable std::once_flag ordered_once_;
  mutable std::vector<Change> ordered_;
};
using EpochChangesPtr = std::shared_ptr<const EpochChanges>;

}  // namespace pollux::actors
