// Rendering of the twin's words as JSON. Numbers are written in the fewest digits that read back to the same
// bits (at most 17), symbols as text, times as RFC 3339; what has no value is null.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <optional>
#include <string>
#include <string_view>

#include "actors/twin.h"
#include "schema/model/model.h"

namespace pollux::server {

using JsonBuffer = rapidjson::StringBuffer;
using JsonWriter = rapidjson::Writer<JsonBuffer>;

void write_text(JsonWriter& json, std::string_view text);
/// Null where `text` is empty.
void write_text_or_null(JsonWriter& json, std::string_view text);
void write_key(JsonWriter& json, std::string_view key);
/// Null for `kBeginning` and `kNever`.
void write_time(JsonWriter& json, schema::EventTime time);
/// REQUIRES: finite.
void write_number(JsonWriter& json, double number);
/// The payload alone; null where it is not usable.
void write_value(JsonWriter& json, const schema::Model& model, const schema::Value& value);

/// The members `value`, `unit`, `quality` and, where it is not good, `reason`; the caller opens the object.
void write_value_members(JsonWriter& json, const schema::Model& model, const schema::Attribute& attribute,
                         const schema::Value& value);

/// `{"id","type","kind","tags","attributes":{NAME:{"value","unit","quality","reason"?,"time","role"}},
/// "inputs":{NAME: "entity.attribute" | [...]},"domain"?,"position","at"?}`; `domain` where it is not empty.
void write_entity(JsonWriter& json, const schema::Model& model, const actors::EntityState& state,
                  schema::Position position, std::optional<schema::EventTime> at = {},
                  std::string_view domain = {});

/// `{"entity","attribute","revision","from","to","unit","was":{...},"is":{...}}`.
void write_change(JsonWriter& json, const schema::Model& model, const actors::Change& change);

/// `{"constraint","domain"?,"from","to"}`; an open episode ends at null, `domain` where there are several.
void write_episode(JsonWriter& json, const schema::Model& model, const actors::Episode& episode);

/// The finished text.
std::string text_of(const JsonBuffer& buffer);

}  // namespace pollux::server
