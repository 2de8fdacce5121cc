// What a submission becomes: events for the journal, events for the quarantine, and an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/journal/journal.h"
#include "actors/probe.h"
#include "actors/submission.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/source_book.h"
#include "schema/event/event.h"

namespace pollux::actors {

/// How much may wait in quarantine. Beyond it what would be set aside is refused, and its sender told:
/// nothing that was taken is ever dropped.
struct QuarantineLimits {
  std::size_t events_max = 0;
  std::size_t bytes_max = 0;
};

/// Sorts what is submitted, epoch by epoch. An epoch must be durable, or its events never will be, before the
/// next one begins. Not thread-safe; what is referred to must outlive it.
class Intake {
 public:
  Intake(const schema::Model& model, const Journal& journal, Admission& admission, SourceBook& sources,
         DomainProbe& probe, const QuarantineLimits& limits);

  void begin_epoch(schema::EventTime now);

  /// Moves or copies what is accepted to `record`. REQUIRES: the batch knows its identities. Errors: those of
  /// the journal, where an event names one that only it has; then nothing was taken.
  schema::Result<std::vector<EventOutcome>> take(schema::EventBatch batch, schema::EpochRecord& record,
                                                 QuarantineChanges& quarantine);

  /// Decides on events in quarantine. What is admitted becomes part of `record`. Errors: those of the
  /// journal.
  schema::Result<std::vector<QuarantineVerdict>> decide(const Submission& wanted, schema::EpochRecord& record,
                                                        QuarantineChanges& quarantine);

  /// Shows in the probe how full the quarantine is.
  void measure_quarantine();

 private:
  EventOutcome judge(const schema::EventBatch& batch, std::size_t i, QuarantineChanges& quarantine);
  EventOutcome set_aside(const schema::EventBatch& batch, std::size_t i, EventOutcome outcome,
                         QuarantineChanges& quarantine);
  schema::Result<QuarantineVerdict> decide_one(std::uint64_t number, bool admits, schema::EpochRecord& record,
                                               QuarantineChanges& quarantine);
  schema::Result<QuarantineVerdict> admit(std::uint64_t number, schema::EpochRecord& record,
                                          QuarantineChanges& quarantine);
  void leave(std::uint64_t number, bool admitted, QuarantineChanges& quarantine);
  std::string why_not(EventOutcome outcome, const schema::Event& event) const;

  const schema::Model& model_;
  const Journal& journal_;
  Admission& admission_;
  SourceBook& sources_;
  DomainProbe& probe_;
  const QuarantineLimits limits_;
  std::unordered_set<schema::EventKey, schema::EventKeyHash> set_aside_;  // in this epoch
  std::size_t set_aside_bytes_ = 0;
  std::unordered_map<std::uint64_t, QuarantineIndex::Fate> decided_;  // in this epoch
};

}  // namespace pollux::actors
