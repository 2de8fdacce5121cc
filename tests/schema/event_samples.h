// A small model and random batches of events of it, for tests of everything that reads or writes events.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/unit.h"

namespace pollux::schema::samples {

inline Attribute attribute(std::string name, Role role, ValueType type, const char* unit = "") {
  Attribute made;
  made.name = std::move(name);
  made.role = role;
  made.spec.type = type;
  made.spec.unit = parse_unit(unit).value();
  return made;
}

/// What a test may want to be different from the ordinary model.
struct Variation {
  std::string name = "plant";
  std::string source_text = "version 1";
  std::string flow_unit = "L/s";
  std::string speed_name = "speed";
  Role running_role = Role::observed;
  std::string last_symbol = "auto";
  std::vector<std::string> sources = {"bms", "*"};
  std::string last_entity = "valve/7";
  int pumps = 5;
};

/// Entities pump-1 ... of type Pump (observed speed in [0, 100] %, flow, temp, running, mode; parameter
/// rated; derived load; memory since) and one Valve (observed position).
inline Model model(const Variation& variation = {}) {
  ModelBuilder builder(variation.name);
  builder.set_source_text(variation.source_text);
  EntityType pump;
  pump.name = "Pump";
  Attribute speed = attribute(variation.speed_name, Role::observed, ValueType::number, "%");
  speed.range = {0.0, 100.0};
  Attribute mode = attribute("mode", Role::observed, ValueType::symbol);
  mode.spec.symbols = {builder.intern("off"), builder.intern("manual"),
                       builder.intern(variation.last_symbol)};
  Attribute rated = attribute("rated", Role::parameter, ValueType::number, "L/s");
  rated.initial = Value::number(20);
  pump.attributes = {speed,
                     attribute("flow", Role::observed, ValueType::number, variation.flow_unit.c_str()),
                     attribute("temp", Role::observed, ValueType::number, "degC"),
                     attribute("running", variation.running_role, ValueType::boolean),
                     mode,
                     rated,
                     attribute("load", Role::derived, ValueType::number),
                     attribute("since", Role::memory, ValueType::number)};
  pump.operand_count = static_cast<std::uint16_t>(pump.attributes.size());
  EntityType valve;
  valve.name = "Valve";
  valve.attributes = {attribute("position", Role::observed, ValueType::number, "%")};
  valve.operand_count = 1;
  const TypeIndex pump_type = builder.add_type(pump);
  const TypeIndex valve_type = builder.add_type(valve);
  for (const std::string& source : variation.sources) builder.add_source({source});
  for (int i = 1; i <= variation.pumps; ++i) builder.add_entity("pump-" + std::to_string(i), pump_type);
  builder.add_entity(variation.last_entity, valve_type);
  return std::move(builder).build();
}

inline Value random_value(const Attribute& attribute, std::mt19937_64& random) {
  const auto quality = static_cast<Quality>(random() % 4);
  if (quality == Quality::bad) return Value::bad(attribute.spec.type, Reason::reported_by_source);
  const Reason reason = quality == Quality::good ? Reason::none : Reason::reported_by_source;
  switch (attribute.spec.type) {
    case ValueType::number:
      return Value::number(std::ldexp(static_cast<double>(random() % 100'000), int(random() % 40) - 30),
                           quality, reason);
    case ValueType::boolean:
      return Value::boolean(random() % 2 == 0, quality, reason);
    case ValueType::symbol:
      return Value::symbol(attribute.spec.symbols[random() % attribute.spec.symbols.size()], quality, reason);
  }
  return {};
}

/// Adds one event of a random entity with random values of its observed attributes.
inline void add_random_event(const Model& model, EventBatch& batch, std::mt19937_64& random) {
  const auto entity = static_cast<EntityIndex>(random() % model.entity_count());
  const auto source = static_cast<SourceIndex>(random() % model.sources().size());
  const bool undeclared = model.sources()[source].name == Model::kDefaultSource;
  const auto kind = random() % 4 == 0 ? static_cast<EventKind>(random() % 3) : EventKind::observe;
  const std::string named = kind == EventKind::observe ? "" : "named-" + std::to_string(random() % 1'000'000);
  Event& event =
      batch.add("event-" + std::to_string(random() % 1'000'000), static_cast<EventTime>(random() >> 2),
                source, kind == EventKind::retract ? kNone : entity,
                undeclared ? "meter-" + std::to_string(random() % 9) : "", named);
  event.kind = kind;
  event.sequence = random() % 3 == 0 ? random() : 0;
  if (kind == EventKind::retract) return;
  const EntityType& type = model.type_of(entity);
  for (AttributeSlot slot = 0; slot < type.attributes.size(); ++slot) {
    if (type.attributes[slot].role != Role::observed || random() % 2 == 0) continue;
    batch.values.push_back({slot, random_value(type.attributes[slot], random)});
    ++event.values_count;
  }
}

inline EpochRecord random_record(const Model& model, Position position, std::size_t events,
                                 std::mt19937_64& random) {
  EpochRecord record;
  record.position = position;
  record.clock = static_cast<EventTime>(random() >> 2);
  for (std::size_t i = 0; i < events; ++i) add_random_event(model, record.events, random);
  return record;
}

/// Everything an event says, by name, in one line: equal lines, equal events.
inline std::string text_of(const EventBatch& batch, const Event& event, const Model& model) {
  std::string line(batch.source_name(event, model));
  line += " " + std::string(batch.id(event)) + " ";
  if (event.kind != EventKind::observe)
    line += std::string(name_of(event.kind)) + " " + std::string(batch.named(event)) + " ";
  line += (event.entity == kNone ? "-" : model.id(event.entity)) + " " + std::to_string(event.time) + " " +
          std::to_string(event.sequence);
  for (const ReportedValue& reported : batch.values_of(event)) {
    const Value& value = reported.value;
    line += " " + model.type_of(event.entity).attributes[reported.attribute].name + "=";
    line += value.type == ValueType::symbol && value.usable()
                ? std::string(model.symbol_text(value.as_symbol()))
                : std::to_string(value.bits);
    line +=
        std::string("/") + name_of(value.type) + "/" + name_of(value.quality) + "/" + name_of(value.reason);
  }
  return line;
}

inline std::vector<std::string> text_of(const EventBatch& batch, const Model& model) {
  std::vector<std::string> lines;
  for (const Event& event : batch.events) lines.push_back(text_of(batch, event, model));
  return lines;
}

}  // namespace pollux::schema::samples
