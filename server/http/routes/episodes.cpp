#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/plant/gather.h"
#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 10'000;
constexpr std::size_t kPastMax = 10'000;

Reply render_episodes(const schema::Model& model, const std::vector<actors::Episode>& episodes) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "episodes");
  json.StartArray();
  for (const auto& episode : episodes) write_episode(json, model, episode);
  json.EndArray();
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// What is asked for; owns everything.
struct Wanted {
  schema::EntityIndex constraint = schema::kNone;
  schema::EventTime from = schema::kBeginning;
  schema::EventTime to = schema::kNever;
  std::uint64_t limit = kLimitDefault;
  AsOf as_of;
  std::vector<schema::DomainIndex> domains;
};

/// What memory holds of it, and whether that is all.
struct Remembered {
  std::vector<actors::Episode> episodes;
  bool complete = true;
};

bool by_beginning(const actors::Episode& a, const actors::Episode& b) {
  return a.from != b.from ? a.from < b.from : a.constraint < b.constraint;
}

void keep_newest(std::vector<actors::Episode>& all, std::uint64_t limit) {
  std::ranges::sort(all, by_beginning);
  if (all.size() > limit) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(limit));
}

std::vector<actors::Series> statuses_of(const schema::Model& model, const Wanted& wanted) {
  std::vector<actors::Series> statuses;
  const auto add = [&](schema::EntityIndex entity) {
    const auto& rule = model.type_of(entity).constraint;
    if (rule) statuses.push_back({entity, rule->status});
  };
  if (wanted.constraint != schema::kNone) add(wanted.constraint);
  for (std::uint64_t e = 0; wanted.constraint == schema::kNone && e < model.entity_count(); ++e) {
    const auto entity = static_cast<schema::EntityIndex>(e);
    if (std::ranges::find(wanted.domains, model.domain_of(entity)) != wanted.domains.end()) add(entity);
  }
  return statuses;
}

schema::Value value_in(const actors::EntityState& state, schema::AttributeSlot attribute) {
  for (const actors::AttributeState& each : state.attributes) {
    if (each.attribute == attribute) return each.value;
  }
  return {};
}

/// What was known of it in one domain.
schema::Result<void> add_past(const actors::Plant& plant, const Wanted& wanted, schema::DomainIndex domain,
                              const actors::PlantView& present, std::vector<actors::Episode>& all) {
  const auto as_of = wanted.as_of.in(plant.model(), domain);
  if (!as_of.ok()) return as_of.error();
  const actors::Twin& twin = plant.domain(domain);
  const auto resolved = resolve(*as_of, twin);
  if (!resolved.ok()) return resolved.error();
  const schema::EventTime from = std::max(wanted.from, twin.history()->bounds().dropped_clock);
  const schema::EventTime to = std::min(wanted.to, schema::after(resolved->clock, 1));
  const auto statuses = statuses_of(plant.model(), wanted);
  for (std::size_t i = 0; i < statuses.size() && from < to; ++i) {
    const auto& place = plant.place(statuses[i].entity);
    if (place.domain != domain) continue;
    auto found = actors::episodes_between(*twin.history(), {place.entity, statuses[i].attribute}, from, to,
                                          resolved->moment.known,
                                          value_in(present.entities[i], statuses[i].attribute), wanted.limit);
    if (!found.ok()) return found.error();
    for (actors::Episode& each : *found) {
      each.constraint = statuses[i].entity;
      all.push_back(each);
    }
  }
  return {};
}

Reply render_past(const actors::Plant& plant, const Wanted& wanted, const actors::PlantView& present) {
  if (wanted.as_of.known && wanted.domains.size() > 1) {
    return problem(400, {"a position belongs to one domain, and this is about several", "as_known_at",
                         "give positions by domain, a time, or domain=NAME", ""});
  }
  std::vector<actors::Episode> all;
  for (const schema::DomainIndex d : wanted.domains) {
    if (auto added = add_past(plant, wanted, d, present, all); !added.ok())
      return past_problem(added.error());
  }
  keep_newest(all, wanted.limit);
  return render_episodes(plant.model(), all);
}

