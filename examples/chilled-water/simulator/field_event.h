// One report from the field before it is sent, and its form on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/time.h"

namespace pollux::examples::chilled_water {

/// One measured value, in the unit the device reports.
struct Reading {
  const char* attribute = "";
  const char* unit = "";  ///< Empty for a plain number.
  double value = 0;
};

/// What a device reports at one moment about one entity.
struct FieldEvent {
  std::string id;
  const char* source = "";
  std::string subject;
  schema::EventTime time = 0;  ///< By the device's clock.
  std::uint64_t sequence = 0;  ///< The source's counter, from 1.
  std::vector<Reading> readings;
};

/// A JSON batch of CloudEvents 1.0, as POST /v1/events takes it; grammar: schema/event/cloud_events.h.
std::string cloud_events_json(const std::vector<const FieldEvent*>& events);

}  // namespace pollux::examples::chilled_water
