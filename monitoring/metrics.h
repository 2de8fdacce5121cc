// Prometheus exposition of what the other parts publish in their probes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/probe.h"
#include "server/probe.h"

namespace pollux::monitoring {

/// Renders probes in the Prometheus text format, and what the system knows of this process; reads all of it
/// at the moment of the scrape. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// `probe` must outlive the last `render()`. `domain` becomes a label.
  void observe(const actors::DomainProbe& probe, const std::string& domain);

  /// `probe` must outlive the last `render()`.
  void observe(const server::ServerProbe& probe);

  /// The whole exposition, ready to be sent as `text/plain; version=0.0.4`.
  std::string render() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::monitoring
