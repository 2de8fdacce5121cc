// What both ways of running an entity need.
#pragma once

#include "actors/propagation/entity.h"

namespace pollux::actors {

/// Puts a sender's value in the unit of the input into `to`: copied whole where it is the same unit. A value
/// taken apart on its way is written in parts, and whoever then copies it whole waits until every store
/// before has reached the cache.
inline void put_converted(schema::Value& to, const schema::Value& value,
                          const schema::Conversion* conversion) {
  if (conversion == nullptr || !value.usable()) {
    to = value;
  } else {
    to = schema::Value::number((*conversion)(value.as_number()), value.quality, value.reason);
  }
}

inline schema::Value converted(const schema::Value& value, const schema::Conversion* conversion) {
  schema::Value result;
  put_converted(result, value, conversion);
  return result;
}

}  // namespace pollux::actors
