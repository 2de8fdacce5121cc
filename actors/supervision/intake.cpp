#include "actors/supervision/intake.h"

#include <array>
#include <utility>

#include "schema/assert.h"
#include "schema/time.h"

namespace pollux::actors {

using schema::Event;
using schema::EventBatch;
using schema::EventTime;
using schema::QuarantineReason;
using schema::Result;
using Verdict = QuarantineVerdict;

namespace {

constexpr std::size_t kOutcomeCount = static_cast<std::size_t>(EventOutcome::refused) + 1;

QuarantineReason reason_of(EventOutcome outcome) {
  switch (outcome) {
    case EventOutcome::from_the_future:
      return QuarantineReason::from_the_future;
    case EventOutcome::poison:
      return QuarantineReason::poison;
    default:
      return QuarantineReason::too_late;
  }
}

std::size_t bytes_of(const EventBatch& batch) {
  return batch.events.size() * sizeof(Event) + batch.values.size() * sizeof(schema::ReportedValue) +
         batch.text.size();
}

/// What an earlier decision on a number means for a new one.
Verdict after_decision(std::uint64_t number, bool admits, bool was_admitted, schema::Position position) {
  if (admits == was_admitted) {
    return {number, was_admitted ? Verdict::Outcome::admitted : Verdict::Outcome::discarded, position, ""};
  }
  return {number, Verdict::Outcome::refused, 0,
          was_admitted ? "it was admitted" +
                             (position == 0 ? std::string() : " at position " + std::to_string(position)) +
                             "; an event that retracts it withdraws it"
                       : "it was discarded; send it again under another id if it is to count"};
}

}  // namespace

const char* name_of(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::admitted:
      return "admitted";
    case Verdict::Outcome::discarded:
      return "discarded";
    case Verdict::Outcome::duplicate:
      return "duplicate";
    case Verdict::Outcome::refused:
      return "refused";
    case Verdict::Outcome::unknown:
      return "unknown";
  }
  return "?";
}

Intake::Intake(const schema::Model& model, const Journal& journal, Admission& admission, SourceBook& sources,
               DomainProbe& probe, const QuarantineLimits& limits)
    : model_(model),
      journal_(journal),
      admission_(admission),
      sources_(sources),
      probe_(probe),
      limits_(limits) {
  probe_.quarantine_events_max.set(static_cast<std::int64_t>(limits.events_max));
  probe_.quarantine_bytes_max.set(static_cast<std::int64_t>(limits.bytes_max));
  measure_quarantine();
}

void Intake::begin_epoch(EventTime now) {
  admission_.begin_epoch(now);
  set_aside_.clear();
  set_aside_bytes_ = 0;
  decided_.clear();
}

Result<std::vector<EventOutcome>> Intake::take(EventBatch batch, schema::EpochRecord& record,
                                               QuarantineChanges& quarantine) {
  POLLUX_ASSERT(batch.keys.size() == batch.events.size(), "the batch knows its identities");
  if (auto looked_up = admission_.look_up(batch); !looked_up.ok()) return looked_up.error();
  std::vector<EventOutcome> outcomes(batch.events.size());
  std::array<std::uint64_t, kOutcomeCount> counts{};
  std::size_t copied = 0;  // and what follows, up to here, is accepted
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    outcomes[i] = judge(batch, i, quarantine);
    ++counts[static_cast<std::size_t>(outcomes[i])];
    if (outcomes[i] == EventOutcome::accepted) {
      sources_.accepted(batch.events[i]);
      continue;
    }
    sources_.kept_out(batch.events[i], outcomes[i]);
    record.events.append(batch, copied, i - copied);
    copied = i + 1;
  }
  if (copied == 0 && record.events.events.empty()) {
    record.events = std::move(batch);
  } else {
    record.events.append(batch, copied, batch.events.size() - copied);
  }
  const std::array<Counter*, kOutcomeCount> counters = {
      &probe_.events_accepted,        &probe_.events_duplicate, &probe_.events_too_late,
      &probe_.events_from_the_future, &probe_.events_poison,    &probe_.events_refused};
  for (std::size_t i = 0; i < kOutcomeCount; ++i) counters[i]->add(counts[i]);
  return outcomes;
}

EventOutcome Intake::judge(const EventBatch& batch, std::size_t i, QuarantineChanges& quarantine) {
  const Event& event = batch.events[i];
  const schema::EventKey& key = batch.keys[i];
  const QuarantineIndex& index = journal_.quarantine_index();
  const auto aside = index.empty() ? std::nullopt : index.find(key);
  const auto decided = aside ? decided_.find(aside->number) : decided_.end();
  const bool discarded = aside && (aside->discarded || (decided != decided_.end() &&
                                                        decided->second == QuarantineIndex::Fate::discarded));
  if (discarded) return EventOutcome::duplicate;

  const EventOutcome outcome = admission_.admit(key, event, schema::named_key(batch, event, model_));
  if (outcome == EventOutcome::duplicate) return outcome;
  if (outcome == EventOutcome::accepted) {
    // It was set aside once, and by now it is in time: the copy in quarantine has had its day.
    if (aside && decided == decided_.end()) leave(aside->number, true, quarantine);
    return outcome;
  }
  // What was set aside before, or accepted too long ago to be remembered here, is known to the journal; what
  // this epoch sets aside will be.
  if (aside || set_aside_.contains(key) || journal_.holds(key)) return EventOutcome::duplicate;
  return set_aside(batch, i, outcome, quarantine);
}

