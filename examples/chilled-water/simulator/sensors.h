// From what is true in the plant to what arrives at the twin: noise, drift, jitter, loss, repeats, delays.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "examples/chilled-water/simulator/devices.h"
#include "examples/chilled-water/simulator/field_event.h"
#include "examples/chilled-water/simulator/plant.h"

namespace pollux::examples::chilled_water {

/// How the field network and devices behave. Shares are probabilities, one draw an event.
struct Imperfections {
  schema::Duration jitter = 80 * schema::kMillisecond;  ///< Standard deviation of the moment of reading.
  schema::Duration delay = 300 * schema::kMillisecond;  ///< Mean of the usual, exponential delay.
  double late_share = 0.03;                             ///< Events held up on the way, ...
  schema::Duration late_max = 4 * schema::kMinute;      ///< ... for up to this long.
  double duplicate_share = 0.02;                        ///< Events that arrive a second time, unchanged.
  double missing_share = 0.004;  ///< Events that never arrive; their sequence number is used.
};

/// An event on its way. Copies of a duplicated event share it.
struct Delivery {
  schema::EventTime arrival = 0;
  std::uint64_t order = 0;  ///< Breaks ties between equal arrivals.
  std::shared_ptr<const FieldEvent> event;
};

/// The plant's sensors and the network behind them. A pure function of its arguments and of the states it is
/// shown: the same seed gives the same deliveries. Not thread-safe.
class Sensors {
 public:
  Sensors(std::vector<Device> devices, const Imperfections& imperfections, schema::EventTime start,
          std::uint64_t seed);

  /// Reads every device that is due at `state.time`. REQUIRES: times do not go back.
  void sample(const PlantState& state);

  /// Takes what has arrived by `now`, in the order of arrival; with kNever, all that is still on its way.
  std::vector<Delivery> take_arrived(schema::EventTime now);

 private:
  /// A device at work: its own random stream, so that one device's draws never shift another's.
  struct Working {
    Device device;
    std::mt19937_64 random;
    schema::EventTime next = 0;
    std::vector<double> drift;
  };
  struct LaterFirst {
    bool operator()(const Delivery& a, const Delivery& b) const;
  };

  FieldEvent read(Working& working, const PlantState& state);
  void dispatch(Working& working, FieldEvent event, schema::EventTime sent);
  std::uint64_t next_sequence(const char* source);

  Imperfections imperfections_;
  std::string run_;  ///< Part of every id: events of different runs never pass for duplicates.
  std::vector<Working> devices_;
  std::vector<std::pair<std::string, std::uint64_t>> sequences_;
  std::priority_queue<Delivery, std::vector<Delivery>, LaterFirst> under_way_;
  std::uint64_t orders_ = 0;
};

}  // namespace pollux::examples::chilled_water
