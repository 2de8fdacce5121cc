#include "examples/chilled-water/simulator/sensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace pollux::examples::chilled_water {
namespace {

using schema::kMinute;
using schema::kSecond;

constexpr schema::EventTime kStart = 1'784'120'400 * kSecond;

std::vector<Delivery> deliveries(std::uint64_t seed, const Imperfections& imperfections = {},
                                 schema::Duration length = 30 * kMinute) {
  Plant plant(PlantParameters::office(), kStart, seed, {});
  Sensors sensors(plant_devices(), imperfections, kStart, seed);
  std::vector<Delivery> all;
  while (plant.state().time < kStart + length) {
    plant.step();
    sensors.sample(plant.state());
    for (Delivery& delivery : sensors.take_arrived(plant.state().time)) all.push_back(std::move(delivery));
  }
  for (Delivery& delivery : sensors.take_arrived(schema::kNever)) all.push_back(std::move(delivery));
  return all;
}

std::string text_of(const Delivery& delivery) {
  std::string text = delivery.event->id + "@" + std::to_string(delivery.event->time);
  for (const Reading& reading : delivery.event->readings) text += " " + std::to_string(reading.value);
  return text;
}

TEST(Sensors, TheSameSeedGivesTheSameDeliveriesInTheSameOrder) {
  const std::vector<Delivery> one = deliveries(3);
  const std::vector<Delivery> other = deliveries(3);
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_EQ(text_of(one[i]), text_of(other[i]));
}

TEST(Sensors, AnotherSeedGivesOtherIdsSoThatRunsNeverPassForDuplicates) {
  std::set<std::string> ids;
  for (const Delivery& delivery : deliveries(1)) ids.insert(delivery.event->id);
  for (const Delivery& delivery : deliveries(2)) EXPECT_FALSE(ids.contains(delivery.event->id));
}

TEST(Sensors, EventsWithOneIdAreOneEventDeliveredTwiceAndThereAreSome) {
  std::map<std::string, std::string> contents;
  std::size_t duplicates = 0;
  for (const Delivery& delivery : deliveries(1)) {
    const auto [known, fresh] = contents.emplace(delivery.event->id, text_of(delivery));
    if (fresh) continue;
    ++duplicates;
    EXPECT_EQ(known->second, text_of(delivery));
  }
  EXPECT_NEAR(static_cast<double>(duplicates) / static_cast<double>(contents.size()), 0.02, 0.01);
}

TEST(Sensors, SomeEventsArriveOutOfOrderButNoneLaterThanTheSourcesAllow) {
  schema::EventTime newest = kStart;
  std::size_t out_of_order = 0;
  for (const Delivery& delivery : deliveries(1)) {
    const schema::EventTime time = delivery.event->time;
    if (time < newest) ++out_of_order;
    // The sources of model.yaml allow ten minutes.
    EXPECT_LT(newest - time, 10 * kMinute);
    newest = std::max(newest, time);
  }
  EXPECT_GT(out_of_order, 100u);
}

TEST(Sensors, AMissingEventLeavesAGapInItsSourcesSequence) {
  std::map<std::string, std::set<std::uint64_t>> seen;
  for (const Delivery& delivery : deliveries(1))
    seen[delivery.event->source].insert(delivery.event->sequence);
  std::uint64_t missing = 0;
  for (const auto& [source, sequences] : seen) missing += *sequences.rbegin() - sequences.size();
  EXPECT_GT(missing, 0u);
}

TEST(Sensors, AnIdealNetworkDeliversEveryEventOnceAndInTime) {
  const Imperfections ideal{
      .jitter = 0, .delay = 0, .late_share = 0, .duplicate_share = 0, .missing_share = 0};
  schema::EventTime newest = kStart;
  for (const Delivery& delivery : deliveries(1, ideal)) {
    EXPECT_EQ(delivery.arrival, delivery.event->time);
    EXPECT_GE(delivery.event->time, newest);
    newest = delivery.event->time;
  }
}

TEST(Sensors, ReadingsAreCloseToTheTruthAndNeverOutsideTheSensorsScale) {
  Plant plant(PlantParameters::office(), kStart, 1, {});
  const std::vector<Device> devices = plant_devices();
  for (const Delivery& delivery : deliveries(1, {}, kMinute)) {
    for (const Device& device : devices) {
      if (device.subject != delivery.event->subject) continue;
      ASSERT_EQ(device.channels.size(), delivery.event->readings.size());
      for (std::size_t i = 0; i < device.channels.size(); ++i) {
        const Channel& channel = device.channels[i];
        const double value = delivery.event->readings[i].value;
        EXPECT_GE(value, channel.low);
        EXPECT_LE(value, channel.high);
        // Nothing moves by more than 5 % in the first minute of a settled plant.
        const double truth = channel.truth(plant.state(), device.index);
        EXPECT_NEAR(value, truth,
                    6 * channel.noise + channel.drift_max + channel.resolution + 0.05 * std::abs(truth))
            << device.subject << "." << channel.attribute;
      }
    }
  }
}

}  // namespace
}  // namespace pollux::examples::chilled_water
