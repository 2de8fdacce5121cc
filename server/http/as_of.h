// `at` and `as_known_at`: asking for another time than now, and for what was known at another.
#pragma once

#include <optional>
#include <vector>

#include "actors/history/history_query.h"
#include "actors/plant/plant.h"
#include "schema/result.h"
#include "server/http/message.h"
#include "server/http/positions.h"
#include "server/http/target.h"

namespace pollux::server {

/// What is asked of one domain.
struct DomainAsOf {
  std::optional<schema::EventTime> at;
  std::optional<schema::Position> known;
  std::optional<schema::EventTime> known_clock;
};

/// The two parameters as given.
struct AsOf {
  std::optional<schema::EventTime> at;
  std::optional<schema::Position> known;  ///< A plain number: of the only domain that is asked about.
  NamedPositions named;                   ///< `cooling:12,power:7`; empty where that was not given.
  std::optional<schema::EventTime> known_clock;

  bool asked() const { return at || asks_known(); }
  bool asks_known() const { return known || !named.empty() || known_clock; }

  /// For a question about this domain and no other. Errors: invalid, where its position is not named.
  schema::Result<DomainAsOf> in(const schema::Model& model, schema::DomainIndex domain) const;
};

/// `as_known_at` is a position, positions by domain, or an RFC 3339 time, which means of each domain the
/// newest epoch whose clock was not after it. Errors: invalid.
schema::Result<AsOf> parse_as_of(const Target& target, const schema::Model& model);

/// What the parameters come to. Without `at` it is the clock as it then stood, without `as_known_at` all that
/// is known now.
struct ResolvedAsOf {
  actors::Moment moment;
  schema::EventTime clock = schema::kBeginning;  ///< After the epoch `moment.known`.
};
/// Blocks until the history has caught up with what is settled. Errors: not_found (no longer kept), invalid
/// (not yet there), unavailable (there is no history, or it is far behind), io, corrupt.
schema::Result<ResolvedAsOf> resolve(const DomainAsOf& as_of, const actors::Twin& twin);

/// The view's entities as they were: values, and since when these held. `present` must have been read
/// before, all of it in `domains`. Blocks. Errors as above, and those of `AsOf`.
struct PastView {
  actors::PlantView view;
  std::vector<schema::EventTime> at;  ///< By domain; of `domains` only.

  /// The earliest.
  schema::EventTime earliest(Domains domains) const;
};
schema::Result<PastView> past_view(const actors::Plant& plant, const AsOf& as_of, Domains domains,
                                   actors::PlantView present);

/// The answer to an error of the above: 410 where the history no longer reaches so far.
Reply past_problem(const schema::Error& error);

}  // namespace pollux::server
