#include "server/http/whole_explanation.h"

#include <algorithm>
#include <future>
#include <optional>
#include <string_view>
#include <utility>

#include "actors/inquiry/event_search.h"

namespace pollux::server {

using actors::Cause;
using actors::Explanation;
using schema::CrossingLink;
using schema::DomainIndex;
using schema::ErrorCode;
using schema::EventTime;
using schema::Result;

namespace {

/// Blocks until the twin has answered; for a thread of the server's that may wait.
template <class T, class Start>
T wait_for_answer(Start start) {
  auto answer = std::make_shared<std::promise<T>>();
  auto future = answer->get_future();
  start([answer](T result) { answer->set_value(std::move(result)); });
  return future.get();
}

std::vector<bool> ask_standing(actors::Twin& twin, const std::vector<schema::EventKey>& keys) {
  return wait_for_answer<std::vector<bool>>([&](auto done) { twin.standing(keys, std::move(done)); });
}

/// The same, for the attributes of one entity after another.
class PresentValues {
 public:
  explicit PresentValues(actors::Twin& twin) : twin_(twin) {}

  schema::Value operator()(schema::EntityIndex entity, schema::AttributeSlot attribute) {
    auto known = entities_.find(entity);
    if (known == entities_.end()) known = entities_.emplace(entity, ask(entity)).first;
    const auto& attributes = known->second.attributes;
    return std::ranges::find(attributes, attribute, &actors::AttributeState::attribute)->value;
  }

 private:
  actors::EntityState ask(schema::EntityIndex entity) {
    auto view = wait_for_answer<actors::StateView>([&](auto done) { twin_.read({entity}, std::move(done)); });
    return std::move(view.entities[0]);
  }

