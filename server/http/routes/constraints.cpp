#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/diagnostic.h"
#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kLimitDefault = 1'000;
constexpr std::uint64_t kLimitMax = 10'000;
constexpr std::size_t kPastMax = 100'000;
constexpr std::array<std::string_view, 3> kStatuses = {"satisfied", "violated", "unknown"};

/// What to show of the constraints read.
struct Wanted {
  std::string status;  ///< Empty: any.
  std::uint64_t limit = kLimitDefault;
  AsOf as_of;
  std::vector<schema::DomainIndex> domains;
};

schema::Result<Wanted> parse_wanted(const Target& target, const schema::Model& model) {
  Wanted wanted;
  if (auto known = target.expect_only({"status", "domain", "limit", "at", "as_known_at"}); !known.ok())
    return known.error();
  const auto domain = parse_domain(target, model);
  if (!domain.ok()) return domain.error();
  wanted.domains = domains_of(model, *domain);
  auto limit = target.number("limit", kLimitDefault, 1, kLimitMax);
  if (!limit.ok()) return limit.error();
  wanted.limit = *limit;
  auto as_of = parse_as_of(target, model);
  if (!as_of.ok()) return as_of.error();
  wanted.as_of = *as_of;
  wanted.status = target.parameter("status").value_or("");
  if (!wanted.status.empty() &&
      std::find(kStatuses.begin(), kStatuses.end(), wanted.status) == kStatuses.end()) {
    return schema::Error{schema::ErrorCode::invalid, "there is no status `" + wanted.status + "`", "status",
                         "it is satisfied, violated or unknown"};
  }
  return wanted;
}

std::vector<schema::EntityIndex> constraints_of(const schema::Model& model, Domains domains) {
  std::vector<schema::EntityIndex> constraints;
  for (std::uint64_t entity = 0; entity < model.entity_count(); ++entity) {
    const auto index = static_cast<schema::EntityIndex>(entity);
    const bool wanted = std::ranges::find(domains, model.domain_of(index)) != domains.end();
    if (wanted && model.type_of(index).constraint) constraints.push_back(index);
  }
  return constraints;
}

const actors::AttributeState* status_in(const schema::Model& model, const actors::EntityState& state) {
  const schema::AttributeSlot slot = model.type_of(state.entity).constraint->status;
  const auto found = std::find_if(state.attributes.begin(), state.attributes.end(),
                                  [&](const auto& each) { return each.attribute == slot; });
  return found == state.attributes.end() ? nullptr : &*found;
}

std::string_view status_text_of(const schema::Model& model, const actors::AttributeState* status) {
  if (status == nullptr || !status->value.usable()) return "unknown";
  return model.symbol_text(status->value.as_symbol());
}

using OpenEpisodes = std::unordered_map<schema::EntityIndex, actors::Episode>;

void write_constraint(JsonWriter& json, const schema::Model& model, const actors::EntityState& state,
                      const OpenEpisodes& open) {
  const schema::EntityType& type = model.type_of(state.entity);
  const actors::AttributeState* status = status_in(model, state);
  json.StartObject();
  write_key(json, "id");
  write_text(json, model.id(state.entity));
  write_key(json, "type");
  write_text(json, type.name);
  write_domain(json, model, model.domain_of(state.entity));
  write_key(json, "status");
  write_text(json, status_text_of(model, status));
  write_key(json, "since");
  write_time(json, status == nullptr ? schema::kBeginning : status->time);
  write_key(json, "quality");
  write_text(json, status == nullptr ? "unknown" : schema::name_of(status->value.quality));
  if (status != nullptr && status->value.reason != schema::Reason::none) {
    write_key(json, "reason");
    write_text(json, schema::name_of(status->value.reason));
  }
  write_key(json, "severity");
  write_text(json, schema::name_of(type.constraint->severity));
  write_key(json, "requires");
  write_text(json, type.constraint->requires_text);
  write_key(json, "for");
  write_text(json, schema::format_duration(type.constraint->hold));
  write_key(json, "open_episode");
  if (const auto episode = open.find(state.entity); episode != open.end()) {
    write_episode(json, model, episode->second);
  } else {
    json.Null();
  }
  json.EndObject();
}

