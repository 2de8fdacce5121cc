// From whole explanations to the part a person wants: how a violated constraint follows from its causes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/cli/watch/picture.h"

namespace pollux::server::cli {

/// One line of a shortened explanation.
struct CauseLine {
  std::size_t depth = 0;  ///< 0: a direct input of the constraint.
  std::string name;       ///< `entity.attribute`.
  ShownValue value;
  std::vector<std::string> also_violated;  ///< Other violated constraints that watch this value directly.
  bool more = false;                       ///< What it was made from is left out.
};

/// Why one constraint is violated.
struct CauseStory {
  std::string constraint;
  std::vector<CauseLine> lines;
  /// `constraint <- entity.attribute <- ... <- root`: the longest way to a value that a more specific
  /// violated constraint watches; just the constraint where there is none.
  std::vector<std::string> chain;
};

/// Shortens `explanations[which]`. Another violated constraint is more specific when the entities it depends
/// on are fewer and all among those of this one; the ways that lead to what such a constraint watches are
/// kept whole. Without one, two levels are shown. Parameters are not shown: they did not change.
CauseStory tell(const std::vector<ShownCause>& explanations, std::size_t which);

/// The same for all of them, the most specific first: the likeliest root stands at the top.
std::vector<CauseStory> tell_all(const std::vector<ShownCause>& explanations);

}  // namespace pollux::server::cli
