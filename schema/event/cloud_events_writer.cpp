#include "schema/event/cloud_events_writer.h"

#include <rapidjson/writer.h>

#include <cmath>
#include <vector>

#include "schema/assert.h"

namespace pollux::schema {

namespace {

// What rapidjson needs to write to, over a string.
class StringStream {
 public:
  using Ch = char;
  explicit StringStream(std::string& text) : text_(text) {}
  void Put(char c) { text_.push_back(c); }
  void Flush() {}

 private:
  std::string& text_;
};

using Writer = rapidjson::Writer<StringStream>;

void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put_member(Writer& writer, std::string_view name, std::string_view text) {
  put(writer, name);
  put(writer, text);
}

void put_payload(Writer& writer, const NamedValue& value) {
  if (const auto* number = std::get_if<double>(&value.value)) {
    POLLUX_ASSERT(std::isfinite(*number), "JSON has no infinity and no NaN");
    writer.Double(*number);
  } else if (const auto* truth = std::get_if<bool>(&value.value)) {
    writer.Bool(*truth);
  } else {
    put(writer, std::get<std::string_view>(value.value));
  }
}

void put_value(Writer& writer, const NamedValue& value) {
  put(writer, value.attribute);
  if (value.quality == Quality::good && value.unit.empty()) {
    put_payload(writer, value);
    return;
  }
  writer.StartObject();
  if (value.quality != Quality::bad) {
    put(writer, "value");
    put_payload(writer, value);
    if (!value.unit.empty()) put_member(writer, "unit", value.unit);
  }
  if (value.quality != Quality::good) {
    POLLUX_ASSERT(value.quality == Quality::uncertain || value.quality == Quality::bad);
    put_member(writer, "quality", name_of(value.quality));
  }
  writer.EndObject();
}

NamedValue named(const ReportedValue& reported, const Attribute& attribute, const Model& model) {
  NamedValue value;
  value.attribute = attribute.name;
  value.quality = reported.value.quality;
  switch (reported.value.type) {
    case ValueType::number:
      value.value = reported.value.as_number();
      break;
    case ValueType::boolean:
      value.value = reported.value.as_boolean();
      break;
    case ValueType::symbol:
      if (reported.value.usable()) value.value = model.symbol_text(reported.value.as_symbol());
      break;
  }
  return value;
}

}  // namespace

void append_cloud_event(std::string& json, const NamedEvent& event) {
  StringStream stream(json);
  Writer writer(stream);
  writer.StartObject();
  put_member(writer, "specversion", "1.0");
  put_member(writer, "type", std::string("pollux.") + name_of(event.kind));
  put_member(writer, "source", event.source);
  put_member(writer, "id", event.id);
  put_member(writer, "time", format_rfc3339(event.time));
  if (event.kind == EventKind::correct) put_member(writer, "corrects", event.named);
  if (event.kind == EventKind::retract) put_member(writer, "retracts", event.named);
  if (!event.entity.empty()) put_member(writer, "subject", event.entity);
  if (event.sequence != 0) {
    put(writer, "sequence");
    writer.Uint64(event.sequence);
  }
  if (event.kind != EventKind::retract) {
    put(writer, "data");
    writer.StartObject();
    for (const NamedValue& value : event.values) put_value(writer, value);
    writer.EndObject();
  }
  writer.EndObject();
}

void append_cloud_event(std::string& json, const EventBatch& batch, const Event& event, const Model& model) {
  std::vector<NamedValue> values;
  values.reserve(event.values_count);
  for (const ReportedValue& reported : batch.values_of(event)) {
    const EntityType& type = model.type_of(event.entity);
    values.push_back(named(reported, type.attributes[reported.attribute], model));
  }
  append_cloud_event(json,
                     {batch.source_name(event, model), batch.id(event), event.time,
                      event.entity == kNone ? std::string_view() : std::string_view(model.id(event.entity)),
                      event.sequence, values, event.kind, batch.named(event)});
}

}  // namespace pollux::schema
