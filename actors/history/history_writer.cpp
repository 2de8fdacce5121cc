#include "actors/history/history_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pollux::actors {

using schema::Error;
using schema::Position;
using schema::Result;

HistoryWriter::HistoryWriter(History& history, const HistoryRetention& retention, DomainProbe& probe,
                             std::function<void()> caught_up, std::function<void(const Error&)> failed)
    : history_(history),
      retention_(retention),
      probe_(probe),
      caught_up_(std::move(caught_up)),
      failed_(std::move(failed)),
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
    if (broken_) return;
    queued_changes_ += epoch->size();
    was_behind_ = was_behind_ || queued_changes_ > kQueueChangesMax;
    queue_.push_back(std::move(epoch));
  }
  changed_.notify_all();
}

bool HistoryWriter::behind() const {
  const std::lock_guard lock(mutex_);
  return was_behind_ && !broken_;
}

bool HistoryWriter::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void HistoryWriter::wait_while_behind() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !was_behind_ || broken_; });
}

bool HistoryWriter::wait_for(Position position, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return written_ >= position || broken_; }) && !broken_;
}

void HistoryWriter::run() {
  while (true) {
    EpochChangesPtr epoch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty() || stopping_; });
      if (queue_.empty()) return;
      epoch = std::move(queue_.front());
      queue_.pop_front();
    }
    const bool written = write(epoch);
    bool caught_up = false;
    {
      const std::lock_guard lock(mutex_);
      queued_changes_ -= epoch->size();
      if (written) written_ = std::max(written_, epoch->position);
      if (!written) {
        broken_ = true;
        queue_.clear();
        queued_changes_ = 0;
      }
      caught_up = was_behind_ && queued_changes_ <= kQueueChangesMax / 2;
      if (caught_up) was_behind_ = false;
    }
    changed_.notify_all();
    if (caught_up) caught_up_();
    if (!written) return;
  }
}

bool HistoryWriter::write(const EpochChangesPtr& epoch) {
  Result<void> outcome = history_.append(*epoch);
  if (outcome.ok()) outcome = retain();
  if (!outcome.ok()) {
    failed_(outcome.error());
    return false;
  }
  probe_.history_position.set(static_cast<std::int64_t>(history_.bounds().complete));
  return true;
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
  if (retention_.at_least != 0 && target > bounds.dropped) {
    const auto needed = history_.position_at(schema::before(bounds.clock, retention_.at_least));
    target = needed.ok() ? std::max(bounds.dropped, std::min(target, *needed)) : bounds.dropped;
  }
  return std::min(target, bounds.complete);
}

}  // namespace pollux::actors