EventOutcome Intake::set_aside(const EventBatch& batch, std::size_t i, EventOutcome outcome,
                               QuarantineChanges& quarantine) {
  QuarantinedEvent event{0, reason_of(outcome), admission_.clock(), {}};
  event.event.append(batch, batch.events[i]);
  const std::size_t bytes = bytes_of(event.event);
  const QuarantineIndex::Size waiting = journal_.quarantine_index().size();
  if (waiting.total() + quarantine.set_aside.size() >= limits_.events_max ||
      waiting.bytes + set_aside_bytes_ + bytes > limits_.bytes_max) {
    return EventOutcome::refused;
  }
  set_aside_.insert(batch.keys[i]);
  set_aside_bytes_ += bytes;
  quarantine.set_aside.push_back(std::move(event));
  return outcome;
}

void Intake::leave(std::uint64_t number, bool admitted, QuarantineChanges& quarantine) {
  quarantine.exits.push_back({number, admitted});
  decided_.emplace(number, admitted ? QuarantineIndex::Fate::admitted : QuarantineIndex::Fate::discarded);
  (admitted ? probe_.quarantine_admitted : probe_.quarantine_discarded).add();
}

Result<std::vector<Verdict>> Intake::decide(const Submission& wanted, schema::EpochRecord& record,
                                            QuarantineChanges& quarantine) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(wanted.numbers.size());
  for (const std::uint64_t number : wanted.numbers) {
    Result<Verdict> verdict = decide_one(number, wanted.admits, record, quarantine);
    if (!verdict.ok()) return std::move(verdict).error();
    verdicts.push_back(std::move(verdict).value());
  }
  return verdicts;
}

Result<Verdict> Intake::decide_one(std::uint64_t number, bool admits, schema::EpochRecord& record,
                                   QuarantineChanges& quarantine) {
  using Fate = QuarantineIndex::Fate;
  QuarantineIndex::State state = journal_.quarantine_index().state_of(number);
  if (const auto decided = decided_.find(number); decided != decided_.end()) state = {decided->second, 0};
  switch (state.fate) {
    case Fate::unknown:
      return Verdict{number, Verdict::Outcome::unknown, 0, ""};
    case Fate::admitted:
    case Fate::discarded:
      return after_decision(number, admits, state.fate == Fate::admitted, state.position);
    case Fate::waiting:
      break;
  }
  if (admits) return admit(number, record, quarantine);
  leave(number, false, quarantine);
  return Verdict{number, Verdict::Outcome::discarded, 0, ""};
}

Result<Verdict> Intake::admit(std::uint64_t number, schema::EpochRecord& record,
                              QuarantineChanges& quarantine) {
  auto page = journal_.quarantine(number, 1);
  if (!page.ok()) return page.error();
  const bool gone = page->empty() || page->front().number != number;
  if (gone) return Verdict{number, Verdict::Outcome::unknown, 0, ""};
  QuarantinedEvent& found = page->front();
  if (!found.why.empty()) return Verdict{number, Verdict::Outcome::refused, 0, found.why};
  found.event.identify(model_);
  const Event& event = found.event.events.front();
  const schema::EventKey key = found.event.keys.front();
  if (auto looked_up = admission_.look_up(found.event); !looked_up.ok()) return looked_up.error();
  // It may have been accepted so long ago that only the journal knows.
  const EventOutcome outcome =
      journal_.holds(key) ? EventOutcome::duplicate
                          : admission_.readmit(key, event, schema::named_key(found.event, event, model_));
  switch (outcome) {
    case EventOutcome::accepted:
      sources_.accepted(event);
      record.events.append(found.event, 0, 1);
      leave(number, true, quarantine);
      return Verdict{number, Verdict::Outcome::admitted, 0, ""};
    case EventOutcome::duplicate:
      leave(number, true, quarantine);
      return Verdict{number, Verdict::Outcome::duplicate, 0, "it had been sent again and accepted"};
    default:
      return Verdict{number, Verdict::Outcome::refused, 0, why_not(outcome, event)};
  }
}

/// What stands against an event that someone wants admitted.
std::string Intake::why_not(EventOutcome outcome, const Event& event) const {
  const schema::Source& source = model_.sources()[event.source];
  const std::string time = schema::format_rfc3339(event.time);
  if (outcome == EventOutcome::from_the_future) {
    return "its time, " + time + ", has not come: it can be admitted from " +
           schema::format_rfc3339(schema::before(event.time, source.clock_tolerance)) +
           " on; until then it would put the twin's clock ahead and make all other events late";
  }
  if (outcome == EventOutcome::poison) {
    return "too many events correct or retract the same event, or any; it can be admitted once some of them "
           "are final";
  }
  const EventTime horizon = admission_.horizon();
  const Admission::Unreadable& unreadable = admission_.unreadable();
  if (event.time >= horizon && unreadable.before > horizon) {
    return "it bears on what lies before " + schema::format_rfc3339(unreadable.before) +
           ", which is not in memory any more, and the history " + unreadable.why;
  }
  if (event.time >= horizon)
    return "it bears on an event before " + schema::format_rfc3339(horizon) + ", which is final";
  return "its time, " + time + ", lies before " + schema::format_rfc3339(horizon) +
         ", and what lies before that is final: the twin holds its past no further back than the largest "
         "allowed lateness of any source, " +
         schema::format_duration(admission_.lateness_max()) + ", and cannot revise it";
}

void Intake::measure_quarantine() {
  const QuarantineIndex::Size size = journal_.quarantine_index().size();
  for (std::size_t i = 0; i < size.events.size(); ++i)
    probe_.quarantine_events[i].set(static_cast<std::int64_t>(size.events[i]));
  probe_.quarantine_bytes.set(static_cast<std::int64_t>(size.bytes));
}

}  // namespace pollux::actors