Reply render_constraints(const schema::Model& model, const Wanted& wanted, const actors::PlantView& view,
                         const OpenEpisodes& open, std::optional<schema::EventTime> at = {}) {
  std::uint64_t shown = 0;
  std::uint64_t matching = 0;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  if (at) {
    write_key(json, "at");
    write_time(json, *at);
  }
  write_settled(json, model, wanted.domains, view.positions, view.clocks);
  write_key(json, "constraints");
  json.StartArray();
  for (const auto& state : view.entities) {
    if (!wanted.status.empty() && status_text_of(model, status_in(model, state)) != wanted.status) continue;
    ++matching;
    if (shown == wanted.limit) continue;
    write_constraint(json, model, state, open);
    ++shown;
  }
  json.EndArray();
  write_key(json, "matching");
  json.Uint64(matching);
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

/// Those still open, among the constraints that the view shows violated: the two are read one after the
/// other, and the state is what is being told.
OpenEpisodes open_among(const schema::Model& model, const actors::PlantView& view,
                        const std::vector<actors::Episode>& episodes) {
  OpenEpisodes open;
  for (const auto& episode : episodes) {
    if (episode.to == schema::kNever) open[episode.constraint] = episode;
  }
  for (const auto& state : view.entities) {
    if (status_text_of(model, status_in(model, state)) != "violated") open.erase(state.entity);
  }
  return open;
}

/// Those under way at `at`, as they are known: they may have ended since.
schema::Result<OpenEpisodes> episodes_at(const actors::Plant& plant, const PastView& past) {
  const schema::Model& model = plant.model();
  OpenEpisodes under_way;
  for (const auto& state : past.view.entities) {
    const actors::AttributeState* status = status_in(model, state);
    if (status_text_of(model, status) != "violated") continue;
    const auto& place = plant.place(state.entity);
    const schema::EventTime at = past.at[place.domain];
    auto found =
        actors::episodes_between(*plant.domain(place.domain).history(), {place.entity, status->attribute}, at,
                                 schema::after(at, 1), past.view.positions[place.domain], status->value, 1);
    if (!found.ok()) return found.error();
    if (found->empty()) continue;
    found->front().constraint = state.entity;
    under_way.emplace(state.entity, found->front());
  }
  return under_way;
}

Reply render_past(const actors::Plant& plant, const Wanted& wanted, actors::PlantView present) {
  const auto past = past_view(plant, wanted.as_of, wanted.domains, std::move(present));
  if (!past.ok()) return past_problem(past.error());
  const auto episodes = episodes_at(plant, *past);
  if (!episodes.ok()) return past_problem(episodes.error());
  return render_constraints(plant.model(), wanted, past->view, *episodes, past->earliest(wanted.domains));
}

kj::Promise<Reply> in_the_past(Site& site, actors::Plant& plant, const Wanted& wanted,
                               actors::PlantView present) {
  if (present.entities.size() > kPastMax) {
    return problem(422, {"the past of " + std::to_string(present.entities.size()) +
                             " constraints cannot be told at once; at most " + std::to_string(kPastMax),
                         "at", "ask for the entities one page at a time: /v1/entities?kind=constraint", ""});
  }
  auto held = std::make_shared<actors::PlantView>(std::move(present));
  return site.background.run<Reply>(
      [&plant, wanted, held] { return render_past(plant, wanted, std::move(*held)); }, site.too_busy());
}

}  // namespace

kj::Promise<Reply> list_constraints(const Request& request, Site& site, actors::Plant& plant) {
  auto wanted = parse_wanted(request.target, *site.model);
  if (!wanted.ok()) return problem_of(wanted.error());
  auto constraints = constraints_of(*site.model, wanted->domains);
  const std::size_t episodes_max = constraints.size();
  return from_engine<actors::PlantView>(
             [&](auto done) { plant.read(std::move(constraints), std::move(done)); })
      .then([&site, &plant, wanted = *wanted, episodes_max](actors::PlantView&& view) -> kj::Promise<Reply> {
        if (wanted.as_of.asked()) return in_the_past(site, plant, wanted, std::move(view));
        using Episodes = std::vector<actors::Episode>;
        return from_engine<Episodes>(
                   [&](auto done) { plant.episodes_since(view.clocks, episodes_max, std::move(done)); })
            .then([&site, wanted, view = kj::mv(view)](Episodes&& episodes) {
              return render_constraints(*site.model, wanted, view, open_among(*site.model, view, episodes));
            });
      });
}

}  // namespace pollux::server::routes
