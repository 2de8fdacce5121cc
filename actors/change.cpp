#include "actors/change.h"

#include <algorithm>
#include <tuple>

namespace pollux::actors {

const std::vector<Change>& EpochChanges::changes() const {
  std::call_once(sorted_, [this] {
    std::ranges::stable_sort(changes_, [](const Change& a, const Change& b) {
      return std::tie(a.entity, a.attribute, a.from) < std::tie(b.entity, b.attribute, b.from);
    });
  });
  return changes_;
}

}  // namespace pollux::actors
