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

Reply render_page(const schema::Model& model, const actors::StateView& view,
                  std::optional<schema::EntityIndex> last, std::optional<schema::EventTime> at = {}) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  if (at) {
    write_key(json, "at");
    write_time(json, *at);
  }
  write_key(json, "position");
  json.Uint64(view.position);
  write_key(json, "clock");
  write_time(json, view.clock);
  write_key(json, "entities");
  json.StartArray();
  for (const auto& state : view.entities) write_entity(json, model, state, view.position);
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

Reply render_entity(const schema::Model& model, const actors::StateView& view,
                    std::optional<schema::EventTime> at = {}) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  write_entity(json, model, view.entities.at(0), view.position, at);
  return {200, "application/json", text_of(buffer), {}};
}

/// The same view of the past, rendered by `render(view, at)` on a background thread.
template <class Render>
kj::Promise<Reply> in_the_past(Site& site, actors::Twin& twin, const AsOf& as_of, actors::StateView present,
                               Render render) {
  auto held = std::make_shared<actors::StateView>(std::move(present));
  return site.background.run<Reply>(
      [&twin, as_of, held, render]() -> Reply {
        auto past = past_view(twin, as_of, std::move(*held));
        if (!past.ok()) return past_problem(past.error());
        return render(past->view, past->at);
      },
      site.too_busy());
}

}  // namespace

kj::Promise<Reply> list_entities(const Request& request, Site& site, actors::Twin& twin) {
  const Target& target = request.target;
  auto known = target.expect_only({"type", "kind", "tag", "limit", "cursor", "at", "as_known_at"});
  if (!known.ok()) return problem_of(known.error());
  auto as_of = parse_as_of(target);
  if (!as_of.ok()) return problem_of(as_of.error());
  auto selection = parse_selection(target, *site.model);
  if (!selection.ok()) return problem_of(selection.error());
  auto limit = target.number("limit", kPageDefault, 1, kPageMax);
  if (!limit.ok()) return problem_of(limit.error());
  auto from = start_of_page(target, *site.model);
  if (!from.ok()) return problem_of(from.error());
  Page page = select_page(*site.model, *selection, *from, *limit);
  return from_engine<actors::StateView>(
             [&](auto done) { twin.read(std::move(page.entities), std::move(done)); })
      .then([&site, &twin, as_of = *as_of, last = page.last](actors::StateView&& view) -> kj::Promise<Reply> {
        if (!as_of.asked()) return render_page(*site.model, view, last);
        return in_the_past(site, twin, as_of, std::move(view), [&site, last](const auto& past, auto at) {
          return render_page(*site.model, past, last, at);
        });
      });
}

kj::Promise<Reply> show_entity(const Request& request, Site& site, actors::Twin& twin) {
  if (auto known = request.target.expect_only({"at", "as_known_at"}); !known.ok()) {
    return problem_of(known.error());
  }
  auto as_of = parse_as_of(request.target);
  if (!as_of.ok()) return problem_of(as_of.error());
  const schema::EntityIndex entity = site.model->find_entity(request.argument(0));
  if (entity == schema::kNone) return unknown_entity(*site.model, request.argument(0));
  if (as_of->asked()) {
    return from_engine<actors::StateView>([&](auto done) { twin.read({entity}, std::move(done)); })
        .then([&site, &twin, as_of = *as_of](actors::StateView&& view) {
          return in_the_past(site, twin, as_of, std::move(view), [&site](const auto& past, auto at) {
            return render_entity(*site.model, past, at);
          });
        });
  }
  const std::string now = state_etag(*site.model, twin.settled_position());
  if (!request.if_none_match.empty() && etag_matches(request.if_none_match, now)) {
    return Reply{304, "application/json", "", {{"ETag", now}}};
  }
  return from_engine<actors::StateView>([&](auto done) { twin.read({entity}, std::move(done)); })
      .then([&site](actors::StateView&& view) {
        Reply reply = render_entity(*site.model, view);
        reply.headers = {{"ETag", state_etag(*site.model, view.position)}, {"Cache-Control", "no-cache"}};
        return reply;
      });
}

}  // namespace pollux::server::routes
