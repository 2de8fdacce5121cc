// Instruments: what the HTTP server counts about itself. Monitoring reads them; nothing here knows
// Prometheus.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "actors/probe.h"

namespace pollux::server {

/// Every route there is; requests are counted by it, so metrics have a bounded set of labels.
enum class RouteId : std::uint8_t {
  page,
  events,
  entities,
  entity,
  constraints,
  episodes,
  changes,
  digest,
  why,
  impact,
  graph,
  graph_analysis,
  model,
  quarantine,
  quarantine_admit,
  quarantine_discard,
  quarantine_admit_one,
  quarantine_discard_one,
  sources,
  domains,
  history,
  backup,
  snapshots,
  snapshot_create,
  metrics,
  livez,
  readyz,
  unmatched,  ///< No such path, or a request that could not be parsed.
};
inline constexpr std::size_t kRouteCount = static_cast<std::size_t>(RouteId::unmatched) + 1;

/// The path as written in the documentation.
inline const char* name_of(RouteId route) {
  static constexpr std::array<const char*, kRouteCount> kNames = {"/",
                                                                  "/v1/events",
                                                                  "/v1/entities",
                                                                  "/v1/entities/{id}",
                                                                  "/v1/constraints",
                                                                  "/v1/episodes",
                                                                  "/v1/changes",
                                                                  "/v1/digest",
                                                                  "/v1/why",
                                                                  "/v1/impact",
                                                                  "/v1/graph",
                                                                  "/v1/graph/analysis",
                                                                  "/v1/model",
                                                                  "/v1/quarantine",
                                                                  "/v1/quarantine/admit",
                                                                  "/v1/quarantine/discard",
                                                                  "/v1/quarantine/{number}/admit",
                                                                  "/v1/quarantine/{number}/discard",
                                                                  "/v1/sources",
                                                                  "/v1/domains",
                                                                  "/v1/history",
                                                                  "/v1/admin/backup",
                                                                  "/v1/admin/snapshots",
                                                                  "/v1/admin/snapshots (POST)",
                                                                  "/metrics",
                                                                  "/livez",
                                                                  "/readyz",
                                                                  "unmatched"};
  return kNames[static_cast<std::size_t>(route)];
}

/// Classes of status codes: 1xx to 5xx, and requests whose client went away before the answer.
inline constexpr std::size_t kStatusClassCount = 6;
inline constexpr std::array<const char*, kStatusClassCount> kStatusClassNames = {"1xx", "2xx", "3xx",
                                                                                 "4xx", "5xx", "aborted"};
/// `status` 0: the client went away.
constexpr std::size_t status_class(unsigned status) {
  return status >= 100 && status < 600 ? status / 100 - 1 : kStatusClassCount - 1;
}

/// What the HTTP server counts. All totals since the process started.
struct ServerProbe {
  std::array<std::array<actors::Counter, kStatusClassCount>, kRouteCount> requests;
  actors::DurationHistogram request_duration;  ///< Head read to answer written; streams not included.
  actors::Counter connections_accepted;
  actors::Counter connections_refused;  ///< Over the limit.
  actors::Counter body_bytes;           ///< Request bodies read.
  actors::Counter change_stream_gaps;   ///< Readers told that they missed changes.
  actors::Gauge connections;
  actors::Gauge connections_max;
  actors::Counter change_streams_refused;  ///< Over the limit.
  actors::Counter bodies_refused_too_large;
  actors::Counter bodies_refused_no_room;  ///< Over the limit of all bodies together.
  actors::Counter bodies_timed_out;
  actors::Gauge change_streams;
  actors::Gauge change_streams_max;
  actors::Gauge bodies_held_bytes;  ///< Request bodies in memory now.
  actors::Gauge bodies_bytes_max;
  actors::Gauge recovering;         ///< 1 until a twin is attached.
  actors::Gauge recovery_position;  ///< How far its journal has been replayed.
  actors::Gauge recovery_target;    ///< And how far it goes.
};

}  // namespace pollux::server
