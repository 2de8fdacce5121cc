// What the routes have in common: the plant once it runs, how far it has come until then, and the bounds.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "actors/plant/plant.h"
#include "monitoring/metrics.h"
#include "schema/event/cloud_events.h"
#include "schema/graph/graph_analysis.h"
#include "server/http/background.h"
#include "server/http/message.h"
#include "server/http/worker.h"
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
  ServerProbe probe;                             ///< Any thread.
  std::atomic<actors::Plant*> plant{nullptr};    ///< Any thread; null while it starts.
  std::atomic<schema::Position> replayed{0};     ///< Any thread.
  std::atomic<schema::Position> to_replay{0};    ///< Any thread.
  std::atomic<bool> loading{false};              ///< A snapshot; any thread.
  std::atomic<schema::DomainIndex> starting{0};  ///< Which domain these three are about; any thread.

  std::string backup_directory;         ///< Empty: backups are not taken.
  std::atomic<bool> backing_up{false};  ///< Any thread.
  Background background;                ///< Its work may use the plant: stopped before that goes.

  /// Of the model; the worker's own, made when it is first asked for.
  std::unique_ptr<const schema::GraphAnalysis> graph_analysis;
  Worker worker;  ///< Ends before what its jobs use.

  /// The answer to what needs the worker when it has too much to do: 503.
  Reply too_busy() const;
  /// The answer to what needs the twin while it is not there yet: 503.
  Reply still_starting() const;
};

}  // namespace pollux::server
