// Random twins of several domains.
#pragma once

#include <string>

#include "tests/sim/random_twin.h"

namespace pollux::sim {

/// A random model whose entities lie in two or three domains `d0`, `d1`, ... at random; what would be bound
/// across their borders comes through links. Each domain has an entity `kN` (attribute `o9`) that nothing
/// reads, so that every clock can be moved.
std::string random_divided_model(Random& random);

/// Fills in events and deliveries as `random_events`, and one event in each domain at `kLastTime`, later than
/// all others.
void random_divided_events(Random& random, const schema::Model& model, RandomCase& into);
inline constexpr schema::EventTime kLastTime = 120 * schema::kSecond;

}  // namespace pollux::sim
