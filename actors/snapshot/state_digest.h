// A hash of settled state that is the same in whatever order its parts are added.
#pragma once

#include <string>

#include "actors/propagation/timeline.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// A sum of 128-bit hashes, one an attribute. Not thread-safe; parts can be summed up apart and added.
class StateDigest {
  __extension__ using uint128 = unsigned __int128;

 public:
  /// `time`: when an observed attribute was last reported; of others, since when the value holds.
  void add(const schema::Model& model, schema::EntityIndex entity, schema::AttributeSlot attribute,
           const Version& last, schema::EventTime time);
  void add(const StateDigest& other) { sum_ += other.sum_; }

  /// 128 bits, lower-case.
  std::string hex() const;

 private:
  uint128 sum_ = 0;
  std::string bytes_;  // reused
};

}  // namespace pollux::actors
