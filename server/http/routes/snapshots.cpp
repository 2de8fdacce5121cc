#include <string>
#include <vector>

#include "server/http/crossing.h"
#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {
namespace {

void write_snapshot(JsonWriter& json, schema::Position position, schema::EventTime clock,
                    schema::EventTime taken, std::uint64_t bytes) {
  write_key(json, "position");
  json.Uint64(position);
  write_key(json, "clock");
  write_time(json, clock);
  write_key(json, "taken");
  write_time(json, taken);
  write_key(json, "bytes");
  json.Uint64(bytes);
}

Reply render(const actors::SnapshotTaken& taken) {
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_snapshot(json, taken.position, taken.clock, taken.taken, taken.bytes);
  write_key(json, "is_new");
  json.Bool(taken.is_new);
  json.EndObject();
  return {taken.is_new ? 201u : 200u, "application/json", text_of(buffer), {}};
}

/// By their first blocks; whether they are whole is found out when one is loaded, or by `pollux snapshot
/// list`.
Reply render_list(const actors::SnapshotStore& store) {
  const auto all = store.list();
  if (!all.ok()) return problem_of(all.error());
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "snapshots");
  json.StartArray();
  for (const actors::StoredSnapshot& each : *all) {
    const auto info = store.describe(each);
    if (!info.ok() && info.error().code == schema::ErrorCode::not_found) continue;  // just replaced
    json.StartObject();
    if (info.ok()) {
      write_snapshot(json, info->position, info->clock, info->taken, each.bytes);
    } else {
      write_key(json, "position");
      json.Uint64(each.position);
      write_key(json, "problem");
      write_text(json, info.error().text());
    }
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return {200, "application/json", text_of(buffer), {}};
}

}  // namespace

kj::Promise<Reply> list_snapshots(const Request& request, Site& site, actors::Twin& twin) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  const actors::SnapshotStore* store = twin.snapshots();
  if (store == nullptr) return problem(404, {"this twin keeps no snapshots", "", "", ""});
  return site.background.run<Reply>([store] { return render_list(*store); }, site.too_busy());
}

kj::Promise<Reply> create_snapshot(const Request& request, Site&, actors::Twin& twin) {
  if (auto known = request.target.expect_only({}); !known.ok()) return problem_of(known.error());
  using Outcome = schema::Result<actors::SnapshotTaken>;
  return from_engine<Outcome>([&](auto done) { twin.snapshot(std::move(done)); }).then([](Outcome&& outcome) {
    return outcome.ok() ? render(*outcome) : problem_of(outcome.error());
  });
}

}  // namespace pollux::server::routes
