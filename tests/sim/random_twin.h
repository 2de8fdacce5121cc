// Random models, events and deliveries, each a function of a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::sim {

using Random = std::mt19937_64;

/// What a random case consists of.
struct RandomCase {
  std::uint64_t seed = 0;
  std::string model_text;                      ///< YAML.
  schema::EventBatch events;                   ///< Distinct events, by time.
  std::vector<schema::EventBatch> deliveries;  ///< All of them, in disorder, some twice, in batches.
};

/// A model file with entities of random types, wired at random.
std::string random_model(Random& random);

/// Fills in events and deliveries for `model`.
void random_events(Random& random, const schema::Model& model, RandomCase& into);

}  // namespace pollux::sim
