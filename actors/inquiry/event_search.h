// Finding in the journal the events that brought the values of an explanation.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "actors/inquiry/explanation.h"
#include "actors/journal/journal.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// Bounds of one search; what is not found within them is left out, and said to be.
struct SearchBounds {
  std::size_t events = 256;           ///< Looked for, each an attribute at a time.
  std::size_t records_read = 4'096;   ///< Of the journal,
  std::size_t events_read = 400'000;  ///< and how many events in them.
  /// No record after this one is read.
  schema::Position known = ~schema::Position{0};
};

/// For each identity, whether what the event said counts, or a correction or retraction keeps it from doing
/// so. `first`: the earliest record in which any of them stands.
using Standing =
    std::function<std::vector<bool>(const std::vector<schema::EventKey>&, schema::Position first)>;

/// What stood to whoever knew the records up to `bounds.known`, by those from `first` on: a correction that
/// came before what it corrects is not seen, nor one beyond the bounds. `journal` and `model` must outlive
/// it.
Standing standing_as_known(const Journal& journal, const schema::Model& model, const SearchBounds& bounds);

/// Fills in `Cause::event` where an event brought the value. An event of a time T stands in the first record
/// whose clock is not before T, or came late and stands in one after it. The clock ascends, so that record is
/// found by bisection and the event by reading on. Of several events that say the
/// same of the same attribute at the same time and stand, the first in the journal is named.
///
/// Blocks on the disk, and while it asks `standing`: not for the threads of engine or server. Errors: those
/// of the journal.
schema::Result<void> name_events(const Journal& journal, const schema::Model& model, const Standing& standing,
                                 Explanation& explanation, const SearchBounds& bounds = {});

}  // namespace pollux::actors
