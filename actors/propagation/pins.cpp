#include "actors/propagation/pins.h"

#include <algorithm>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::EntityIndex;

std::size_t EntityImage::bytes() const {
  std::size_t bytes = sizeof(EntityImage) + versions.capacity() * sizeof(Version) +
                      ends.capacity() * sizeof ends[0] + observed.capacity() * sizeof(Observed);
  for (const Observed& each : observed)
    bytes += (each.standing.capacity() + each.withdrawn.capacity()) * sizeof(Observation) +
             each.heard.capacity() * sizeof(Heard);
  return bytes;
}

PinNumber Pins::open(schema::Position position, schema::EventTime clock) {
  POLLUX_ASSERT(pins_.size() < kPinsMax);
  pins_.emplace(++last_, Pin{position, clock, {}, {}});
  return last_;
}

/// What an older pin needs as well becomes that one's; the rest is nobody's.
void Pins::release(PinNumber pin) {
  const auto at = pins_.find(pin);
  POLLUX_ASSERT(at != pins_.end(), "only what is held is released");
  Pin released = std::move(at->second);
  const auto next = pins_.erase(at);
  const bool is_oldest = next == pins_.begin();
  const PinNumber older = is_oldest ? 0 : std::prev(next)->first;
  for (auto& [entity, kept] : released.entities) {
    if (kept.since <= older) {
      std::prev(next)->second.entities.emplace(entity, kept);
    } else {
      --images_;
      bytes_ -= kept.image->bytes();
    }
  }
  for (auto& [constraint, kept] : released.episodes) {
    if (kept.since <= older) std::prev(next)->second.episodes.emplace(constraint, std::move(kept));
  }
}

void Pins::keep(KeptImage kept) {
  ++images_;
  bytes_ += kept.image->bytes();
  const bool is_new =
      pins_.rbegin()
          ->second.entities.emplace(kept.entity, Kept<EntityImagePtr>{kept.since, std::move(kept.image)})
          .second;
  POLLUX_ASSERT(is_new, "an entity keeps one image for a pin");
}

void Pins::keep(EntityIndex constraint, const Episodes& episodes) {
  if (pins_.empty() || pins_.rbegin()->second.episodes.contains(constraint)) return;
  const auto last = std::find_if(pins_.rbegin(), pins_.rend(),
                                 [&](const auto& pin) { return pin.second.episodes.contains(constraint); });
  const PinNumber since = last == pins_.rend() ? 1 : last->first + 1;
  pins_.rbegin()->second.episodes.emplace(
      constraint, Kept<Episodes::OfConstraint>{since, episodes.of_constraint(constraint)});
}

const EntityImage* Pins::find(PinNumber pin, EntityIndex entity) const {
  for (auto at = pins_.find(pin); at != pins_.end(); ++at) {
    const auto kept = at->second.entities.find(entity);
    if (kept != at->second.entities.end()) return kept->second.image.get();
  }
  return nullptr;
}

Episodes Pins::episodes(PinNumber pin, const Episodes& now) const {
  Episodes then = now;
  // From the newest back, so that what was kept first after the pin wins.
  for (auto at = pins_.rbegin(); at != pins_.rend() && at->first >= pin; ++at) {
    for (const auto& [constraint, kept] : at->second.episodes) then.replace(constraint, kept.image);
  }
  return then;
}

void Pins::check_invariants() const {
  std::size_t images = 0;
  std::size_t bytes = 0;
  PinNumber older = 0;
  for (const auto& [number, pin] : pins_) {
    for (const auto& [entity, kept] : pin.entities) {
      POLLUX_ASSERT(kept.since <= number, "an image is right for the pin that holds it");
      POLLUX_ASSERT(older == 0 || kept.since > older || !pins_.at(older).entities.contains(entity),
                    "a pin holds one image of an entity");
      ++images;
      bytes += kept.image->bytes();
    }
    older = number;
  }
  POLLUX_ASSERT(images == images_ && bytes == bytes_, "images are counted");
}

}  // namespace pollux::actors
