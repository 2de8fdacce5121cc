// Asking for memory ahead of its use: what an entity will read lies all over a large twin, and a processor
// that waits for one line after another does little else.
#include <span>

#include "actors/propagation/entity.h"

namespace pollux::actors {

void Entity::fetch_directories() const {
  for (const InboxSlot& slot : std::span(inbox_, inbox_size_)) {
    if (slot.empty() || slot.intervals == nullptr) continue;
    for (const Timeline& timeline : std::span(timelines_, type_->attributes.size()))
      timeline.fetch_directory();
    for (const InboxSlot& other : std::span(inbox_, inbox_size_)) {
      if (!other.empty() || other.member == schema::kNone) other.timeline->fetch_directory();
    }
    return;
  }
}

/// Single inputs are looked at wherever any of them differs, members of a many-input where they do
/// themselves.
void Entity::fetch_past() const {
  const std::span own(timelines_, type_->attributes.size());
  const std::span inbox(inbox_, inbox_size_);
  for (const InboxSlot& slot : inbox) {
    if (slot.empty() || slot.intervals == nullptr) continue;
    for (const Interval& interval : *slot.intervals) {
      for (const Timeline& timeline : own) timeline.fetch(interval.from);
      slot.timeline->fetch(interval.from);
      for (const InboxSlot& other : inbox) {
        if (other.member != schema::kNone) break;
        if (&other != &slot) other.timeline->fetch(interval.from);
      }
    }
  }
}

}  // namespace pollux::actors
