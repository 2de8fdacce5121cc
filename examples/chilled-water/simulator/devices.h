// Which sensors the plant has: what each measures, how well, how often, and who reports it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "examples/chilled-water/simulator/plant.h"

namespace pollux::examples::chilled_water {

/// One sensor of a device.
struct Channel {
  const char* attribute;  ///< Of the entity in the twin's model.
  const char* unit;
  double (*truth)(const PlantState& state, std::size_t index);  ///< `index`: which of its kind the device is.
  double noise;                                                 ///< Standard deviation of one reading.
  double drift_max;   ///< How far its zero may wander, either way, over hours.
  double resolution;  ///< Readings are whole multiples of it.
  double low;         ///< Readings saturate here and at `high`.
  double high;
};

/// Sensors that are read together and reported in one event.
struct Device {
  const char* source;
  std::string subject;
  std::size_t index;
  schema::Duration period;
  std::vector<Channel> channels;
};

/// Every device of the plant; subjects and attributes are those of examples/chilled-water/model.yaml.
std::vector<Device> plant_devices();

}  // namespace pollux::examples::chilled_water
