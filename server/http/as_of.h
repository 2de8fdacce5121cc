// `at` and `as_known_at`: asking for another time than now, and for what was known at another.
#pragma once

#include <optional>

#include "actors/history/history_query.h"
#include "actors/twin.h"
#include "schema/result.h"
#include "server/http/message.h"
#include "server/http/target.h"

namespace pollux::server {

/// The two parameters as given.
struct AsOf {
  std::optional<schema::EventTime> at;
  std::optional<schema::Position> known;
  std::optional<schema::EventTime> known_clock;

  bool asked() const { return at || known || known_clock; }
};

/// `as_known_at` is a position, or an RFC 3339 time, which means the newest epoch whose clock was not after
/// it. Errors: invalid.
schema::Result<AsOf> parse_as_of(const Target& target);

/// What the parameters come to. Without `at` it is the clock as it then stood, without `as_known_at` all that
/// is known now.
struct ResolvedAsOf {
  actors::Moment moment;
  schema::EventTime clock = schema::kBeginning;  ///< After the epoch `moment.known`.
};
/// Blocks until the history has caught up with what is settled. Errors: not_found (no longer kept), invalid
/// (not yet there), unavailable (there is no history, or it is far behind), io, corrupt.
schema::Result<ResolvedAsOf> resolve(const AsOf& as_of, const actors::Twin& twin);

/// The view's entities as they were: values, and since when these held. `present` must have been read
/// before. Blocks. Errors as above.
struct PastView {
  actors::StateView view;
  schema::EventTime at = schema::kBeginning;
};
schema::Result<PastView> past_view(const actors::Twin& twin, const AsOf& as_of, actors::StateView present);

/// The answer to an error of the above: 410 where the history no longer reaches so far.
Reply past_problem(const schema::Error& error);

}  // namespace pollux::server
