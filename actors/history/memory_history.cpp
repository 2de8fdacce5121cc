#include <algorithm>
#include <map>
#include <shared_mutex>

#include "actors/history/history.h"
#include "actors/history/words.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Position;
using schema::Result;

namespace {

class MemoryHistory final : public History {
 public:
  Result<void> append(const EpochChanges& epoch) override {
    const std::unique_lock lock(mutex_);
    POLLUX_ASSERT(epoch.position == bounds_.complete + 1, "epochs are taken in one after another");
    const std::span<const Change> recorded = epoch.recorded();
    epochs_.push_back(std::make_shared<EpochChanges>(epoch.position, epoch.clock,
                                                     std::vector<Change>(recorded.begin(), recorded.end())));
    bounds_.lag = std::max(bounds_.lag, lag_of(epoch, bounds_.clock));
    add(epoch);
    bytes_ += recorded.size() * sizeof(Change) +
              (recorded.size() + epoch.background().size()) * sizeof(HistoryEntry);
    bounds_.complete = epoch.position;
    bounds_.clock = epoch.clock;
    return {};
  }

  Result<void> begin_at(Position position, EventTime clock,
                        const std::function<EpochChangesPtr()>& next) override {
    const std::unique_lock lock(mutex_);
    series_.clear();
    epochs_.clear();
    while (const EpochChangesPtr portion = next()) add(*portion);
    bounds_ = {position, clock, position, clock, 0, position, clock};
    return {};
  }

  Result<void> resume(const std::deque<EpochChangesPtr>&) override { return {}; }

  HistoryBounds bounds() const override {
    const std::shared_lock lock(mutex_);
    return bounds_;
  }

  Result<Position> position_at(EventTime clock) const override {
    const std::shared_lock lock(mutex_);
    const auto later = std::ranges::upper_bound(epochs_, clock, {},
                                                [](const EpochChangesPtr& epoch) { return epoch->clock; });
    if (later != epochs_.begin()) return (*std::prev(later))->position;
    return clock < bounds_.dropped_clock ? 0 : bounds_.dropped;
  }

  Result<EventTime> clock_at(Position position) const override {
    const std::shared_lock lock(mutex_);
    if (position == bounds_.dropped) return bounds_.dropped_clock;
    if (position < bounds_.dropped || position > bounds_.complete) {
      return Error{ErrorCode::not_found, "the history has no position " + std::to_string(position), "", ""};
    }
    return epochs_[position - bounds_.dropped - 1]->clock;
  }

  Result<void> visit(const Series& series, Position first, Position last, const Visit& visit) const override {
    const std::shared_lock lock(mutex_);
    const auto found = series_.find(series);
    if (found == series_.end()) return {};
    for (const HistoryEntry& entry : found->second) {
      if (entry.position >= first && entry.position <= last && !visit(entry)) break;
    }
    return {};
  }

  Result<void> visit_back(const Series& series, Position last, const Visit& visit) const override {
    const std::shared_lock lock(mutex_);
    const auto found = series_.find(series);
    if (found == series_.end()) return {};
    for (auto entry = found->second.rbegin(); entry != found->second.rend(); ++entry) {
      if (entry->position <= last && !visit(*entry)) break;
    }
    return {};
  }

  Result<std::vector<EpochChangesPtr>> epochs(Position after, std::size_t epochs_max,
                                              std::size_t changes_max) const override {
    const std::shared_lock lock(mutex_);
    if (after < bounds_.dropped) {
      return Error{ErrorCode::not_found,
                   "changes up to position " + std::to_string(bounds_.dropped) + " are no longer kept", "",
                   ""};
    }
    std::vector<EpochChangesPtr> page;
    std::size_t changes = 0;
    for (std::size_t i = after - bounds_.dropped; i < epochs_.size() && page.size() < epochs_max; ++i) {
      if (changes >= changes_max && !page.empty()) break;
      changes += epochs_[i]->size();
      page.push_back(epochs_[i]);
    }
    return page;
  }

  Result<bool> drop_through(Position position) override {
    const std::unique_lock lock(mutex_);
    POLLUX_ASSERT(position <= bounds_.complete);
    if (position <= bounds_.dropped) return true;
    const auto end = epochs_.begin() + static_cast<std::ptrdiff_t>(position - bounds_.dropped);
    bounds_.dropped_clock = (*std::prev(end))->clock;
    bounds_.dropped = position;
    epochs_.erase(epochs_.begin(), end);
    for (auto& [series, entries] : series_) is_told(series) ? drop_old_words(entries) : drop_old(entries);
    return true;
  }

  Result<bool> keep_background(bool wanted, bool) override { return wanted; }

  std::uint64_t bytes() const override {
    const std::shared_lock lock(mutex_);
    return bytes_;
  }

  Result<void> make_durable() override { return {}; }

 private:
  void add(const EpochChanges& epoch) {
    const auto add_change = [&](const Change& change) {
      series_[{change.entity, change.attribute}].push_back(entry_of(epoch.position, change));
    };
    for (const Change& change : epoch.recorded()) add_change(change);
    for (const Change& change : epoch.background().memory) add_change(change);
    for (const Word& told : epoch.background().words)
      series_[told_of({told.entity, told.attribute})].push_back(entry_of(epoch.position, told));
  }

  void drop_old(std::vector<HistoryEntry>& entries) const {
    bool found = false;
    const auto is_needed = [&](const HistoryEntry& entry) {
      if (entry.position > bounds_.dropped) return true;
      return !found && (found = entry.covers(bounds_.dropped_clock));
    };
    std::vector<HistoryEntry> kept;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (is_needed(*entry)) kept.push_back(*entry);
    }
    entries.assign(kept.rbegin(), kept.rend());
  }

  void drop_old_words(std::vector<HistoryEntry>& entries) const {
    Words words;
    for (const HistoryEntry& entry : entries) {
      if (entry.position <= bounds_.dropped) words.take(entry, Words::Order::later);
    }
    std::vector<HistoryEntry> kept = words.needed(bounds_.dropped_clock, bounds_.lag);
    std::ranges::copy_if(entries, std::back_inserter(kept),
                         [&](const HistoryEntry& entry) { return entry.position > bounds_.dropped; });
    entries = std::move(kept);
  }

  mutable std::shared_mutex mutex_;
  std::map<Series, std::vector<HistoryEntry>> series_;
  std::vector<EpochChangesPtr> epochs_;
  HistoryBounds bounds_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<History> make_memory_history() {
  return std::make_unique<MemoryHistory>();
}

}  // namespace pollux::actors
