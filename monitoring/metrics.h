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

  /// Of what links carry from one domain to another: both become labels. `probe` and `settled`, the position
  /// of the domain it comes from, must outlive the last `render()`.
  void observe(const actors::CarrierProbe& probe, const actors::Gauge& settled, const std::string& from,
               const std::string& to);

  /// `probe` must outlive the last `render()`.
  void observe(const server::ServerProbe& probe);

  /// The whole exposition, ready to be sent as `text/plain; version=0.0.4`.
  std::string render() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pollux::monitoring
