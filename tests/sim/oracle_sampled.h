// `sample: latest`, told naively from the epochs of a journal: what counts of an attribute, and when it was
// heard of.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::sim {

class Sampled {
 public:
  /// `epoch_ends`: of the events in the order of the journal, how many there were when each epoch ended.
  Sampled(const schema::Model& model, const schema::EventBatch& events,
          const std::vector<std::size_t>& epoch_ends);

  bool passed_over(std::ptrdiff_t event, schema::AttributeSlot attribute) const {
    return passed_over_.contains({event, attribute});
  }
  /// When a value falls silent that was reported at `report`.
  schema::EventTime silent_after(schema::EntityIndex entity, schema::AttributeSlot attribute,
                                 schema::EventTime report, schema::Duration expect_every) const;

 private:
  using Place = std::pair<schema::EntityIndex, schema::AttributeSlot>;

  std::set<std::pair<std::ptrdiff_t, schema::AttributeSlot>> passed_over_;
  std::map<Place, std::vector<std::pair<schema::EventTime, schema::EventTime>>> heard_;
};

}  // namespace pollux::sim
