#include "examples/chilled-water/simulator/sender.h"

#include <csignal>

#include <algorithm>
#include <chrono>

namespace pollux::examples::chilled_water {
namespace {

using schema::Duration;
using schema::EventTime;
using Clock = std::chrono::steady_clock;

/// A batch is sent about four times a second, or for each simulated minute when unpaced.
constexpr double kBatchesPerSecond = 4;
constexpr Duration kUnpacedBatch = schema::kMinute;
/// Events in one request; far below the server's bound.
constexpr std::size_t kBatchEventsMax = 2'000;
/// How often a batch is tried, a second apart, before the simulator gives up.
constexpr unsigned kAttemptsMax = 60;

/// Waits until `moment`; returns true when SIGINT or SIGTERM came first.
bool interrupted_before(Clock::time_point moment) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  const auto left = std::max(Clock::duration::zero(), moment - Clock::now());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(),
                         std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

/// Posts one batch, and again each second while the server is away or busy, as long as nobody interrupts: a
/// repeated event changes nothing. False when it was interrupted.
schema::Result<bool> post(server::HttpClient& client, const std::string& batch) {
  for (unsigned attempt = 1;; ++attempt) {
    schema::Result<server::HttpReply> reply = client.post_events(batch, 1);
    if (reply.ok() && reply->status / 100 == 2) return true;
    const bool passing = !reply.ok() || reply->status == 429 || reply->status == 503;
    if (passing && attempt < kAttemptsMax) {
      if (interrupted_before(Clock::now() + std::chrono::seconds(1))) return false;
      continue;
    }
    if (!reply.ok()) return reply.error();
    return schema::Error{
        schema::ErrorCode::invalid,
        "the server refused a batch with status " + std::to_string(reply->status) + ": " + reply->body,
        "POST /v1/events", "does it serve examples/chilled-water/model.yaml?"};
  }
}

/// Sends deliveries in requests of bounded size and counts them.
schema::Result<void> send(server::HttpClient& client, const std::vector<Delivery>& deliveries,
                          Played& played) {
  for (std::size_t from = 0; from < deliveries.size() && !played.interrupted; from += kBatchEventsMax) {
    const std::size_t to = std::min(deliveries.size(), from + kBatchEventsMax);
    std::vector<const FieldEvent*> events;
    for (std::size_t i = from; i < to; ++i) events.push_back(deliveries[i].event.get());
    schema::Result<bool> sent = post(client, cloud_events_json(events));
    if (!sent) return sent.error();
    played.interrupted = !*sent;
    played.events += *sent ? events.size() : 0;
    played.batches += *sent ? 1 : 0;
  }
  return {};
}

}  // namespace

schema::Result<Played> play(Plant& plant, Sensors& sensors, server::HttpClient& client,
                            const Playback& playback) {
  const bool paced = playback.speed > 0;
  const Duration batch =
      paced ? std::max(Plant::kStep,
                       static_cast<Duration>(playback.speed / kBatchesPerSecond * schema::kSecond))
            : kUnpacedBatch;
  const EventTime end = schema::after(playback.start, playback.length);
  const Clock::time_point began = Clock::now();
  Played played;
  EventTime now = playback.start;
  while (now < end && !played.interrupted) {
    now = std::min(end, now + batch);
    while (plant.state().time < now) {
      plant.step();
      sensors.sample(plant.state());
    }
    if (schema::Result<void> sent = send(client, sensors.take_arrived(now), played); !sent)
      return sent.error();
    const double elapsed_s =
        paced ? static_cast<double>(now - playback.start) / schema::kSecond / playback.speed : 0;
    const auto due =
        began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(elapsed_s));
    played.interrupted = played.interrupted || interrupted_before(due);
  }
  played.until = now;
  if (played.interrupted) return played;
  // What is still on its way arrives after the last reading, as it would on a real network.
  if (schema::Result<void> sent = send(client, sensors.take_arrived(schema::kNever), played); !sent) {
    return sent.error();
  }
  return played;
}

}  // namespace pollux::examples::chilled_water
