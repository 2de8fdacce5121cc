// A plant of pumps and what they report, for benchmarks of what is durable.
#pragma once

#include <memory>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::bench {

inline constexpr int kPumps = 2'000;
inline constexpr int kBatchEvents = 1'000;

/// Each pump has a speed, a flow that follows from it, and a constraint on that.
std::shared_ptr<const schema::Model> plant();

/// Every pump reports once a second, an arbitrary number; one in ten reports comes two seconds late.
schema::EventBatch batch(const schema::Model& model, int number);

}  // namespace pollux::bench
