// What the routes have in common: the twin once it runs, how far it has come until then, and the bounds.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "actors/twin.h"
#include "monitoring/metrics.h"
#include "schema/cloud_events.h"
#include "server/http/background.h"
#include "server/http/message.h"
#include "server/probe.h"

namespace pollux::server {

/// Shared by all routes; lives as long as the server. Members marked so may be used from any thread, the
/// others belong to the server's thread.
struct Site {
  Site(std::shared_ptr<const schema::Model> its_model, const monitoring::Metrics& its_metrics)
      : model(std::move(its_model)), metrics(its_metrics), parser(*model) {}

  const std::shared_ptr<const schema::Model> model;
  const monitoring::Metrics& metrics;
  schema::CloudEventParser parser;
  ServerProbe probe;                           ///< Any thread.
  std::atomic<actors::Twin*> twin{nullptr};    ///< Any thread; null while it starts.
  std::atomic<schema::Position> replayed{0};   ///< Any thread.
  std::atomic<schema::Position> to_replay{0};  ///< Any thread.
  std::string backup_directory;                ///< Empty: backups are not taken.
  std::atomic<bool> backing_up{false};         ///< Any thread.
  Background background;                       ///< Its work may use the twin: stopped before that goes.

  /// The answer to what needs the twin while it is not there yet: 503.
  Reply still_starting() const;
  /// The answer where too many answers wait for the disk already: 503.
  static Reply too_busy();
};

}  // namespace pollux::server
