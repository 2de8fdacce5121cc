#include "actors/history/history_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pollux::actors {

using schema::Error;
using schema::Position;
using schema::Result;

HistoryWriter::HistoryWriter(History& history, const HistoryRetention& retention,
                             std::chrono::nanoseconds retry, DomainProbe& probe, Hooks hooks)
    : history_(history),
      retention_(retention),
      probe_(probe),
      retry_(retry),
      hooks_(std::move(hooks)),
      found_(history.bounds().complete),
      written_(found_) {
  probe_.history_position.set(static_cast<std::int64_t>(written_));
  thread_ = std::thread([this] { run(); });
}

HistoryWriter::~HistoryWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HistoryWriter::begun_at(Position position) {
  const std::lock_guard lock(mutex_);
  found_ = written_ = position;
  probe_.history_position.set(static_cast<std::int64_t>(position));
}

void HistoryWriter::append(EpochChangesPtr epoch) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    queued_changes_ += epoch->size();
    was_behind_ = was_behind_ || queued_changes_ > kQueueChangesMax;
    queue_.push_back(std::move(epoch));
  }
  changed_.notify_all();
}

void HistoryWriter::look_again() {
  {
    const std::lock_guard lock(mutex_);
    look_again_ = true;
  }
  changed_.notify_all();
}

/// While it has stopped the twin goes on: that too much comes meanwhile is noticed in `wait_to_retry`.
bool HistoryWriter::behind() const {
  const std::lock_guard lock(mutex_);
  return was_behind_ && !stopped_;
}

bool HistoryWriter::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void HistoryWriter::wait_while_behind() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !was_behind_ || stopped_; });
}

bool HistoryWriter::wait_for(Position position, std::chrono::milliseconds patience,
                             bool though_stopped) const {
  std::unique_lock lock(mutex_);
  const auto gives_up = [&] { return ended_ || (stopped_ && !though_stopped); };
  const auto there = [&] { return written_ >= position && !stopped_; };
  return changed_.wait_for(lock, patience, [&] { return gives_up() || there(); }) && !gives_up();
}

void HistoryWriter::run() {
  while (true) {
    EpochChangesPtr epoch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty() || stopping_ || look_again_; });
      if (queue_.empty() && !look_again_) return;
      look_again_ = false;
      if (!queue_.empty()) {
        epoch = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    const Result<void> outcome = epoch == nullptr ? make_durable() : write(epoch);
    if (!outcome.ok() && !go_on_after(outcome.error())) return;
    if (epoch != nullptr) written(epoch);
  }
}

void HistoryWriter::written(const EpochChangesPtr& epoch) {
  bool caught_up = false;
  probe_.history_position.set(static_cast<std::int64_t>(history_.bounds().complete));
  {
    const std::lock_guard lock(mutex_);
    queued_changes_ -= epoch->size();
    written_ = std::max(written_, epoch->position);
    caught_up = was_behind_ && queued_changes_ <= kQueueChangesMax / 2;
    if (caught_up) was_behind_ = false;
  }
  changed_.notify_all();
  if (caught_up) hooks_.caught_up();
}

Result<void> HistoryWriter::write(const EpochChangesPtr& epoch) {
  held_.push_back(epoch);
  held_changes_ += epoch->size() + epoch->background().size();
  if (auto appended = history_.append(*epoch); !appended.ok()) return appended;
  if (held_changes_ > kHeldChangesMax || held_.size() > kHeldEpochsMax) {
    if (auto durable = make_durable(); !durable.ok()) return durable;
  }
  return retain();
}

Result<void> HistoryWriter::make_durable() {
  auto outcome = history_.make_durable();
  if (!outcome.ok()) return outcome;
  held_.clear();
  held_changes_ = 0;
  return outcome;
}

/// False where it does not go on in this process.
bool HistoryWriter::go_on_after(const Error& why) {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  probe_.history_stopped.set(1);
  hooks_.stopped(why, false);
  Result<void> outcome = why;
  while (!outcome.ok()) {
    if (outcome.error().code == schema::ErrorCode::corrupt) {
      end(outcome.error());
      return false;
    }
    if (!wait_to_retry()) return false;
    outcome = history_.resume(held_);
  }
  probe_.history_stopped.set(0);
  hooks_.resumed();
  {
    const std::lock_guard lock(mutex_);
    stopped_ = false;
  }
  changed_.notify_all();
  return true;
}

/// False where there is no use in trying again.
bool HistoryWriter::wait_to_retry() {
  bool too_much = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, retry_, [this] { return stopping_; });
    if (stopping_) return false;
    too_much = queued_changes_ > kQueueChangesMax;
  }
  if (too_much) {
    end({schema::ErrorCode::unavailable, "more was settled since it stopped than is held for it", "",
         "restart pollux, which completes the history from the journal"});
  }
  return !too_much;
}

void HistoryWriter::end(const Error& why) {
  hooks_.stopped(why, true);
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    queue_.clear();
    queued_changes_ = 0;
    was_behind_ = false;
  }
  held_.clear();
  changed_.notify_all();
  hooks_.caught_up();
}

Result<void> HistoryWriter::retain() {
  if (retention_.age == 0 && retention_.bytes == 0) return {};
  if (until_retain_-- > 0) return {};
  until_retain_ = kRetainEvery;
  probe_.history_bytes.set(static_cast<std::int64_t>(history_.bytes()));
  const auto done = history_.drop_through(drop_target());
  if (!done.ok()) return done.error();
  if (!*done) until_retain_ = 0;
  probe_.history_dropped_position.set(static_cast<std::int64_t>(history_.bounds().dropped));
  return {};
}

Position HistoryWriter::drop_target() const {
  const HistoryBounds bounds = history_.bounds();
  Position target = bounds.dropped;
  if (retention_.age != 0) {
    // Not for every little step: each one looks at every series.
    const schema::EventTime due = schema::before(bounds.clock, retention_.age);
    const schema::EventTime overdue = schema::before(due, retention_.age / static_cast<std::int64_t>(kSlack));
    const auto late = history_.position_at(overdue);
    const auto position = history_.position_at(due);
    if (late.ok() && position.ok() && *late > bounds.dropped) target = std::max(target, *position);
  }
  const std::uint64_t bytes = history_.bytes();
  if (retention_.bytes != 0 && bytes > retention_.bytes) {
    const std::uint64_t epochs = bounds.complete - bounds.dropped;
    const std::uint64_t too_much = bytes - retention_.bytes + retention_.bytes / kSlack;
    const double share = std::min(1.0, static_cast<double>(too_much) / static_cast<double>(bytes));
    target = std::max(target, bounds.dropped + static_cast<Position>(share * static_cast<double>(epochs)));
  }
  if (retention_.at_least != 0) target = std::min(target, needed_from(bounds));
  return std::clamp(target, bounds.dropped, bounds.complete);
}

/// Up to where nothing is needed any more; 0 where that cannot be said.
Position HistoryWriter::needed_from(const HistoryBounds& bounds) const {
  const Position restart = restart_.load(std::memory_order_relaxed);
  const auto clock = restart == 0 ? Result<schema::EventTime>(bounds.clock) : history_.clock_at(restart);
  if (!clock.ok()) return 0;
  const auto needed =
      history_.position_at(schema::before(std::min(*clock, bounds.clock), retention_.at_least));
  return needed.ok() ? *needed : 0;
}

}  // namespace pollux::actors
