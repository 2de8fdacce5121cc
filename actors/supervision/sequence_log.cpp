#include "actors/supervision/sequence_log.h"

#include <algorithm>

#include "schema/assert.h"

namespace pollux::actors {

using schema::EventTime;

void SequenceLog::add_out_of_turn(std::uint64_t sequence, EventTime time) {
  POLLUX_ASSERT(sequence != 0, "an event without a number is not given here");
  if (lowest_ == 0) {
    lowest_ = highest_ = sequence;
    highest_time_ = time;
    return;
  }
  if (time < run_began_) return;
  if (sequence > highest_) {
    if (sequence != highest_ + 1) skip({highest_ + 1, sequence - 1}, ranges_.end());
    highest_ = sequence;
    highest_time_ = time;
    return;
  }
  if (fill(sequence)) return;
  const bool begins_anew = sequence < highest_ && time > highest_time_;
  if (begins_anew) {
    begin_run(sequence, time);
  } else if (sequence < lowest_) {
    if (sequence != lowest_ - 1) skip({sequence + 1, lowest_ - 1}, ranges_.begin());
    lowest_ = sequence;
  }
}

void SequenceLog::begin_run(std::uint64_t sequence, EventTime time) {
  ++restarts_;
  lost_ += missing_;
  missing_ = 0;
  ranges_.clear();
  lowest_ = highest_ = sequence;
  highest_time_ = run_began_ = time;
}

void SequenceLog::skip(Range range, std::vector<Range>::iterator before) {
  ++gaps_;
  missing_ += range.size();
  ranges_.insert(before, range);
  give_up_beyond_bound();
}

void SequenceLog::give_up_beyond_bound() {
  if (ranges_.size() <= kRangesMax) return;
  missing_ -= ranges_.front().size();
  lost_ += ranges_.front().size();
  ranges_.erase(ranges_.begin());
}

/// Whether the number was missing; it no longer is.
bool SequenceLog::fill(std::uint64_t sequence) {
  const auto range =
      std::ranges::lower_bound(ranges_, sequence, {}, [](const Range& each) { return each.last; });
  if (range == ranges_.end() || sequence < range->first) return false;
  --missing_;
  if (range->size() == 1) {
    ranges_.erase(range);
  } else if (sequence == range->first) {
    ++range->first;
  } else if (sequence == range->last) {
    --range->last;
  } else {
    const Range upper{sequence + 1, range->last};
    range->last = sequence - 1;
    ranges_.insert(range + 1, upper);
    give_up_beyond_bound();
  }
  return true;
}

void SequenceLog::save(ByteWriter& out) const {
  for (const std::uint64_t x : {lowest_, highest_, missing_, lost_, gaps_, restarts_}) out.number(x);
  out.fixed(static_cast<std::uint64_t>(highest_time_));
  out.fixed(static_cast<std::uint64_t>(run_began_));
  out.number(ranges_.size());
  for (const Range& range : ranges_) {
    out.number(range.first);
    out.number(range.last);
  }
}

bool SequenceLog::load(ByteReader& in) {
  for (std::uint64_t* x : {&lowest_, &highest_, &missing_, &lost_, &gaps_, &restarts_}) *x = in.number();
  highest_time_ = static_cast<EventTime>(in.fixed());
  run_began_ = static_cast<EventTime>(in.fixed());
  ranges_.resize(in.count(2));
  for (Range& range : ranges_) {
    range.first = in.number();
    range.last = in.number();
  }
  return in.ok() && sound();
}

/// What is missing lies between numbers that were seen.
bool SequenceLog::sound() const {
  if (lowest_ > highest_ || ranges_.size() > kRangesMax) return false;
  std::uint64_t sum = 0;
  std::uint64_t above = lowest_;
  for (const Range& range : ranges_) {
    if (range.first <= above || range.first > range.last || range.last >= highest_) return false;
    above = range.last + 1;
    sum += range.size();
  }
  return sum == missing_;
}

void SequenceLog::check_invariants() const {
  POLLUX_ASSERT(sound(), "what is missing lies between numbers that were seen, and is counted");
}

}  // namespace pollux::actors
