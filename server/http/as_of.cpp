#include "server/http/as_of.h"

#include <algorithm>
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

Result<Position> resolve_known(const DomainAsOf& as_of, const actors::History& history) {
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

Result<AsOf> parse_as_of(const Target& target, const schema::Model& model) {
  AsOf as_of;
  if (target.parameter("at")) {
    auto at = target.time("at", 0);
    if (!at.ok()) return at.error();
    as_of.at = *at;
  }
  const auto known = target.parameter("as_known_at");
  if (!known) return as_of;
  as_of.known = parse_whole_number(*known);
  if (as_of.known) return as_of;
  auto clock = target.time("as_known_at", 0);
  if (clock.ok()) {
    as_of.known_clock = *clock;
    return as_of;
  }
  if (!is_divided(model)) {
    return Error{ErrorCode::invalid,
                 "`" + std::string(*known) + "` is neither a journal position nor an RFC 3339 time",
                 "as_known_at", "give `1234` or `2026-11-22T07:28:00Z`"};
  }
  auto named = parse_positions(*known, model, "as_known_at");
  if (!named.ok()) return named.error();
  as_of.named = *std::move(named);
  return as_of;
}

Result<DomainAsOf> AsOf::in(const schema::Model& model, schema::DomainIndex domain) const {
  DomainAsOf one{at, known, known_clock};
  if (named.empty()) return one;
  one.known = named[domain];
  if (one.known) return one;
  return Error{ErrorCode::invalid, "no position of domain `" + model.domain_name(domain) + "` is named",
               "as_known_at", "name one of each domain that is asked about, or give a time"};
}

Result<ResolvedAsOf> resolve(const DomainAsOf& as_of, const actors::Twin& twin) {
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

namespace {

/// What holds of each domain. By domain; empty for others than `domains`.
Result<std::vector<ResolvedAsOf>> resolve_all(const actors::Plant& plant, const AsOf& as_of,
                                              Domains domains) {
  if (as_of.known && domains.size() > 1) {
    const schema::Model& model = plant.model();
    return Error{
        ErrorCode::invalid,
        "a position belongs to one domain, and this is about " + std::to_string(domains.size()),
        "as_known_at",
        "give " + model.domain_name(0) + ":12," + model.domain_name(1) + ":7, a time, or domain=NAME"};
  }
  std::vector<ResolvedAsOf> all(plant.domain_count());
  for (const schema::DomainIndex d : domains) {
    const auto one = as_of.in(plant.model(), d);
    if (!one.ok()) return one.error();
    const auto resolved = resolve(*one, plant.domain(d));
    if (!resolved.ok()) return resolved.error();
    all[d] = *resolved;
  }
  return all;
}

}  // namespace

schema::EventTime PastView::earliest(Domains domains) const {
  schema::EventTime earliest = schema::kNever;
  for (const schema::DomainIndex d : domains) earliest = std::min(earliest, at[d]);
  return earliest;
}

Result<PastView> past_view(const actors::Plant& plant, const AsOf& as_of, Domains domains,
                           actors::PlantView present) {
  const auto resolved = resolve_all(plant, as_of, domains);
  if (!resolved.ok()) return resolved.error();
  PastView past{std::move(present), std::vector<schema::EventTime>(plant.domain_count())};
  for (actors::EntityState& entity : past.view.entities) {
    const auto& place = plant.place(entity.entity);
    const actors::Twin& twin = plant.domain(place.domain);
    for (actors::AttributeState& each : entity.attributes) {
      const auto believed =
          actors::value_at(*twin.history(), {place.entity, each.attribute}, (*resolved)[place.domain].moment);
      if (!believed.ok()) return believed.error();
      // What never changed is what it is now.
      each.time = *believed ? (**believed).since : schema::kBeginning;
      if (*believed) each.value = (**believed).value;
    }
  }
  for (const schema::DomainIndex d : domains) {
    past.view.positions[d] = (*resolved)[d].moment.known;
    past.view.clocks[d] = (*resolved)[d].clock;
    past.at[d] = (*resolved)[d].moment.at;
  }
  return past;
}

Reply past_problem(const Error& error) {
  if (error.code != ErrorCode::not_found) return problem_of(error);
  return problem(410, {error.message, error.where, error.advice, ""});
}

}  // namespace pollux::server
