#include "actors/supervision/source_book.h"

#include <limits>

namespace pollux::actors {

using schema::Event;
using schema::SourceIndex;

SourceBook::SourceBook(const schema::Model& model, DomainProbe& probe)
    : model_(model), sources_(probe.sources), undeclared_(std::numeric_limits<SourceIndex>::max()) {
  forget_all();
}

void SourceBook::forget_all() {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = model_.sources().size();
  sequences_ = std::vector<SequenceLog>(count);
  sources_ = std::vector<SourceProbe>(count);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].name = model_.sources()[i].name;
    sources_[i].newest_time_ns.set(schema::kBeginning);
    if (sources_[i].name == schema::Model::kDefaultSource) undeclared_ = static_cast<SourceIndex>(i);
  }
}

/// Numbers of many sources that share an entry would tell nothing, and neither would gaps between the
/// positions of another domain.
void SourceBook::follow(const Event& event) {
  if (event.source == undeclared_ || model_.sources()[event.source].carries) return;
  SequenceLog& log = sequences_[event.source];
  const std::scoped_lock lock(mutex_);
  if (log.add(event.sequence, event.time)) {
    sources_[event.source].sequence_highest.set(static_cast<std::int64_t>(log.highest()));
  } else {
    show(event.source);
  }
}

void SourceBook::show(SourceIndex source) const {
  SourceProbe& probe = sources_[source];
  const SequenceLog& log = sequences_[source];
  probe.sequence_highest.set(static_cast<std::int64_t>(log.highest()));
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

void SourceBook::save(ByteWriter& out) const {
  const std::scoped_lock lock(mutex_);
  out.number(sources_.size());
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    out.text(sources_[i].name);
    out.number(sources_[i].accepted.value());
    out.fixed(static_cast<std::uint64_t>(sources_[i].newest_time_ns.value()));
    sequences_[i].save(out);
  }
}

bool SourceBook::load(ByteReader& in) {
  const std::scoped_lock lock(mutex_);
  if (in.number() != sources_.size()) return false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    SourceProbe& probe = sources_[i];
    if (in.text() != probe.name) return false;
    probe.accepted.add_alone(in.number() - probe.accepted.value());
    probe.newest_time_ns.set(static_cast<std::int64_t>(in.fixed()));
    if (!sequences_[i].load(in)) return false;
    show(static_cast<SourceIndex>(i));
  }
  return in.ok() && in.at_end();
}

void SourceBook::check_invariants() const {
  const std::scoped_lock lock(mutex_);
  for (const SequenceLog& log : sequences_) log.check_invariants();
}

}  // namespace pollux::actors
