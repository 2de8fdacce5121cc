#include "server/http/as_of.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "server/http/problem.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::Result;

namespace {

/// How long an answer waits for the history to take in what has just settled.
constexpr std::chrono::milliseconds kCatchUpMax{5'000};

Result<Position> resolve_known(const AsOf& as_of, const actors::History& history) {
  const actors::HistoryBounds bounds = history.bounds();
  if (as_of.known && *as_of.known > bounds.complete) {
    return Error{ErrorCode::invalid,
                 "position " + std::to_string(*as_of.known) + " is not there yet; the newest one is " +
                     std::to_string(bounds.complete),
                 "as_known_at", ""};
  }
  if (as_of.known) return *as_of.known;
  if (!as_of.known_clock) return bounds.complete;
  auto position = history.position_at(*as_of.known_clock);
  if (!position.ok()) return position;
  return std::min(*position, bounds.complete);
}

}  // namespace

Result<AsOf> parse_as_of(const Target& target) {
  AsOf as_of;
  if (target.parameter("at")) {
    auto at = target.time("at", 0);
    if (!at.ok()) return at.error();
    as_of.at = *at;
  }
  const auto known = target.parameter("as_known_at");
  if (!known) return as_of;
  Position position = 0;
  const char* end = known->data() + known->size();
  const auto [last, fault] = std::from_chars(known->data(), end, position);
  if (fault == std::errc{} && last == end) {
    as_of.known = position;
    return as_of;
  }
  auto clock = target.time("as_known_at", 0);
  if (!clock.ok()) {
    return Error{ErrorCode::invalid,
                 "`" + std::string(*known) + "` is neither a journal position nor an RFC 3339 time",
                 "as_known_at", "give `1234` or `2026-11-22T07:28:00Z`"};
  }
  as_of.known_clock = *clock;
  return as_of;
}

Result<ResolvedAsOf> resolve(const AsOf& as_of, const actors::Twin& twin) {
  const actors::History* history = twin.history();
  if (history == nullptr) {
    return Error{ErrorCode::invalid, "this twin keeps no history", "", "start it without --no-history"};
  }
  if (auto caught_up = twin.wait_for_history(kCatchUpMax); !caught_up.ok()) return caught_up.error();
  const auto known = resolve_known(as_of, *history);
  if (!known.ok()) return known.error();
  ResolvedAsOf resolved{{0, *known}, 0};
  if (auto kept = actors::check_kept(history->bounds(), {schema::kNever, *known}); !kept.ok()) {
    return kept.error();
  }
  const auto clock = history->clock_at(*known);
  if (!clock.ok()) return clock.error();
  resolved.clock = *clock;
  resolved.moment.at = as_of.at.value_or(*clock);
  if (auto kept = actors::check_kept(history->bounds(), resolved.moment); !kept.ok()) return kept.error();
  return resolved;
}

Result<PastView> past_view(const actors::Twin& twin, const AsOf& as_of, actors::StateView present) {
  const auto resolved = resolve(as_of, twin);
  if (!resolved.ok()) return resolved.error();
  for (actors::EntityState& entity : present.entities) {
    for (actors::AttributeState& each : entity.attributes) {
      const auto believed =
          actors::value_at(*twin.history(), {entity.entity, each.attribute}, resolved->moment);
      if (!believed.ok()) return believed.error();
      // What never changed is what it is now.
      each.time = *believed ? (**believed).since : schema::kBeginning;
      if (*believed) each.value = (**believed).value;
    }
  }
  present.position = resolved->moment.known;
  present.clock = resolved->clock;
  return PastView{std::move(present), resolved->moment.at};
}

Reply past_problem(const Error& error) {
  if (error.code != ErrorCode::not_found) return problem_of(error);
  return problem(410, {error.message, error.where, error.advice, ""});
}

}  // namespace pollux::server
