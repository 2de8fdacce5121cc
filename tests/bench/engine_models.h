// Models of a given shape and size for benchmarks of the engine, made in code from types given as text.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::bench {

/// A model and the entities that events are for: each has one observed number, `x`, in slot 0.
struct Bench {
  std::shared_ptr<const schema::Model> model;
  std::vector<schema::EntityIndex> sources;

  /// One event for each of `count` sources from `first` on, at `time` and then each `apart` after the one
  /// before, with values that differ from round to round.
  schema::EventBatch round(std::size_t round, std::size_t first, std::size_t count, schema::EventTime time,
                           schema::Duration apart = 0) const;
};

/// `width` sources above `rows` rows of nodes 0.5 * (a + b) + 1, each fed by two neighbours of the row above.
Bench lattice(std::size_t width, std::size_t rows, schema::Duration lateness = 10 * schema::kSecond);
/// One source, then `length` nodes one after another.
Bench chain(std::size_t length);
/// One source with `width` dependents.
Bench fan_out(std::size_t width);
/// `width` sources summed by one entity.
Bench fan_in(std::size_t width);
/// `sources` sources and `nodes` nodes, each fed by two entities chosen at random before it (seeded), near or
/// far.
Bench random_graph(std::size_t sources, std::size_t nodes);

}  // namespace pollux::bench
