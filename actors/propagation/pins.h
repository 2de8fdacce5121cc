// Settled states that can still be read while the twin goes on.
#pragma once

#include <cstddef>
#include <map>

#include <tsl/robin_map.h>

#include "actors/episodes.h"
#include "actors/propagation/entity_image.h"
#include "schema/event/event.h"

namespace pollux::actors {

/// The pins of a domain. Opening one copies nothing: an entity keeps an image of itself just before it
/// changes for the first time after the newest pin, and one image serves every pin since its last change. So
/// a pin holds what has changed since and nothing else; what nobody pinned needs any more goes when the pin
/// does.
///
/// Belongs to the supervisor. Not thread-safe.
class Pins {
 public:
  /// More make each look at an old pin longer, for it goes through the newer ones.
  static constexpr std::size_t kPinsMax = 1'000;

  /// Pins what has settled now. REQUIRES: fewer than `kPinsMax` are held.
  PinNumber open(schema::Position position, schema::EventTime clock);
  /// Lets go of one that is held. Cost: the images that it holds.
  void release(PinNumber pin);

  /// The newest one held; 0 where none is. Whoever changes keeps an image for it first.
  PinNumber newest() const { return pins_.empty() ? 0 : pins_.rbegin()->first; }

  /// Takes in the image of an entity that changes for the first time since the newest pin.
  void keep(KeptImage kept);
  /// The same for a constraint's episodes, each time before they change; only the first time copies.
  void keep(schema::EntityIndex constraint, const Episodes& episodes);

  /// What an entity was at a pin; null where it has not changed since.
  const EntityImage* find(PinNumber pin, schema::EntityIndex entity) const;
  /// The episodes as they were at a pin. `now`: as they are now. Cost: a copy of all.
  Episodes episodes(PinNumber pin, const Episodes& now) const;
  schema::Position position(PinNumber pin) const { return pins_.at(pin).position; }
  schema::EventTime clock(PinNumber pin) const { return pins_.at(pin).clock; }

  std::size_t held() const { return pins_.size(); }
  /// Images of entities, and the memory that they take, in bytes.
  std::size_t images() const { return images_; }
  std::size_t bytes() const { return bytes_; }
  void check_invariants() const;

 private:
  template <class Image>
  struct Kept {
    PinNumber since = 0;  // the oldest pin for which it is right
    Image image;
  };
  struct Pin {
    schema::Position position = 0;
    schema::EventTime clock = schema::kBeginning;
    // What has changed between this pin and the next one, as it was.
    tsl::robin_map<schema::EntityIndex, Kept<EntityImagePtr>> entities;
    std::map<schema::EntityIndex, Kept<Episodes::OfConstraint>> episodes;
  };

  std::map<PinNumber, Pin> pins_;
  PinNumber last_ = 0;
  std::size_t images_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace pollux::actors
