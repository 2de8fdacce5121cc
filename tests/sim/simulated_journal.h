// A journal whose disk a test makes fail.
#pragma once

#include <memory>
#include <optional>

#include "actors/journal/journal.h"

namespace pollux::sim {

/// What survives the process: the records, and what a failed append may or may not have left.
struct SimulatedDisk {
  std::unique_ptr<actors::Journal> records;
  bool fails = false;  ///< The next append fails, and all that follow until the journal is opened again.
  bool keeps = false;  ///< What the failing append wrote turns out to be there after all.
  bool gone = false;   ///< The process is dead: nothing reaches the disk any more.
  std::optional<schema::EpochRecord> doubtful;
  actors::QuarantineChanges doubtful_quarantine;
};

/// Opens it, as a process that starts would.
std::unique_ptr<actors::Journal> open_simulated_journal(SimulatedDisk& disk);

}  // namespace pollux::sim
