#include <mutex>
#include <unordered_set>

#include "actors/journal.h"
#include "actors/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

namespace {

class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(const schema::Model& model)
      : model_(model), identity_{model.name(), model.version()} {}

  schema::Result<void> append(const schema::EpochRecord& record,
                              const std::vector<QuarantinedEvent>& quarantined) override {
    const std::scoped_lock lock(mutex_);
    if (record.position != 0) {
      POLLUX_ASSERT(record.position == records_.size() + 1);
      records_.push_back(record);
      if (POLLUX_PLANTED(journal_loses_last_event) && record.events.events.size() > 3)
        records_.back().events.events.pop_back();
      for (const schema::Event& event : record.events.events) {
        keys_.insert(schema::event_key(record.events, event, model_));
      }
      bytes_ += bytes_of(record.events);
    }
    for (const QuarantinedEvent& event : quarantined) set_aside(event);
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
    for (std::size_t i = from == 0 ? 0 : from - 1; i < quarantined_.size() && page.size() < limit; ++i) {
      page.push_back(quarantined_[i]);
    }
    return page;
  }

  bool holds(const schema::EventKey& key) const override {
    const std::scoped_lock lock(mutex_);
    return keys_.contains(key);
  }

  bool quarantine_holds(const schema::EventKey& key) const override {
    const std::scoped_lock lock(mutex_);
    return quarantined_keys_.contains(key);
  }

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
    QuarantinedEvent& stored = quarantined_.emplace_back(event);
    stored.number = quarantined_.size();
    quarantined_keys_.insert(schema::event_key(stored.event, stored.event.events.front(), model_));
    bytes_ += bytes_of(stored.event);
  }

  const schema::Model& model_;
  const JournalIdentity identity_;
  mutable std::mutex mutex_;
  std::vector<schema::EpochRecord> records_;
  std::unordered_set<schema::EventKey, schema::EventKeyHash> keys_;
  std::vector<QuarantinedEvent> quarantined_;
  std::unordered_set<schema::EventKey, schema::EventKeyHash> quarantined_keys_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Journal> make_memory_journal(const schema::Model& model) {
  return std::make_unique<MemoryJournal>(model);
}

}  // namespace pollux::actors
