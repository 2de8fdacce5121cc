// Resources and their claimants as people at a counter: a line, and those who are being served.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "schema/history.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::sim {

class Queue {
 public:
  explicit Queue(std::size_t claimants) : served_(claimants), waited_(claimants, 0) {}

  /// Times in ascending order, the beginning first.
  void move_to(schema::EventTime at, const schema::Value& capacity, const std::vector<schema::Value>& claims);

  /// In use, waiting, then each claimant's place.
  std::vector<schema::Value> values() const;

 private:
  struct InLine {
    std::size_t who;
    schema::EventTime since;
  };
  std::deque<InLine> line_;
  std::vector<bool> served_;
  std::vector<schema::Duration> waited_;
  bool sure_ = true;
};

/// From a claimant's place: whether it is served, whether it waits, how long it waited last.
void follow_answer(const std::vector<schema::Version>& places, std::vector<schema::Version>* results);

}  // namespace pollux::sim
