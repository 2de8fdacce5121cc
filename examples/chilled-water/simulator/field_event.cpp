#include "examples/chilled-water/simulator/field_event.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pollux::examples::chilled_water {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(Writer& json, const char* key, const std::string& text) {
  json.Key(key);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_event(Writer& json, const FieldEvent& event) {
  json.StartObject();
  member(json, "specversion", "1.0");
  member(json, "id", event.id);
  member(json, "source", event.source);
  member(json, "type", "pollux.observe");
  member(json, "subject", event.subject);
  member(json, "time", schema::format_rfc3339(event.time));
  member(json, "sequence", std::to_string(event.sequence));
  json.Key("data");
  json.StartObject();
  for (const Reading& reading : event.readings) {
    json.Key(reading.attribute);
    json.StartObject();
    json.Key("value");
    json.Double(reading.value);
    if (*reading.unit != '\0') member(json, "unit", reading.unit);
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
}

}  // namespace

std::string cloud_events_json(const std::vector<const FieldEvent*>& events) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartArray();
  for (const FieldEvent* event : events) write_event(json, *event);
  json.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pollux::examples::chilled_water
