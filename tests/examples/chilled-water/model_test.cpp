// The model and the simulator beside it are one: what is reported is declared, what is declared is reported.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "examples/chilled-water/simulator/devices.h"
#include "examples/chilled-water/simulator/field_event.h"
#include "examples/chilled-water/simulator/sensors.h"
#include "schema/event/cloud_events.h"
#include "schema/model/model_file.h"

namespace pollux::examples::chilled_water {
namespace {

using schema::kMinute;
using schema::kSecond;

constexpr const char* kModelFile = POLLUX_SOURCE_DIR "/examples/chilled-water/model.yaml";
constexpr schema::EventTime kStart = 1'784'120'400 * kSecond;

schema::Model plant_model() {
  std::ifstream file(kModelFile);
  std::stringstream text;
  text << file.rdbuf();
  auto loaded = schema::load_model(text.str(), kModelFile);
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    throw std::runtime_error(errors->text());
  }
  return std::get<schema::Model>(std::move(loaded));
}

TEST(ChilledWaterModel, EveryReportOfAFaultyHourIsAnEventTheTwinTakes) {
  const schema::Model model = plant_model();
  schema::CloudEventParser parser(model);
  Plant plant(PlantParameters::office(), kStart, 1, {{Fault::Kind::pump_1_wear, 5 * kMinute}});
  Sensors sensors(plant_devices(), {}, kStart, 1);
  for (int minute = 0; minute < 60; ++minute) {
    for (int second = 0; second < 60; ++second) {
      plant.step();
      sensors.sample(plant.state());
    }
    const std::vector<Delivery> deliveries = sensors.take_arrived(plant.state().time);
    std::vector<const FieldEvent*> events;
    for (const Delivery& delivery : deliveries) events.push_back(delivery.event.get());
    const schema::ParsedEvents parsed = parser.parse(cloud_events_json(events));
    ASSERT_TRUE(parsed.problems.empty()) << parsed.problems[0].pointer << ": " << parsed.problems[0].message;
    ASSERT_EQ(parsed.batch.events.size(), events.size());
  }
}

TEST(ChilledWaterModel, EveryObservedAttributeHasASensorInItsOwnUnit) {
  const schema::Model model = plant_model();
  std::set<std::string> measured;
  for (const Device& device : plant_devices()) {
    for (const Channel& channel : device.channels) {
      measured.insert(device.subject + "." + channel.attribute + " " + channel.unit);
    }
  }
  std::set<std::string> declared;
  for (schema::EntityIndex entity = 0; entity < model.entity_count(); ++entity) {
    for (const schema::Attribute& attribute : model.type_of(entity).attributes) {
      if (attribute.role != schema::Role::observed) continue;
      declared.insert(model.id(entity) + "." + attribute.name + " " + attribute.spec.unit.text);
    }
  }
  EXPECT_EQ(declared, measured);
}

TEST(ChilledWaterModel, TheTwinAndThePlantAgreeOnWhatTheBuildingIs) {
  const schema::Model model = plant_model();
  const PlantParameters parameters = PlantParameters::office();
  for (std::size_t i = 0; i < kZones; ++i) {
    const schema::EntityIndex zone = model.find_entity("zone-" + std::to_string(i + 1));
    ASSERT_NE(zone, schema::kNone);
    const auto number = [&](const char* name) {
      return model.parameter(zone, model.type_of(zone).find_attribute(name)).as_number();
    };
    EXPECT_DOUBLE_EQ(number("setpoint"), parameters.zones[i].setpoint_degc);
    EXPECT_DOUBLE_EQ(number("heat_loss"), parameters.zones[i].heat_loss_kw_k);
    EXPECT_DOUBLE_EQ(number("equipment"), parameters.zones[i].equipment_kw);
    EXPECT_DOUBLE_EQ(number("solar_aperture"), parameters.zones[i].solar_aperture_m2);
  }
}

TEST(ChilledWaterModel, TheSourcesAllowTheLatenessOfTheSimulatedNetwork) {
  const Imperfections imperfections;
  const auto model = plant_model();
  for (const schema::Source& source : model.sources()) {
    EXPECT_GE(source.allowed_lateness, imperfections.late_max + imperfections.late_max / 2 + kMinute);
  }
}

}  // namespace
}  // namespace pollux::examples::chilled_water
