#include "server/replay/replay.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

#include "server/replay/row_feed.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr double kStatePeriodS = 1;
constexpr double kRetryWaitS = 1;

// One replay under way.
class Replay {
 public:
  Replay(const ReplayOptions& options, const Mapping& mapping, EventSink& sink, const ReplayClock& clock,
         const ReplayObserver& observer)
      : options_(options), mapping_(mapping), sink_(sink), clock_(clock), observer_(observer) {}

  Result<ReplayTotals> run();

 private:
  Result<void> resume();
  Result<bool> target_holds(const std::string& file, std::uint64_t row);
  Result<void> run_file(const std::string& file);
  Result<void> skip_done(RowFeed& feed, std::uint64_t rows);
  Result<void> take_row(RowFeed& feed, RowFeed::Outcome outcome);
  bool wait_until_due(const RowFeed& feed);
  bool due(const RowFeed& feed) const;
  Result<void> flush(RowFeed& feed);
  Result<BatchOutcome> submit(const EventText& events);
  void count(const RowFeed& feed, const BatchOutcome& outcome);
  void report(const RowFeed& feed);
  Result<void> save_state(bool at_once);

  const ReplayOptions& options_;
  const Mapping& mapping_;
  EventSink& sink_;
  const ReplayClock& clock_;
  const ReplayObserver& observer_;

  ReplayTotals totals_;
  ReplayState state_;
  EventText batch_;
  std::uint64_t batch_rows_ = 0;
  std::uint64_t rows_read_ = 0;        // of the present file, all of them in the batch or before it
  std::optional<double> anchor_s_;     // when the present file's first row was due
  schema::EventTime anchor_time_ = 0;  // and its event time
  double start_s_ = 0;
  double state_saved_s_ = 0;
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bytes_total_ = 0;
};

Result<ReplayTotals> Replay::run() {
  start_s_ = clock_.now_s();
  for (const std::string& file : options_.files) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file, missing);
    if (!missing) bytes_total_ += size;
  }
  if (auto resumed = resume(); !resumed.ok()) return resumed.error();
  for (const std::string& file : options_.files) {
    Result<void> done = run_file(file);
    totals_.seconds = clock_.now_s() - start_s_;
    if (!done.ok()) {
      (void)save_state(true);  // the first error is the one to report
      return done.error();
    }
    if (totals_.interrupted) break;
  }
  if (auto saved = save_state(true); !saved.ok()) return saved.error();
  if (!totals_.interrupted && !options_.state_file.empty()) std::remove(options_.state_file.c_str());
  return totals_;
}

// The target may have been emptied since: the last row it is said to have must be known to it.
Result<void> Replay::resume() {
  state_.identity = options_.identity;
  if (options_.state_file.empty()) return {};
  Result<ReplayState> loaded = load_replay_state(options_.state_file, options_.identity);
  if (!loaded.ok()) return loaded.error();
  state_ = std::move(loaded).value();
  for (const std::string& file : options_.files) {
    Result<RowFeed> feed = RowFeed::open(file, mapping_);
    if (!feed.ok()) return feed.error();
    const auto done = state_.rows_done.find(feed->name());
    if (done == state_.rows_done.end() || done->second == 0) continue;
    Result<bool> holds = target_holds(file, done->second);
    if (!holds.ok()) return holds.error();
    if (*holds) continue;
    observer_.on_notice("the target does not hold what " + options_.state_file +
                        " says it took: replaying from the start");
    state_.rows_done.clear();
    return {};
  }
  return {};
}

Result<bool> Replay::target_holds(const std::string& file, std::uint64_t row) {
  Result<RowFeed> feed = RowFeed::open(file, mapping_);
  if (!feed.ok()) return feed.error();
  for (;;) {
    Result<RowFeed::Outcome> outcome = feed->next();
    if (!outcome.ok()) return outcome.error();
    if (*outcome == RowFeed::Outcome::end) return false;
    if (feed->row() < row) continue;
    if (*outcome == RowFeed::Outcome::rejected) return true;
    Result<BatchOutcome> known = submit(feed->events());
    if (!known.ok()) return known.error();
    return known->accepted == 0;
  }
}

Result<void> Replay::run_file(const std::string& file) {
  Result<RowFeed> opened = RowFeed::open(file, mapping_);
  if (!opened.ok()) return opened.error();
  RowFeed& feed = *opened;
  anchor_s_.reset();
  rows_read_ = 0;
  if (auto skipped = skip_done(feed, state_.rows_done[feed.name()]); !skipped.ok()) return skipped;
  while (!totals_.interrupted) {
    Result<RowFeed::Outcome> outcome = feed.next();
    if (!outcome.ok()) return outcome.error();
    if (*outcome == RowFeed::Outcome::end) break;
    if (auto taken = take_row(feed, *outcome); !taken.ok()) return taken;
    if (clock_.stop_requested()) totals_.interrupted = true;
  }
  if (auto flushed = flush(feed); !flushed.ok()) return flushed;
  bytes_before_ += feed.bytes_total();
  return {};
}

