#include "actors/source_book.h"

#include <algorithm>
#include <limits>

namespace pollux::actors {

using schema::Event;
using schema::SourceIndex;

SourceBook::SourceBook(const schema::Model& model, DomainProbe& probe)
    : sources_(probe.sources),
      undeclared_(std::numeric_limits<SourceIndex>::max()),
      carried_from_(std::numeric_limits<SourceIndex>::max()),
      sequences_(model.sources().size()) {
  sources_ = std::vector<SourceProbe>(model.sources().size());
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].name = model.sources()[i].name;
    sources_[i].newest_time_ns.set(schema::kBeginning);
    const auto index = static_cast<SourceIndex>(i);
    if (sources_[i].name == schema::Model::kDefaultSource) undeclared_ = index;
    if (model.sources()[i].carries) carried_from_ = std::min(carried_from_, index);
  }
}

/// Numbers of many sources that share an entry would tell nothing, and neither would gaps between the
/// positions of another domain.
void SourceBook::follow(const Event& event) {
  if (event.source == undeclared_ || event.source >= carried_from_) return;
  SourceProbe& probe = sources_[event.source];
  SequenceLog& log = sequences_[event.source];
  const std::scoped_lock lock(mutex_);
  const bool in_turn = log.add(event.sequence, event.time);
  probe.sequence_highest.set(static_cast<std::int64_t>(log.highest()));
  if (in_turn) return;
  probe.sequence_missing.set(static_cast<std::int64_t>(log.missing()));
  probe.sequence_gaps.set(static_cast<std::int64_t>(log.gaps()));
  probe.sequence_lost.set(static_cast<std::int64_t>(log.lost()));
  probe.sequence_restarts.set(static_cast<std::int64_t>(log.restarts()));
}

void SourceBook::kept_out(const Event& event, EventOutcome outcome) {
  SourceProbe& source = sources_[event.source];
  switch (outcome) {
    case EventOutcome::accepted:
      break;
    case EventOutcome::duplicate:
      source.duplicates.add_alone();
      break;
    case EventOutcome::too_late:
      source.too_late.add_alone();
      break;
    case EventOutcome::from_the_future:
      source.from_the_future.add_alone();
      break;
    case EventOutcome::poison:
      source.poison.add_alone();
      break;
    case EventOutcome::refused:
      source.refused.add_alone();
      break;
  }
}

std::vector<SequenceLog::Range> SourceBook::missing(SourceIndex source) const {
  const std::scoped_lock lock(mutex_);
  return sequences_[source].ranges();
}

void SourceBook::check_invariants() const {
  const std::scoped_lock lock(mutex_);
  for (const SequenceLog& log : sequences_) log.check_invariants();
}

}  // namespace pollux::actors
