// What each source has sent.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "actors/probe.h"
#include "actors/storage/byte_codec.h"
#include "actors/supervision/admission.h"
#include "actors/supervision/sequence_log.h"
#include "schema/event/event.h"
#include "schema/model/model.h"

namespace pollux::actors {

/// Keeps the sources' probes. One thread enters events; `missing` may be called from any. `model` and `probe`
/// must outlive it.
class SourceBook {
 public:
  SourceBook(const schema::Model& model, DomainProbe& probe);

  /// An event that became part of the journal, now or earlier.
  void accepted(const schema::Event& event) {
    SourceProbe& source = sources_[event.source];
    source.accepted.add_alone();
    if (event.time > source.newest_time_ns.value()) source.newest_time_ns.set(event.time);
    if (event.sequence != 0) follow(event);
  }
  /// An event that did not.
  void kept_out(const schema::Event& event, EventOutcome outcome);

  /// Sequence numbers that are missing, lowest first.
  std::vector<SequenceLog::Range> missing(schema::SourceIndex source) const;

  /// What it holds of accepted events.
  void save(ByteWriter& out) const;
  /// Takes in what was saved, in the place of everything there is. False where it makes no sense.
  bool load(ByteReader& in);

  /// Becomes as new.
  void forget_all();

  void check_invariants() const;

 private:
  void show(schema::SourceIndex source) const;
  void follow(const schema::Event& event);

  const schema::Model& model_;
  std::vector<SourceProbe>& sources_;
  schema::SourceIndex undeclared_;
  mutable std::mutex mutex_;
  std::vector<SequenceLog> sequences_;
};

}  // namespace pollux::actors
