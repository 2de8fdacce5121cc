#include <algorithm>
#include <memory>
#include <string>
#include <vector>

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
};

/// What memory holds of it, and whether that is all.
struct Remembered {
  std::vector<actors::Episode> episodes;
  bool complete = true;
};

bool by_beginning(const actors::Episode& a, const actors::Episode& b) {
  return a.from != b.from ? a.from < b.from : a.constraint < b.constraint;
}

std::vector<actors::Series> statuses_of(const schema::Model& model, schema::EntityIndex constraint) {
  std::vector<actors::Series> statuses;
  const auto add = [&](schema::EntityIndex entity) {
    const auto& rule = model.type_of(entity).constraint;
    if (rule) statuses.push_back({entity, rule->status});
  };
  if (constraint != schema::kNone) add(constraint);
  for (std::uint64_t e = 0; constraint == schema::kNone && e < model.entity_count(); ++e) {
    add(static_cast<schema::EntityIndex>(e));
  }
  return statuses;
}

schema::Value value_in(const actors::EntityState& state, schema::AttributeSlot attribute) {
  for (const actors::AttributeState& each : state.attributes) {
    if (each.attribute == attribute) return each.value;
  }
  return {};
}

Reply render_past(const schema::Model& model, const actors::Twin& twin, const Wanted& wanted,
                  const actors::StateView& present) {
  const auto resolved = resolve(wanted.as_of, twin);
  if (!resolved.ok()) return past_problem(resolved.error());
  const schema::EventTime from = std::max(wanted.from, twin.history()->bounds().dropped_clock);
  const schema::EventTime to = std::min(wanted.to, schema::after(resolved->clock, 1));
  std::vector<actors::Episode> all;
  const auto statuses = statuses_of(model, wanted.constraint);
  for (std::size_t i = 0; i < statuses.size() && from < to; ++i) {
    const auto found =
        actors::episodes_between(*twin.history(), statuses[i], from, to, resolved->moment.known,
                                 value_in(present.entities[i], statuses[i].attribute), wanted.limit);
    if (!found.ok()) return past_problem(found.error());
    all.insert(all.end(), found->begin(), found->end());
  }
  std::ranges::sort(all, by_beginning);
  if (all.size() > wanted.limit)
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(wanted.limit));
  return render_episodes(model, all);
}

kj::Promise<Reply> from_history(Site& site, actors::Twin& twin, const Wanted& wanted) {
  const auto statuses = statuses_of(*site.model, wanted.constraint);
  if (statuses.size() > kPastMax) {
    return problem(422, {"the past of " + std::to_string(statuses.size()) +
                             " constraints cannot be told at once; at most " + std::to_string(kPastMax),
                         "constraint", "name one with constraint=ID", ""});
  }
  std::vector<schema::EntityIndex> constraints;
  for (const auto& status : statuses) constraints.push_back(status.entity);
  return from_engine<actors::StateView>(
             [&](auto done) { twin.read(std::move(constraints), std::move(done)); })
      .then([&site, &twin, wanted](actors::StateView&& view) {
        auto held = std::make_shared<const actors::StateView>(std::move(view));
        return site.background.run<Reply>(
            [&site, &twin, wanted, held] { return render_past(*site.model, twin, wanted, *held); },
            site.too_busy());
      });
}

}  // namespace

kj::Promise<Reply> list_episodes(const Request& request, Site& site, actors::Twin& twin) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"constraint", "from", "to", "limit", "as_known_at"}); !known.ok()) {
    return problem_of(known.error());
  }
  auto from = target.time("from", schema::kBeginning);
  if (!from.ok()) return problem_of(from.error());
  auto to = target.time("to", schema::kNever);
  if (!to.ok()) return problem_of(to.error());
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  auto as_of = parse_as_of(target);
  if (!as_of.ok()) return problem_of(as_of.error());
  Wanted wanted{schema::kNone, *from, *to, *limit, *as_of};
  if (const auto id = target.parameter("constraint")) {
    wanted.constraint = site.model->find_entity(*id);
    if (wanted.constraint == schema::kNone) return unknown_entity(*site.model, *id);
    if (!site.model->type_of(wanted.constraint).constraint) {
      return problem(422, {"`" + std::string(*id) + "` is not a constraint, so it has no episodes",
                           "constraint", "", ""});
    }
  }
  if (wanted.as_of.asked()) return from_history(site, twin, wanted);
  return from_engine<Remembered>([&](auto done) {
           twin.query([wanted, done](const actors::SettledState& state) {
             const actors::Episodes& episodes = state.episodes();
             auto found = episodes.find(wanted.constraint, wanted.from, wanted.to, wanted.limit);
             // The newest ones are in memory: they are enough where no more are wanted.
             const bool complete =
                 found.size() == wanted.limit || wanted.from >= episodes.complete_since(wanted.constraint);
             done(Remembered{std::move(found), complete});
           });
         })
      .then([&site, &twin, wanted](Remembered&& remembered) -> kj::Promise<Reply> {
        if (remembered.complete || twin.history() == nullptr) {
          return render_episodes(*site.model, remembered.episodes);
        }
        return from_history(site, twin, wanted);
      });
}

}  // namespace pollux::server::routes
