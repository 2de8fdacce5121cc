// Events of a model of several domains, by domain.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "actors/supervision/admission.h"
#include "schema/event/event.h"
#include "schema/model/division.h"

namespace pollux::actors {

/// Events of the undivided model, each with the domain of its entity, in their order. A correction or
/// retraction goes to every domain, for the event it names may lie in any; where it has no entity it says
/// nothing but that the event it names does not count.
class EventDivision {
 public:
  /// `divided` must outlive it.
  explicit EventDivision(const schema::DividedModel& divided);

  struct Parts {
    std::vector<schema::EventBatch> batches;            ///< By domain.
    std::vector<std::vector<std::uint32_t>> originals;  ///< By domain: which of the whole each event was.
  };
  Parts divide(const schema::EventBatch& whole) const;

  /// What became of each event of the whole, from what became of its parts: a part that was not taken counts
  /// most, then one that was.
  static std::vector<EventOutcome> merge(std::size_t events, const Parts& parts,
                                         std::span<const std::vector<EventOutcome>> outcomes);

 private:
  void add(const schema::EventBatch& whole, std::uint32_t index, schema::DomainIndex domain,
           Parts& parts) const;

  const schema::DividedModel& divided_;
  std::vector<schema::EntityIndex> stand_ins_;  // by domain: an entity that events speak of, or none
};

}  // namespace pollux::actors
