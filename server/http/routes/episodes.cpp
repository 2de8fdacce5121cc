#include <string>
#include <vector>

#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 10'000;

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

}  // namespace

kj::Promise<Reply> list_episodes(const Request& request, Site& site, actors::Twin& twin) {
  const Target& target = request.target;
  if (auto known = target.expect_only({"constraint", "from", "to", "limit"}); !known.ok()) {
    return problem_of(known.error());
  }
  auto from = target.time("from", schema::kBeginning);
  if (!from.ok()) return problem_of(from.error());
  auto to = target.time("to", schema::kNever);
  if (!to.ok()) return problem_of(to.error());
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return problem_of(limit.error());
  schema::EntityIndex constraint = schema::kNone;
  if (const auto id = target.parameter("constraint")) {
    constraint = site.model->find_entity(*id);
    if (constraint == schema::kNone) return unknown_entity(*site.model, *id);
    if (!site.model->type_of(constraint).constraint) {
      return problem(422, {"`" + std::string(*id) + "` is not a constraint, so it has no episodes",
                           "constraint", "", ""});
    }
  }
  using Episodes = std::vector<actors::Episode>;
  return from_engine<Episodes>(
             [&](auto done) { twin.episodes(constraint, *from, *to, *limit, std::move(done)); })
      .then([&site](Episodes&& episodes) { return render_episodes(*site.model, episodes); });
}

}  // namespace pollux::server::routes
