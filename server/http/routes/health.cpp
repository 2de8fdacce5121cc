#include "server/http/json.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server {

Reply Site::still_starting() const {
  const std::string done = std::to_string(replayed.load());
  const std::string total = std::to_string(to_replay.load());
  if (loading.load()) {
    return problem(503, {"the twin is loading a snapshot", "", "try again; /readyz shows the progress", ""});
  }
  return problem(503, {"the twin is replaying its journal: " + done + " of " + total + " epochs", "",
                       "try again; /readyz shows the progress", ""});
}

Reply Site::too_busy() const {
  return problem(503, {"the server is computing as many answers of this kind as it takes on at once", "",
                       "try again in a moment", ""});
}

namespace routes {

Reply show_liveness() {
  return {200, "application/json", R"({"status":"live"})", {}};
}

Reply show_readiness(const Site& site) {
  const actors::Twin* twin = site.twin.load();
  const std::string failure = twin == nullptr ? "" : twin->failure();
  const auto stall = twin == nullptr ? std::nullopt : twin->stall();
  const bool ready = twin != nullptr && failure.empty() && !stall;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  write_key(json, "status");
  write_text(json, ready             ? "ready"
                   : twin == nullptr ? (site.loading.load() ? "loading_snapshot" : "replaying")
                   : stall           ? "disk_full"
                                     : "failed");
  if (twin == nullptr) {
    write_key(json, "replayed");
    json.Uint64(site.replayed.load());
    write_key(json, "to_replay");
    json.Uint64(site.to_replay.load());
  } else {
    write_key(json, "position");
    json.Uint64(twin->settled_position());
    write_key(json, "snapshot_position");
    json.Int64(twin->probe().snapshot_position.value());
    write_key(json, "clock");
    write_time(json, twin->clock());
    const schema::Duration window = twin->journal().loss_window();
    write_key(json, "sync");
    write_text(json, window == 0 ? "always" : "interval");
    write_key(json, "loss_window_ms");
    json.Int64(window / schema::kMillisecond);
  }
  if (!failure.empty() || stall) {
    write_key(json, "failure");
    write_text(json, stall ? stall->text() : failure);
  }
  json.EndObject();
  Reply reply{ready ? 200u : 503u, "application/json", text_of(buffer), {}};
  if (!ready) reply.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return reply;
}

Reply show_metrics(const Site& site) {
  return {200, content_type_of(RouteId::metrics), site.metrics.render(), {}};
}

}  // namespace routes
}  // namespace pollux::server
