#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/http/as_of.h"
#include "server/http/crossing.h"
#include "server/http/etag.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"
#include "server/http/selection.h"

namespace pollux::server::routes {
namespace {

constexpr std::uint64_t kPageDefault = 100;
constexpr std::uint64_t kPageMax = 1'000;

/// The entities of one page, and where the next one starts.
struct Page {
  std::vector<schema::EntityIndex> entities;
  std::optional<schema::EntityIndex> last;  ///< Set where there is more.
};

Page select_page(const schema::Model& model, const Selection& selection, std::uint64_t from,
                 std::uint64_t limit) {
  Page page;
  for (std::uint64_t entity = from; entity < model.entity_count(); ++entity) {
    const auto index = static_cast<schema::EntityIndex>(entity);
    if (!selection.includes(model, index)) continue;
    if (page.entities.size() == limit) {
      page.last = page.entities.back();
      break;
    }
    page.entities.push_back(index);
  }
  return page;
}

/// The first entity after the cursor; a cursor is the id of the last one shown, so it survives a change of
/// the model.
schema::Result<std::uint64_t> start_of_page(const Target& target, const schema::Model& model) {
  const auto cursor = target.parameter("cursor");
  if (!cursor) return std::uint64_t{0};
  const schema::EntityIndex last = model.find_entity(*cursor);
  if (last == schema::kNone) {
    return schema::Error{schema::ErrorCode::invalid, "the cursor is not one this server gave", "cursor",
                         "start again without a cursor"};
  }
  return std::uint64_t{last} + 1;
}

std::string_view domain_shown(const schema::Model& model, schema::EntityIndex entity) {
  return is_divided(model) ? std::string_view(model.domain_name(model.domain_of(entity)))
                           : std::string_view();
}

/// `domains`: those that were asked about.
Reply render_page(const schema::Model& model, const actors::PlantView& view, Domains domains,
                  std::optional<schema::EntityIndex> last, std::optional<schema::EventTime> at = {}) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  if (at) {
    write_key(json, "at");
    write_time(json, *at);
  }
  write_settled(json, model, domains, view.positions, view.clocks);
  write_key(json, "entities");
  json.StartArray();
  for (const auto& state : view.entities) {
    const schema::Position position = view.positions[model.domain_of(state.entity)];
    write_entity(json, model, state, position, {}, domain_shown(model, state.entity));
  }
  json.EndArray();
  write_key(json, "next_cursor");
  if (last) {
    write_text(json, model.id(*last));
  } else {
    json.Null();
  }
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

Reply render_entity(const schema::Model& model, const actors::PlantView& view,
                    std::optional<schema::EventTime> at = {}) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  const actors::EntityState& state = view.entities.at(0);
  write_entity(json, model, state, view.positions[model.domain_of(state.entity)], at,
               domain_shown(model, state.entity));
  return {200, "application/json", text_of(buffer), {}};
}

/// The same view of the past, rendered by `render(view, at)` on a background thread.
template <class Render>
kj::Promise<Reply> in_the_past(Site& site, actors::Plant& plant, const AsOf& as_of,
                               std::vector<schema::DomainIndex> domains, actors::PlantView present,
                               Render render) {
  auto held = std::make_shared<actors::PlantView>(std::move(present));
  return site.background.run<Reply>(
      [&plant, as_of, domains = std::move(domains), held, render]() -> Reply {
        auto past = past_view(plant, as_of, domains, std::move(*held));
        if (!past.ok()) return past_problem(past.error());
        return render(past->view, past->earliest(domains));
      },
      site.too_busy());
}

}  // namespace

kj::Promise<Reply> list_entities(const Request& request, Site& site, actors::Plant& plant) {
  const Target& target = request.target;
  auto known = target.expect_only({"type", "kind", "tag", "domain", "limit", "cursor", "at", "as_known_at"});
  if (!known.ok()) return problem_of(known.error());
  auto as_of = parse_as_of(target, *site.model);
  if (!as_of.ok()) return problem_of(as_of.error());
  auto selection = parse_selection(target, *site.model);
  if (!selection.ok()) return problem_of(selection.error());
  auto limit = target.number("limit", kPageDefault, 1, kPageMax);
  if (!limit.ok()) return problem_of(limit.error());
  auto from = start_of_page(target, *site.model);
  if (!from.ok()) return problem_of(from.error());
  Page page = select_page(*site.model, *selection, *from, *limit);
  return from_engine<actors::PlantView>(
             [&](auto done) { plant.read(std::move(page.entities), std::move(done)); })
      .then([&site, &plant, as_of = *as_of, last = page.last,
             domains =
                 domains_of(*site.model, selection->domain)](actors::PlantView&& view) -> kj::Promise<Reply> {
        if (!as_of.asked()) return render_page(*site.model, view, domains, last);
        return in_the_past(site, plant, as_of, domains, std::move(view),
                           [&site, last, domains](const auto& past, auto at) {
                             return render_page(*site.model, past, domains, last, at);
                           });
      });
}

kj::Promise<Reply> show_entity(const Request& request, Site& site, actors::Plant& plant) {
  if (auto known = request.target.expect_only({"at", "as_known_at"}); !known.ok()) {
    return problem_of(known.error());
  }
  auto as_of = parse_as_of(request.target, *site.model);
  if (!as_of.ok()) return problem_of(as_of.error());
  const schema::EntityIndex entity = site.model->find_entity(request.argument(0));
  if (entity == schema::kNone) return unknown_entity(*site.model, request.argument(0));
  const schema::DomainIndex domain = plant.place(entity).domain;
  if (as_of->asked()) {
    return from_engine<actors::PlantView>([&](auto done) { plant.read({entity}, std::move(done)); })
        .then([&site, &plant, domain, as_of = *as_of](actors::PlantView&& view) {
          return in_the_past(
              site, plant, as_of, {domain}, std::move(view),
              [&site](const auto& past, auto at) { return render_entity(*site.model, past, at); });
        });
  }
  const std::string now = state_etag(*site.model, plant.domain(domain).settled_position());
  if (!request.if_none_match.empty() && etag_matches(request.if_none_match, now)) {
    return Reply{304, "application/json", "", {{"ETag", now}}};
  }
  return from_engine<actors::PlantView>([&](auto done) { plant.read({entity}, std::move(done)); })
      .then([&site, domain](actors::PlantView&& view) {
        Reply reply = render_entity(*site.model, view);
        reply.headers = {{"ETag", state_etag(*site.model, view.positions[domain])},
                         {"Cache-Control", "no-cache"}};
        return reply;
      });
}

}  // namespace pollux::server::routes
