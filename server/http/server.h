// The HTTP server: one KJ event loop on one thread, in front of a twin that may still be starting.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "actors/plant/plant.h"
#include "monitoring/metrics.h"
#include "schema/event/cloud_events.h"
#include "schema/model/model.h"
#include "schema/result.h"
#include "schema/time.h"

namespace pollux::server {

/// Every bound of the server. Beyond one: the status in parentheses, or the connection is closed.
struct HttpServerOptions {
  std::string listen = "127.0.0.1:8080";                      ///< HOST:PORT; port 0 takes a free one.
  std::size_t connections_max = 500;                          ///< Open at once (503).
  std::size_t body_bytes_max = schema::kEventsBytesMax;       ///< One request body (413).
  std::size_t bodies_bytes_max = 256u << 20;                  ///< All request bodies in memory (503).
  std::size_t change_streams_max = 200;                       ///< Readers of the change feed (503).
  schema::Duration header_timeout = 15 * schema::kSecond;     ///< For a request's head to arrive.
  schema::Duration idle_timeout = 60 * schema::kSecond;       ///< Between requests on one connection.
  schema::Duration body_idle_timeout = 15 * schema::kSecond;  ///< Between two parts of a body (408).
  schema::Duration body_timeout = 2 * schema::kMinute;        ///< For a whole body (408).
  schema::Duration write_timeout = 30 * schema::kSecond;  ///< For the client to take one part of an answer.
  schema::Duration heartbeat = 15 * schema::kSecond;      ///< Longest silence of a change stream.
  schema::Duration drain_timeout = 10 * schema::kSecond;  ///< For requests in flight when stopping.
  std::string backup_directory;  ///< Where /v1/admin/backup puts backups; empty: it is refused.
  /// Stop at SIGINT and SIGTERM, and end the process at the second one. REQUIRES: no other thread runs yet.
  bool stop_on_signals = false;
};

/// Opened, run and destroyed on one thread, which may hold no other KJ event loop. The members marked so may
/// be called from any thread.
class HttpServer {
 public:
  /// Binds and listens; answers begin with `run()`. `metrics` must outlive the server, and not be
  /// rendered after it. Errors: invalid
  /// (address), io (in use, not permitted).
  static schema::Result<std::unique_ptr<HttpServer>> open(const HttpServerOptions& options,
                                                          std::shared_ptr<const schema::Model> model,
                                                          monitoring::Metrics& metrics);
  ~HttpServer();

  /// `HOST:PORT` as bound.
  const std::string& address() const;

  /// How far the start has come; shown by /readyz. Any thread.
  void show_progress(const actors::PlantProgress& progress);

  /// From now on requests reach `plant`, which must outlive `run()`. Blocks until the server's thread has
  /// taken it or has stopped. Call once, on another thread.
  void attach(actors::Plant& plant);

  /// Makes `run()` return. Any thread; idempotent.
  void stop();

  /// Serves until stopped; then takes no more connections, ends change streams, finishes the requests in
  /// flight within `drain_timeout`. Call once.
  void run();

 private:
  struct Implementation;
  explicit HttpServer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Whether `HOST:PORT` can only be reached from this machine (127.0.0.0/8, ::1, localhost, a unix socket).
bool is_loopback(std::string_view listen);

}  // namespace pollux::server
