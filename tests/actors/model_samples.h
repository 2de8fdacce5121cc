// Models from small texts, and events by name.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "schema/event/event.h"
#include "schema/model/model.h"
#include "schema/model/model_file.h"

namespace pollux::actors::samples {

inline std::shared_ptr<const schema::Model> load(std::string_view yaml) {
  auto loaded = schema::load_model(yaml, "test.yaml");
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    ADD_FAILURE() << errors->text();
    std::abort();
  }
  return std::make_shared<const schema::Model>(std::move(std::get<schema::Model>(loaded)));
}

/// Where `ENTITY.ATTRIBUTE` is.
struct Place {
  schema::EntityIndex entity = schema::kNone;
  schema::AttributeSlot attribute = schema::kNoSlot;
};
inline Place find(const schema::Model& model, std::string_view name) {
  const std::size_t dot = name.find('.');
  const schema::EntityIndex entity = model.find_entity(name.substr(0, dot));
  if (entity == schema::kNone) std::abort();
  return {entity, model.type_of(entity).find_attribute(name.substr(dot + 1))};
}

/// Adds an event that reports one value of `ENTITY.ATTRIBUTE`, from the first source unless said.
inline void report(schema::EventBatch& batch, const schema::Model& model, std::string_view id,
                   schema::EventTime time, std::string_view name, const schema::Value& value,
                   schema::SourceIndex source = 0) {
  const Place place = find(model, name);
  schema::Event& event = batch.add(id, time, source, place.entity);
  batch.values.push_back({place.attribute, value});
  event.values_count = 1;
}
inline void report(schema::EventBatch& batch, const schema::Model& model, std::string_view id,
                   schema::EventTime time, std::string_view name, double value,
                   schema::SourceIndex source = 0) {
  report(batch, model, id, time, name, schema::Value::number(value), source);
}

}  // namespace pollux::actors::samples