kj::Promise<Reply> from_history(Site& site, actors::Plant& plant, const Wanted& wanted) {
  const auto statuses = statuses_of(*site.model, wanted);
  if (statuses.size() > kPastMax) {
    return problem(422, {"the past of " + std::to_string(statuses.size()) +
                             " constraints cannot be told at once; at most " + std::to_string(kPastMax),
                         "constraint", "name one with constraint=ID", ""});
  }
  std::vector<schema::EntityIndex> constraints;
  for (const auto& status : statuses) constraints.push_back(status.entity);
  return from_engine<actors::PlantView>(
             [&](auto done) { plant.read(std::move(constraints), std::move(done)); })
      .then([&site, &plant, wanted](actors::PlantView&& view) {
        auto held = std::make_shared<const actors::PlantView>(std::move(view));
        return site.background.run<Reply>(
            [&plant, wanted, held] { return render_past(plant, wanted, *held); }, site.too_busy());
      });
}

/// What memory holds in one domain.
void ask_memory(actors::Plant& plant, const Wanted& wanted, schema::DomainIndex domain,
                std::function<void(Remembered)> done) {
  const bool one = wanted.constraint != schema::kNone;
  const schema::EntityIndex constraint = one ? plant.place(wanted.constraint).entity : schema::kNone;
  plant.domain(domain).query([&plant, wanted, domain, constraint, done](const actors::SettledState& state) {
    const actors::Episodes& episodes = state.episodes();
    auto found = episodes.find(constraint, wanted.from, wanted.to, wanted.limit);
    // The newest ones are in memory: they are enough where no more are wanted.
    const bool complete = found.size() == wanted.limit || wanted.from >= episodes.complete_since(constraint);
    for (actors::Episode& each : found) each.constraint = plant.whole(domain, each.constraint);
    done(Remembered{std::move(found), complete});
  });
}

Remembered merged(std::vector<Remembered> parts, std::uint64_t limit) {
  Remembered all = std::move(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    all.complete = all.complete && parts[i].complete;
    all.episodes.insert(all.episodes.end(), parts[i].episodes.begin(), parts[i].episodes.end());
  }
  if (parts.size() > 1) keep_newest(all.episodes, limit);
  return all;
}

}  // namespace

kj::Promise<Reply> list_episodes(const Request& request, Site& site, actors::Plant& plant) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"constraint", "domain", "from", "to", "limit", "as_known_at"});
      !known.ok()) {
    return problem_of(known.error());
  }
  auto from = target.time("from", schema::kBeginning);
  if (!from.ok()) return problem_of(from.error());
  auto to = target.time("to", schema::kNever);
  if (!to.ok()) return problem_of(to.error());
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  auto as_of = parse_as_of(target, *site.model);
  if (!as_of.ok()) return problem_of(as_of.error());
  const auto domain = parse_domain(target, *site.model);
  if (!domain.ok()) return problem_of(domain.error());
  Wanted wanted{schema::kNone, *from, *to, *limit, *as_of, domains_of(*site.model, *domain)};
  if (const auto id = target.parameter("constraint")) {
    wanted.constraint = site.model->find_entity(*id);
    if (wanted.constraint == schema::kNone) return unknown_entity(*site.model, *id);
    if (!site.model->type_of(wanted.constraint).constraint) {
      return problem(422, {"`" + std::string(*id) + "` is not a constraint, so it has no episodes",
                           "constraint", "", ""});
    }
    wanted.domains = {plant.place(wanted.constraint).domain};
  }
  if (wanted.as_of.asked()) return from_history(site, plant, wanted);
  return from_engine<Remembered>([&](auto done) {
           actors::gather<Remembered>(
               wanted.domains,
               [&](schema::DomainIndex d, auto answer) { ask_memory(plant, wanted, d, answer); },
               [done, limit = wanted.limit](std::vector<Remembered> parts) {
                 done(merged(std::move(parts), limit));
               });
         })
      .then([&site, &plant, wanted](Remembered&& remembered) -> kj::Promise<Reply> {
        if (remembered.complete || plant.domain(0).history() == nullptr) {
          return render_episodes(*site.model, remembered.episodes);
        }
        return from_history(site, plant, wanted);
      });
}

}  // namespace pollux::server::routes
