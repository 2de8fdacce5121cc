// What both ways of running an entity need.
#pragma once

#include "actors/propagation/entity.h"

namespace pollux::actors {

/// A sender's value in the unit of the input.
inline schema::Value converted(const schema::Value& value, const schema::Conversion* conversion) {
  if (conversion == nullptr || !value.usable()) return value;
  return schema::Value::number((*conversion)(value.as_number()), value.quality, value.reason);
}

}  // namespace pollux::actors
