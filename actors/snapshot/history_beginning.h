// What a history begins with that is made anew from a snapshot: what held at its position.
#pragma once

#include <cstddef>

#include "actors/change.h"
#include "actors/supervision/domain_parts.h"

namespace pollux::actors {

/// Tells, portion by portion, what every attribute is that ever changed, and since when; and what was told of
/// observed ones and may still be asked for, where the history keeps the background. REQUIRES: a snapshot has
/// just been put back, and nothing has run since. `parts` outlives it.
class HistoryBeginning {
 public:
  HistoryBeginning(const DomainParts& parts, bool background) : parts_(parts), background_(background) {}

  /// Nothing when all has been told. As of `History::begin_at`.
  EpochChangesPtr next();

 private:
  /// So many that a portion is a few MiB.
  static constexpr std::size_t kEntitiesAPortion = 10'000;

  void tell_values(const Entity& entity, std::vector<Change>& values) const;
  void tell_words(const Entity& entity, Background& background) const;

  const DomainParts& parts_;
  const bool background_;
  std::size_t next_ = 0;
};

}  // namespace pollux::actors
