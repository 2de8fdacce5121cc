#include "examples/chilled-water/simulator/sensors.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pollux::examples::chilled_water {
namespace {

using schema::Duration;
using schema::EventTime;

/// Share of the distance between a drifting zero and its bound that one reading may move it.
constexpr double kDriftStep = 0.02;

bool happens(std::mt19937_64& random, double share) {
  return std::uniform_real_distribution<double>(0, 1)(random) < share;
}

double normal(std::mt19937_64& random, double deviation) {
  return deviation > 0 ? std::normal_distribution<double>(0, deviation)(random) : 0.0;
}

Duration up_to(std::mt19937_64& random, Duration longest) {
  return std::uniform_int_distribution<Duration>(0, longest)(random);
}

/// A whole multiple of `resolution`, rounded once more so that its decimal form is short.
double quantised(double value, double resolution) {
  const double steps = std::round(value / resolution);
  return resolution < 1 ? steps / std::round(1 / resolution) : steps * resolution;
}

}  // namespace

bool Sensors::LaterFirst::operator()(const Delivery& a, const Delivery& b) const {
  return std::pair(a.arrival, a.order) > std::pair(b.arrival, b.order);
}

Sensors::Sensors(std::vector<Device> devices, const Imperfections& imperfections, EventTime start,
                 std::uint64_t seed)
    : imperfections_(imperfections),
      run_(std::to_string(seed) + "-" + std::to_string(start / schema::kSecond)) {
  for (Device& device : devices) {
    const std::size_t index = devices_.size();
    Working working{std::move(device), std::mt19937_64(mix(seed, index)), start, {}};
    // Devices were switched on at different moments, to the millisecond that their clocks count.
    working.next +=
        up_to(working.random, working.device.period / schema::kMillisecond) * schema::kMillisecond;
    for (const Channel& channel : working.device.channels) {
      working.drift.push_back(channel.drift_max *
                              std::uniform_real_distribution<double>(-1, 1)(working.random));
    }
    devices_.push_back(std::move(working));
  }
}

void Sensors::sample(const PlantState& state) {
  for (Working& working : devices_) {
    while (working.next <= state.time) {
      dispatch(working, read(working, state), working.next);
      working.next += working.device.period;
    }
  }
}

FieldEvent Sensors::read(Working& working, const PlantState& state) {
  const Device& device = working.device;
  FieldEvent event;
  event.source = device.source;
  event.subject = device.subject;
  event.sequence = next_sequence(device.source);
  event.id = std::string(device.source) + "-" + run_ + "-" + std::to_string(event.sequence);
  const double jitter = normal(working.random, static_cast<double>(imperfections_.jitter));
  // Device clocks count milliseconds.
  event.time = (working.next + static_cast<Duration>(jitter)) / schema::kMillisecond * schema::kMillisecond;
  for (std::size_t i = 0; i < device.channels.size(); ++i) {
    const Channel& channel = device.channels[i];
    double& drift = working.drift[i];
    drift = std::clamp(drift + normal(working.random, kDriftStep * channel.drift_max), -channel.drift_max,
                       channel.drift_max);
    const double measured =
        channel.truth(state, device.index) + drift + normal(working.random, channel.noise);
    event.readings.push_back(
        {channel.attribute, channel.unit,
         quantised(std::clamp(measured, channel.low, channel.high), channel.resolution)});
  }
  return event;
}

void Sensors::dispatch(Working& working, FieldEvent event, EventTime sent) {
  std::mt19937_64& random = working.random;
  if (happens(random, imperfections_.missing_share)) return;
  const double usual =
      std::exponential_distribution<double>(1)(random) * static_cast<double>(imperfections_.delay);
  EventTime arrival = std::max(sent, event.time) + static_cast<Duration>(usual);
  if (happens(random, imperfections_.late_share)) arrival += up_to(random, imperfections_.late_max);
  const auto shared = std::make_shared<const FieldEvent>(std::move(event));
  under_way_.push({arrival, ++orders_, shared});
  if (happens(random, imperfections_.duplicate_share)) {
    under_way_.push({arrival + up_to(random, imperfections_.late_max / 2), ++orders_, shared});
  }
}

std::vector<Delivery> Sensors::take_arrived(EventTime now) {
  std::vector<Delivery> arrived;
  while (!under_way_.empty() && under_way_.top().arrival <= now) {
    arrived.push_back(under_way_.top());
    under_way_.pop();
  }
  return arrived;
}

std::uint64_t Sensors::next_sequence(const char* source) {
  const auto known = std::find_if(sequences_.begin(), sequences_.end(),
                                  [&](const auto& entry) { return entry.first == source; });
  if (known != sequences_.end()) return ++known->second;
  sequences_.emplace_back(source, 1);
  return 1;
}

}  // namespace pollux::examples::chilled_water
