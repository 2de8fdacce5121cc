// The operators that look back in time, made out of whole courses of values and of their definitions alone.
#pragma once

#include <vector>

#include "schema/step/temporal.h"
#include "schema/time.h"
#include "schema/value.h"

namespace pollux::sim {

schema::Value value_at(const std::vector<schema::Version>& course, schema::EventTime at);

/// Fills `results[0]`, and the memory behind it, up to `clock`.
void follow_temporal(const schema::Temporal& temporal, const std::vector<schema::Version>& argument,
                     schema::EventTime clock, std::vector<schema::Version>* results);

}  // namespace pollux::sim
