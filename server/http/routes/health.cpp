#include "server/http/json.h"
#include "server/http/positions.h"
#include "server/http/problem.h"
#include "server/http/routes/routes.h"

namespace pollux::server {

Reply Site::still_starting() const {
  const std::string done = std::to_string(replayed.load());
  const std::string total = std::to_string(to_replay.load());
  const std::string which =
      model->domain_count() > 1 ? "domain `" + model->domain_name(starting.load()) + "`" : "the twin";
  if (loading.load()) {
    return problem(503, {which + " is loading a snapshot", "", "try again; /readyz shows the progress", ""});
  }
  return problem(503, {which + " is replaying its journal: " + done + " of " + total + " epochs", "",
                       "try again; /readyz shows the progress", ""});
}

Reply Site::too_busy() const {
  return problem(503, {"the server is computing as many answers of this kind as it takes on at once", "",
                       "try again in a moment", ""});
}

namespace routes {

namespace {

constexpr std::string_view kReady = "ready";
constexpr std::string_view kFailedStatus = "failed";

/// What keeps a domain from taking events; empty where nothing does.
std::string failure_of(const actors::Twin& twin) {
  const auto stall = twin.stall();
  return stall ? stall->text() : twin.failure();
}

}  // namespace

std::string_view status_of(const actors::Twin& twin) {
  if (twin.stall()) return "disk_full";
  return twin.failure().empty() ? kReady : kFailedStatus;
}

Reply show_liveness() {
  return {200, "application/json", R"({"status":"live"})", {}};
}

void write_health(JsonWriter& json, const actors::Twin& twin) {
  write_key(json, "position");
  json.Uint64(twin.settled_position());
  write_key(json, "snapshot_position");
  json.Int64(twin.probe().snapshot_position.value());
  write_key(json, "clock");
  write_time(json, twin.clock());
  const schema::Duration window = twin.journal().loss_window();
  write_key(json, "sync");
  write_text(json, window == 0 ? "always" : "interval");
  write_key(json, "loss_window_ms");
  json.Int64(window / schema::kMillisecond);
  if (const auto stopped = twin.history_failure()) {
    write_key(json, "history_failure");
    write_text(json, stopped->text());
  }
  const std::string failure = failure_of(twin);
  if (failure.empty()) return;
  write_key(json, "failure");
  write_text(json, failure);
}

namespace {

void write_progress(JsonWriter& json, const Site& site) {
  write_key(json, "status");
  write_text(json, site.loading.load() ? "loading_snapshot" : "replaying");
  write_domain(json, *site.model, site.starting.load());
  write_key(json, "replayed");
  json.Uint64(site.replayed.load());
  write_key(json, "to_replay");
  json.Uint64(site.to_replay.load());
}

/// The worst of all: failed before disk_full before ready.
std::string_view worst_status(const actors::Plant& plant) {
  std::string_view worst = kReady;
  for (const schema::DomainIndex d : plant.domains()) {
    const std::string_view status = status_of(plant.domain(d));
    if (status == kReady || worst == kFailedStatus) continue;
    worst = status;
  }
  return worst;
}

}  // namespace

Reply show_readiness(const Site& site) {
  const actors::Plant* plant = site.plant.load();
  const std::string_view status = plant == nullptr ? std::string_view() : worst_status(*plant);
  const bool ready = status == kReady;
  JsonBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  if (plant == nullptr) {
    write_progress(json, site);
  } else {
    write_key(json, "status");
    write_text(json, status);
    if (!is_divided(*site.model)) write_health(json, plant->domain(0));
  }
  if (plant != nullptr && is_divided(*site.model)) {
    write_key(json, "domains");
    json.StartArray();
    for (const schema::DomainIndex d : plant->domains()) {
      json.StartObject();
      write_domain(json, *site.model, d);
      write_key(json, "status");
      write_text(json, status_of(plant->domain(d)));
      write_health(json, plant->domain(d));
      json.EndObject();
    }
    json.EndArray();
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
