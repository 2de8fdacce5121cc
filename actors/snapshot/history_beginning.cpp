#include "actors/snapshot/history_beginning.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace pollux::actors {

using schema::AttributeSlot;

EpochChangesPtr HistoryBeginning::next() {
  if (next_ == parts_.entities.size()) return nullptr;
  const std::size_t end = std::min(next_ + kEntitiesAPortion, parts_.entities.size());
  std::vector<Change> values;
  Background background;
  for (; next_ < end; ++next_) {
    tell_values(*parts_.entities[next_], values);
    if (background_) tell_words(*parts_.entities[next_], background);
  }
  return std::make_shared<const EpochChanges>(parts_.position, parts_.clock, std::move(values),
                                              std::move(background));
}

/// What never changed is what it was from the beginning, and readers know that by there being nothing.
void HistoryBeginning::tell_values(const Entity& entity, std::vector<Change>& values) const {
  const auto& attributes = entity.type().attributes;
  for (AttributeSlot a = 0; a < attributes.size(); ++a) {
    if (attributes[a].role == schema::Role::memory && !background_) continue;
    const Timeline& timeline = entity.timeline(a);
    const Version& last = timeline.last();
    if (last.from == schema::kBeginning) continue;
    Change value{entity.index(), a, false, last.from, schema::kNever, {}, last.value};
    const Timeline::Place place = timeline.place_at(last.from);
    if (place != Timeline::Place{}) value.was = timeline[timeline.before(place)].value;
    values.push_back(value);
  }
}

void HistoryBeginning::tell_words(const Entity& entity, Background& background) const {
  const EntityImage image = entity.image();
  for (AttributeSlot a = 0; a < image.observed.size(); ++a) {
    const auto tell = [&](Word::What what, const Observation& said, schema::EventTime to) {
      background.words.push_back({entity.index(), a, what, said, to});
    };
    for (const Observation& said : image.observed[a].standing) tell(Word::What::stands, said, schema::kNever);
    for (const Heard& heard : image.observed[a].heard) {
      Observation since;
      since.time = heard.from;
      tell(Word::What::heard, since, heard.to);
    }
  }
}

}  // namespace pollux::actors
