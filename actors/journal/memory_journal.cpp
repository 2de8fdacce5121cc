#include <map>
#include <mutex>
#include <vector>

#include <tsl/robin_map.h>

#include "actors/journal/journal.h"
#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

namespace {

class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(const schema::Model& model)
      : model_(model), identity_{model.name(), model.version()} {}

  schema::Result<void> append(const schema::EpochRecord& record,
                              const QuarantineChanges& quarantine) override {
    const std::scoped_lock lock(mutex_);
    if (record.position != 0) {
      POLLUX_ASSERT(record.position == records_.size() + 1);
      schema::EpochRecord& stored = records_.emplace_back(record);
      if (POLLUX_PLANTED(journal_loses_last_event) && record.events.events.size() > 3)
        stored.events.events.pop_back();
      stored.events.identify(model_);
      bytes_ += bytes_of(record.events);
    }
    for (const QuarantineExit& exit : quarantine.exits) {
      quarantined_.erase(exit.number);
      index_.decide(exit.number, exit.admitted, exit.admitted ? record.position : 0);
    }
    for (const auto& [number, decision] : index_.surplus(0)) index_.forget(number);
    for (const QuarantinedEvent& event : quarantine.set_aside) set_aside(event);
    return {};
  }

  schema::Result<void> read(schema::Position from,
                            const std::function<bool(schema::EpochRecord&)>& visit) const override {
    schema::EpochRecord copy;
    for (schema::Position position = from == 0 ? 1 : from; copy_of(position, copy); ++position) {
      if (!visit(copy)) break;
    }
    return {};
  }

  schema::Result<std::vector<QuarantinedEvent>> quarantine(std::uint64_t from,
                                                           std::size_t limit) const override {
    const std::scoped_lock lock(mutex_);
    std::vector<QuarantinedEvent> page;
    for (auto next = quarantined_.lower_bound(from); next != quarantined_.end() && page.size() < limit;
         ++next) {
      page.push_back(next->second);
    }
    return page;
  }

  /// Asked for events that are not accepted, so the identities are put in order only then.
  bool holds(const schema::EventKey& key) const override { return position_of(key).has_value(); }

  std::optional<schema::Position> position_of(const schema::EventKey& key) const override {
    const std::scoped_lock lock(mutex_);
    for (; indexed_ < records_.size(); ++indexed_) {
      for (const schema::EventKey& each : records_[indexed_].events.keys)
        positions_.emplace(each, records_[indexed_].position);
    }
    const auto found = positions_.find(key);
    return found == positions_.end() ? std::nullopt : std::optional(found->second);
  }
  bool knows_positions() const override { return true; }

  const QuarantineIndex& quarantine_index() const override { return index_; }

  schema::Position last_position() const override {
    const std::scoped_lock lock(mutex_);
    return records_.size();
  }

  const JournalIdentity& identity() const override { return identity_; }

  std::uint64_t bytes_appended() const override {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  static std::uint64_t bytes_of(const schema::EventBatch& batch) {
    return batch.events.size() * sizeof(schema::Event) + batch.values.size() * sizeof(schema::ReportedValue) +
           batch.text.size();
  }

  // `visit` gets a copy, outside the lock: it may change the record, and append may run beside it.
  bool copy_of(schema::Position position, schema::EpochRecord& record) const {
    const std::scoped_lock lock(mutex_);
    if (position > records_.size()) return false;
    record = records_[position - 1];
    return true;
  }

  void set_aside(const QuarantinedEvent& event) {
    POLLUX_ASSERT(event.event.events.size() == 1);
    const std::uint64_t number = ++last_number_;
    QuarantinedEvent& stored = quarantined_.emplace(number, event).first->second;
    stored.number = number;
    index_.set_aside(number, schema::event_key(stored.event, stored.event.events.front(), model_),
                     stored.reason, bytes_of(stored.event));
    bytes_ += bytes_of(event.event);
  }

  const schema::Model& model_;
  const JournalIdentity identity_;
  mutable std::mutex mutex_;
  std::vector<schema::EpochRecord> records_;
  mutable tsl::robin_map<schema::EventKey, schema::Position, schema::EventKeyHash>
      positions_;  // of the events of the first `indexed_` records
  mutable std::size_t indexed_ = 0;
  std::map<std::uint64_t, QuarantinedEvent> quarantined_;
  std::uint64_t last_number_ = 0;
  QuarantineIndex index_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Journal> make_memory_journal(const schema::Model& model) {
  return std::make_unique<MemoryJournal>(model);
}

}  // namespace pollux::actors
