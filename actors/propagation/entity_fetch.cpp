// Asking for memory ahead of its use: what an entity will read lies all over a large twin, and a processor
// that waits for one line after another does little else.
#include <algorithm>

#include "actors/propagation/entity.h"

namespace pollux::actors {

using schema::AttributeSlot;

/// Single inputs are looked at wherever any of them differs, members of a many-input where they do
/// themselves.
void Entity::fetch_due() const {
  for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) timelines_[a].fetch_end();
  for (const InboxSlot* slot = inbox_; slot != inbox_ + inbox_size_; ++slot) {
    if (slot->empty() || slot->intervals == nullptr) continue;
    for (const Interval& interval : *slot->intervals) {
      for (AttributeSlot a = 0; a < type_->attributes.size(); ++a) timelines_[a].fetch(interval.from);
      slot->timeline->fetch(interval.from);
      for (const InboxSlot* other = inbox_; other != inbox_ + inbox_size_ && other->member == schema::kNone;
           ++other) {
        if (other != slot) other->timeline->fetch(interval.from);
      }
    }
  }
}

}  // namespace pollux::actors
