// Why an attribute has, or had, its value: the chain of inputs, expressions, timers and events behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/history/history_query.h"
#include "actors/settled_state.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// What made a value.
enum class Origin : std::uint8_t {
  nothing,     ///< Observed, and nothing has been said of it yet.
  model,       ///< A parameter.
  event,       ///< What a source reported.
  expression,  ///< Its inputs, and their past where it looks back.
  machine,     ///< A transition of a state machine.
  timer,       ///< Time that went by: a source fell silent, or a constraint was broken for long enough.
};
const char* name_of(Origin origin);

/// An event as its source named it, and where the journal has it.
struct EventReference {
  std::string source;
  std::string id;
  schema::EventTime time = 0;
  schema::Position position = 0;
  schema::EventKind kind = schema::EventKind::observe;
};

/// One step of an explanation: a value and what it was made from.
struct Cause {
  schema::EntityIndex entity = schema::kNone;
  AttributeState state;
  std::vector<Cause> inputs;
  bool truncated = false;  ///< There is more below; the depth or size bound was reached.

  /// False where memory no longer holds so early a past; then the value is unknown and nothing lies below.
  bool held = true;
  schema::EventTime since = schema::kBeginning;  ///< From when on it held this value.
  Origin origin = Origin::expression;
  /// Time of the event that brought the value, also of one that has become stale since; later events that
  /// repeat the value do not count. `kNever` where no event did.
  schema::EventTime event_time = schema::kNever;
  std::optional<EventReference> event;  ///< That event, once it has been looked up: see `name_events`.
  schema::Duration timer = 0;           ///< The span that ended at `since`, where the origin is a timer.
  /// Of a constraint's status: since when what it demands had not been met; `kNever` where it was met.
  schema::EventTime broken_since = schema::kNever;
};

/// A value explained at one settled epoch.
struct Explanation {
  schema::Position position = 0;
  schema::EventTime clock = schema::kBeginning;
  /// The earliest event time at which the value is still held.
  schema::EventTime held_from = schema::kBeginning;
  Cause cause;
  bool events_truncated = false;  ///< Some events were not found within the bounds of the search.
};

/// Most steps of an explanation.
inline constexpr std::size_t kCausesMax = 1'000;

/// Explains what a value was at `at`, or is at present (`kNever`), as known now, to `depth` levels and
/// `kCausesMax` steps in all. For a query between two epochs.
Explanation explain(const schema::Model& model, const SettledState& state, schema::EntityIndex entity,
                    schema::AttributeSlot attribute, unsigned depth, schema::EventTime at = schema::kNever);

/// What an attribute is now; looked at where it has never changed.
using PresentValue = std::function<schema::Value(schema::EntityIndex, schema::AttributeSlot)>;

/// Explains what a value was at `moment.at` to whoever knew all epochs up to `moment.known`. `clock`: after
/// the epoch `moment.known`. Of a constraint that was broken, but not yet for long enough, it cannot tell
/// since when. `present` is called before the history is asked about the same attribute. Errors: those of the
/// history.
schema::Result<Explanation> explain(const schema::Model& model, const History& history, const Moment& moment,
                                    schema::EventTime clock, const PresentValue& present,
                                    schema::EntityIndex entity, schema::AttributeSlot attribute,
                                    unsigned depth);

/// Whether memory held all that an explanation of the past needed.
bool is_held(const Cause& cause);

}  // namespace pollux::actors