  actors::Twin& twin_;
  std::map<schema::EntityIndex, actors::EntityState> entities_;
};

std::size_t count(const Cause& cause) {
  std::size_t all = 1;
  for (const Cause& input : cause.inputs) all += count(input);
  return all;
}

/// The position of the producer that an observation speaks of; see LinkCarrier.
std::optional<schema::Position> carried_from(const Cause& cause) {
  if (!cause.event) return std::nullopt;
  const std::string_view id = cause.event->id;
  const std::size_t first = id.find(':');
  const std::size_t second = id.find(':', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return parse_whole_number(id.substr(first + 1, second - first - 1));
}

class Follower {
 public:
  Follower(actors::Plant& plant, const AsOf& as_of, WholeExplanation& whole)
      : plant_(plant), as_of_(as_of), whole_(whole), causes_(count(whole.front()->explanation.cause)) {}

  Result<void> run() {
    for (std::size_t i = 0; i < whole_.size(); ++i) {
      if (auto done = visit(*whole_[i], whole_[i]->explanation.cause, 0); !done.ok()) return done;
    }
    return {};
  }

 private:
  /// Recursion is bounded by the depth of the explanation.
  Result<void> visit(ExplanationPart& part, Cause& cause, unsigned level) {
    if (!plant_.is_whole(part.domain, cause.entity, cause.state.attribute)) return go_on(part, cause, level);
    for (Cause& input : cause.inputs) {
      if (auto done = visit(part, input, level + 1); !done.ok()) return done;
    }
    return {};
  }

  Result<void> go_on(ExplanationPart& part, Cause& cause, unsigned level) {
    // Memory may no longer hold what has been carried.
    if (!cause.held) return {};
    if (whole_.size() >= kExplanationPartsMax || causes_ >= actors::kCausesMax) {
      cause.truncated = true;
      return {};
    }
    const auto& links = plant_.divided().links;
    const auto link = std::ranges::find_if(
        links, [&](const CrossingLink& each) { return each.to == part.domain && each.link == cause.entity; });
    auto next = ask(*link, part, cause, part.depth - std::min(level, part.depth));
    if (!next.ok() && next.error().code != ErrorCode::not_found) return next.error();
    if (!next.ok() || *next == nullptr) {
      cause.truncated = true;
      return {};
    }
    causes_ += count((*next)->explanation.cause);
    part.goes_on.emplace(&cause, whole_.size());
    whole_.push_back(std::move(next).value());
    return {};
  }

  /// Null where it is not to be had any more.
  Result<std::unique_ptr<ExplanationPart>> ask(const CrossingLink& link, const ExplanationPart& part,
                                               const Cause& cause, unsigned depth) {
    // Where nothing was ever carried it is what the producer held before any event.
    const bool carried = cause.event_time != schema::kNever;
    const EventTime at = carried ? cause.event_time : part.at;
    if (as_of_.asks_known()) {
      return explain_from_history(plant_, link.from, link.producer, link.attribute, depth,
                                  known_there(link.from, cause, at));
    }
    auto next = std::make_unique<ExplanationPart>();
    next->domain = link.from;
    next->depth = depth;
    next->at = at;
    next->explanation = wait_for_answer<Explanation>([&](auto done) {
      plant_.domain(link.from).why(link.producer, link.attribute, depth, at, std::move(done));
    });
    if (!actors::is_held(next->explanation.cause)) {
      if (plant_.domain(link.from).history() == nullptr) return std::unique_ptr<ExplanationPart>();
      DomainAsOf as_of;
      if (at != schema::kNever) as_of.at = at;
      return explain_from_history(plant_, link.from, link.producer, link.attribute, depth, as_of);
    }
    if (auto named = name_present_events(plant_, *next); !named.ok()) return named.error();
    return next;
  }

  DomainAsOf known_there(DomainIndex domain, const Cause& cause, EventTime at) const {
    DomainAsOf as_of;
    if (at != schema::kNever) as_of.at = at;
    as_of.known_clock = as_of_.known_clock;
    if (!as_of_.named.empty()) as_of.known = as_of_.named[domain];
    // A plain position is of the domain that was asked about.
    if (domain == whole_.front()->domain && as_of_.known) as_of.known = as_of_.known;
    if (as_of.known || as_of.known_clock) return as_of;
    as_of.known = carried_from(cause);
    if (cause.origin == actors::Origin::nothing) as_of.known = 0;
    return as_of;
  }

  actors::Plant& plant_;
  const AsOf& as_of_;
  WholeExplanation& whole_;
  std::size_t causes_;
};

}  // namespace

Result<void> name_present_events(actors::Plant& plant, ExplanationPart& part) {
  actors::Twin& twin = plant.domain(part.domain);
  const auto standing = [&](const auto& keys, schema::Position) { return ask_standing(twin, keys); };
  return actors::name_events(twin.journal(), twin.model(), standing, part.explanation);
}

Result<std::unique_ptr<ExplanationPart>> explain_from_history(actors::Plant& plant, DomainIndex domain,
                                                              schema::EntityIndex entity,
                                                              schema::AttributeSlot attribute, unsigned depth,
                                                              const DomainAsOf& as_of) {
  actors::Twin& twin = plant.domain(domain);
  const auto resolved = resolve(as_of, twin);
  if (!resolved.ok()) return resolved.error();
  auto explanation = actors::explain(twin.model(), *twin.history(), resolved->moment, resolved->clock,
                                     PresentValues(twin), entity, attribute, depth);
  if (!explanation.ok()) return explanation.error();
  auto part = std::make_unique<ExplanationPart>();
  part->domain = domain;
  part->depth = depth;
  part->at = resolved->moment.at;
  part->explanation = std::move(explanation).value();
  actors::SearchBounds bounds;
  bounds.known = resolved->moment.known;
  const auto standing = actors::standing_as_known(twin.journal(), twin.model(), bounds);
  const auto named = actors::name_events(twin.journal(), twin.model(), standing, part->explanation, bounds);
  if (!named.ok()) return named.error();
  return part;
}

Result<void> follow_links(actors::Plant& plant, const AsOf& as_of, WholeExplanation& whole) {
  return Follower(plant, as_of, whole).run();
}

}  // namespace pollux::server
