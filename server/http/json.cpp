#include "server/http/json.h"

#include <array>
#include <charconv>

namespace pollux::server {
namespace {

std::string endpoint(const schema::Model& model, const schema::Binding& binding) {
  return model.id(binding.producer) + "." +
         model.type_of(binding.producer).attributes[binding.attribute].name;
}

void write_inputs(JsonWriter& json, const schema::Model& model, schema::EntityIndex entity) {
  json.StartObject();
  const auto& inputs = model.type_of(entity).inputs;
  for (std::size_t slot = 0; slot < inputs.size(); ++slot) {
    write_key(json, inputs[slot].name);
    const auto bindings = model.bindings(entity, static_cast<schema::InputSlot>(slot));
    if (!inputs[slot].many && bindings.empty()) json.Null();
    if (inputs[slot].many) json.StartArray();
    for (const schema::Binding& binding : bindings) write_text(json, endpoint(model, binding));
    if (inputs[slot].many) json.EndArray();
  }
  json.EndObject();
}

void write_believed(JsonWriter& json, const schema::Model& model, const schema::Value& value) {
  json.StartObject();
  write_key(json, "value");
  write_value(json, model, value);
  write_key(json, "quality");
  write_text(json, schema::name_of(value.quality));
  if (value.reason != schema::Reason::none) {
    write_key(json, "reason");
    write_text(json, schema::name_of(value.reason));
  }
  json.EndObject();
}

}  // namespace

void write_text(JsonWriter& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_text_or_null(JsonWriter& json, std::string_view text) {
  if (text.empty()) {
    json.Null();
  } else {
    write_text(json, text);
  }
}

void write_key(JsonWriter& json, std::string_view key) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}

void write_time(JsonWriter& json, schema::EventTime time) {
  if (time == schema::kBeginning || time == schema::kNever) {
    json.Null();
  } else {
    write_text(json, schema::format_rfc3339(time));
  }
}

void write_number(JsonWriter& json, double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  json.RawValue(text.data(), static_cast<std::size_t>(end - text.data()), rapidjson::kNumberType);
}

void write_value(JsonWriter& json, const schema::Model& model, const schema::Value& value) {
  if (!value.usable()) {
    json.Null();
    return;
  }
  switch (value.type) {
    case schema::ValueType::number:
      write_number(json, value.as_number());
      break;
    case schema::ValueType::boolean:
      json.Bool(value.as_boolean());
      break;
    case schema::ValueType::symbol:
      write_text(json, model.symbol_text(value.as_symbol()));
      break;
  }
}

void write_value_members(JsonWriter& json, const schema::Model& model, const schema::Attribute& attribute,
                         const schema::Value& value) {
  write_key(json, "value");
  write_value(json, model, value);
  write_key(json, "unit");
  write_text_or_null(json, attribute.spec.unit.text);
  write_key(json, "quality");
  write_text(json, schema::name_of(value.quality));
  if (value.reason != schema::Reason::none) {
    write_key(json, "reason");
    write_text(json, schema::name_of(value.reason));
  }
}

void write_entity(JsonWriter& json, const schema::Model& model, const actors::EntityState& state,
                  schema::Position position, std::optional<schema::EventTime> at, std::string_view domain) {
  const schema::EntityType& type = model.type_of(state.entity);
  json.StartObject();
  write_key(json, "id");
  write_text(json, model.id(state.entity));
  write_key(json, "type");
  write_text(json, type.name);
  write_key(json, "kind");
  write_text(json, schema::name_of(type.kind));
  write_key(json, "tags");
  json.StartArray();
  for (const std::string& tag : model.tags(state.entity)) write_text(json, tag);
  json.EndArray();
  write_key(json, "attributes");
  json.StartObject();
  for (const actors::AttributeState& each : state.attributes) {
    const schema::Attribute& attribute = type.attributes[each.attribute];
    write_key(json, attribute.name);
    json.StartObject();
    write_value_members(json, model, attribute, each.value);
    write_key(json, "time");
    write_time(json, each.time);
    write_key(json, "role");
    write_text(json, schema::name_of(attribute.role));
    json.EndObject();
  }
  json.EndObject();
  write_key(json, "inputs");
  write_inputs(json, model, state.entity);
  if (!domain.empty()) {
    write_key(json, "domain");
    write_text(json, domain);
  }
  write_key(json, "position");
  json.Uint64(position);
  if (at) {
    write_key(json, "at");
    write_time(json, *at);
  }
  json.EndObject();
}

void write_change(JsonWriter& json, const schema::Model& model, const actors::Change& change) {
  const schema::Attribute& attribute = model.type_of(change.entity).attributes[change.attribute];
  json.StartObject();
  write_key(json, "entity");
  write_text(json, model.id(change.entity));
  write_key(json, "attribute");
  write_text(json, attribute.name);
  write_key(json, "revision");
  json.Bool(change.revision);
  write_key(json, "from");
  write_time(json, change.from);
  write_key(json, "to");
  write_time(json, change.to);
  write_key(json, "unit");
  write_text_or_null(json, attribute.spec.unit.text);
  write_key(json, "was");
  write_believed(json, model, change.was);
  write_key(json, "is");
  write_believed(json, model, change.is);
  json.EndObject();
}

void write_episode(JsonWriter& json, const schema::Model& model, const actors::Episode& episode) {
  json.StartObject();
  write_key(json, "constraint");
  write_text(json, model.id(episode.constraint));
  if (model.domain_count() > 1) {
    write_key(json, "domain");
    write_text(json, model.domain_name(model.domain_of(episode.constraint)));
  }
  write_key(json, "from");
  write_time(json, episode.from);
  write_key(json, "to");
  write_time(json, episode.to);
  json.EndObject();
}

std::string text_of(const JsonBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pollux::server
