// What an epoch is about in event time.
#pragma once

#include "actors/propagation/entity_image.h"
#include "schema/time.h"

namespace pollux::actors {

/// How far an epoch moves the twin's clock, and what it may still revise.
struct EpochTimes {
  schema::EventTime before = schema::kBeginning;   ///< The clock when the epoch began.
  schema::EventTime clock = schema::kBeginning;    ///< The clock it settles at; never before `before`.
  schema::EventTime horizon = schema::kBeginning;  ///< Nothing before it changes in this epoch.
  /// Nothing before it can change any more.
  schema::EventTime final_before = schema::kBeginning;
  PinNumber pinned = 0;  ///< The newest pin held; see `Entity::keep_for`.
  /// Whether what no reader is shown is recorded too, for events that reach back further than memory.
  bool remember = false;
};

/// A span of event time, `to` exclusive; empty where `from` is `kNever`.
struct Interval {
  schema::EventTime from = schema::kNever;
  schema::EventTime to = schema::kNever;

  bool empty() const { return from == schema::kNever; }
};

}  // namespace pollux::actors