Result<void> Replay::skip_done(RowFeed& feed, std::uint64_t rows) {
  while (rows_read_ < rows) {
    Result<RowFeed::Outcome> outcome = feed.next();
    if (!outcome.ok()) return outcome.error();
    if (*outcome == RowFeed::Outcome::end) return {};
    ++rows_read_;
    ++totals_.rows_skipped;
  }
  return {};
}

Result<void> Replay::take_row(RowFeed& feed, RowFeed::Outcome outcome) {
  if (outcome == RowFeed::Outcome::rejected) {
    ++totals_.rows_rejected;
    observer_.on_rejected({feed.name(), feed.line(), feed.reason()});
  } else {
    if (!batch_.empty() && !due(feed)) {
      if (auto flushed = flush(feed); !flushed.ok()) return flushed;
    }
    // A row that was waited for and then not sent is not counted: the next run reads it again.
    if (!wait_until_due(feed)) return {};
    batch_.append(feed.events());
  }
  ++totals_.rows;
  ++rows_read_;
  ++batch_rows_;
  if (batch_rows_ >= options_.batch_rows || batch_.bytes() >= kReplayBatchBytesMax) return flush(feed);
  return {};
}

bool Replay::due(const RowFeed& feed) const {
  if (options_.speed <= 0 || !anchor_s_) return true;
  const double event_s = static_cast<double>(feed.time() - anchor_time_) / schema::kSecond;
  return clock_.now_s() - *anchor_s_ >= event_s / options_.speed;
}

bool Replay::wait_until_due(const RowFeed& feed) {
  if (options_.speed <= 0) return true;
  if (!anchor_s_) {
    anchor_s_ = clock_.now_s();
    anchor_time_ = feed.time();
  }
  while (!due(feed)) {
    if (clock_.stop_requested()) {
      totals_.interrupted = true;
      return false;
    }
    const double event_s = static_cast<double>(feed.time() - anchor_time_) / schema::kSecond;
    clock_.wait(*anchor_s_ + event_s / options_.speed - clock_.now_s());
  }
  return true;
}

Result<void> Replay::flush(RowFeed& feed) {
  if (!batch_.empty()) {
    Result<BatchOutcome> outcome = submit(batch_);
    if (!outcome.ok()) return outcome.error();
    totals_.events += batch_.items().size();
    count(feed, *outcome);
    batch_.clear();
  }
  batch_rows_ = 0;
  state_.rows_done[feed.name()] = rows_read_;
  report(feed);
  return save_state(false);
}

Result<BatchOutcome> Replay::submit(const EventText& events) {
  for (unsigned attempt = 1;; ++attempt) {
    Result<BatchOutcome> outcome = sink_.submit(events);
    if (outcome.ok()) return outcome;
    const ErrorCode code = outcome.error().code;
    const bool passing = code == ErrorCode::overloaded || code == ErrorCode::unavailable;
    if (!passing || attempt >= kReplayAttemptsMax || clock_.stop_requested()) return outcome;
    clock_.wait(kRetryWaitS);
  }
}

void Replay::count(const RowFeed& feed, const BatchOutcome& outcome) {
  totals_.accepted += outcome.accepted;
  totals_.duplicate += outcome.duplicate;
  totals_.quarantined += outcome.quarantined;
  std::set<std::uint64_t> rows;
  for (const BatchOutcome::Refused& refused : outcome.refused) {
    rows.insert(refused.row);
    observer_.on_rejected({feed.name(), refused.line, refused.reason});
  }
  totals_.rows_rejected += rows.size();
}

void Replay::report(const RowFeed& feed) {
  observer_.on_progress({feed.name(), bytes_before_ + feed.bytes_read(), bytes_total_, totals_.rows,
                         totals_.events, clock_.now_s() - start_s_});
}

Result<void> Replay::save_state(bool at_once) {
  const double now_s = clock_.now_s();
  if (options_.state_file.empty() || (!at_once && now_s - state_saved_s_ < kStatePeriodS)) return {};
  state_saved_s_ = now_s;
  return save_replay_state(options_.state_file, state_);
}

}  // namespace

Result<ReplayTotals> replay(const ReplayOptions& options, const Mapping& mapping, EventSink& sink,
                            const ReplayClock& clock, const ReplayObserver& observer) {
  return Replay(options, mapping, sink, clock, observer).run();
}

}  // namespace pollux::server
