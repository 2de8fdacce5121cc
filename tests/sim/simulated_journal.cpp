#include "tests/sim/simulated_journal.h"

#include <utility>

#include "schema/assert.h"

namespace pollux::sim {
namespace {

using actors::Journal;
using schema::EpochRecord;
using schema::Error;
using schema::ErrorCode;
using schema::Position;
using schema::QuarantinedEvent;
using schema::Result;

class SimulatedJournal final : public Journal {
 public:
  explicit SimulatedJournal(SimulatedDisk& disk) : disk_(disk) {}

  Result<void> append(const EpochRecord& record, const actors::QuarantineChanges& quarantine) override {
    if (disk_.gone || broken_) return Error{ErrorCode::io, "the disk is gone", "", "restart"};
    if (!std::exchange(disk_.fails, false)) return disk_.records->append(record, quarantine);
    broken_ = true;
    if (disk_.keeps) {
      disk_.doubtful = record;
      disk_.doubtful_quarantine = quarantine;
    }
    return Error{ErrorCode::io, "the disk failed", "", "restart"};
  }
  Result<void> read(Position from, const std::function<bool(EpochRecord&)>& visit) const override {
    return disk_.records->read(from, visit);
  }
  Result<std::vector<QuarantinedEvent>> quarantine(std::uint64_t from, std::size_t limit) const override {
    return disk_.records->quarantine(from, limit);
  }
  bool holds(const schema::EventKey& key) const override { return disk_.records->holds(key); }
  const actors::QuarantineIndex& quarantine_index() const override {
    return disk_.records->quarantine_index();
  }
  Position last_position() const override { return disk_.records->last_position(); }
  const actors::JournalIdentity& identity() const override { return disk_.records->identity(); }
  std::uint64_t bytes_appended() const override { return disk_.records->bytes_appended(); }

 private:
  SimulatedDisk& disk_;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<Journal> open_simulated_journal(SimulatedDisk& disk) {
  disk.gone = false;
  disk.fails = false;
  if (const auto doubtful = std::exchange(disk.doubtful, std::nullopt)) {
    const auto kept = disk.records->append(*doubtful, std::exchange(disk.doubtful_quarantine, {}));
    POLLUX_ASSERT(kept.ok(), "a journal in memory takes everything");
  }
  return std::make_unique<SimulatedJournal>(disk);
}

}  // namespace pollux::sim
