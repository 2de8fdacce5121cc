// Plays the plant's events to a server at a chosen speed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "examples/chilled-water/simulator/plant.h"
#include "examples/chilled-water/simulator/sensors.h"
#include "server/http/client.h"

namespace pollux::examples::chilled_water {

/// How to play.
struct Playback {
  schema::EventTime start = 0;
  schema::Duration length = schema::kNever;  ///< Simulated time to play; kNever: until told to stop.
  double speed = 1;  ///< Simulated seconds a second; 0: as fast as the server takes them.
};

/// What was sent.
struct Played {
  std::uint64_t events = 0;
  std::uint64_t batches = 0;
  schema::EventTime until = 0;  ///< The simulated time that was reached.
  bool interrupted = false;     ///< SIGINT or SIGTERM ended it.
};

/// Runs the plant and sends what arrives, in batches, until the playback is over or SIGINT or SIGTERM comes.
/// REQUIRES: the caller has blocked both signals in every thread. Errors: unavailable (the server cannot be
/// reached), invalid (it refused a batch; the message is its own).
schema::Result<Played> play(Plant& plant, Sensors& sensors, server::HttpClient& client,
                            const Playback& playback);

}  // namespace pollux::examples::chilled_water
