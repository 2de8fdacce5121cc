#include "actors/change.h"

#include <algorithm>
#include <tuple>

namespace pollux::actors {

const std::vector<Change>& EpochChanges::changes() const {
  const auto earlier = [](const Change& a, const Change& b) {
    return std::tie(a.entity, a.attribute, a.from) < std::tie(b.entity, b.attribute, b.from);
  };
  std::call_once(ordered_once_, [&] {
    if (std::ranges::is_sorted(recorded_, earlier)) return;
    ordered_ = recorded_;
    std::ranges::sort(ordered_, earlier);
  });
  return ordered_.empty() ? recorded_ : ordered_;
}

}  // namespace pollux::actors
