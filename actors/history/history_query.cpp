#include "actors/history/history_query.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::kBeginning;
using schema::kNever;
using schema::Model;
using schema::Position;
using schema::Result;
using schema::Value;

namespace {

/// Steps back along equal neighbours, at most.
constexpr std::size_t kEqualNeighboursMax = 1'000;

/// Changes read at a time.
constexpr std::size_t kEntriesAStep = 65'536;

Error too_much() {
  return {ErrorCode::invalid,
          "the answer would have to look at more than " + std::to_string(kEntriesPerAnswerMax) + " changes",
          "", "ask for a shorter time"};
}

/// The newest epoch that may have changed what holds at `at`: the predecessor of a later one left the clock
/// so far behind `at` that nothing reaches back to it.
Result<Position> newest_bearing_on(const History& history, EventTime at, Position known) {
  const HistoryBounds bounds = history.bounds();
  const auto settled = history.position_at(schema::after(at, bounds.lag));
  if (!settled.ok()) return settled.error();
  return std::min(known, *settled + 1);
}

/// The entry that tells what holds at a time.
struct Found {
  std::optional<HistoryEntry> entry;  ///< None: what held from the beginning.
  bool interrupted = false;  ///< Something else held for a while between its beginning and that time.
  EventTime from() const { return entry ? entry->from : kBeginning; }
};

Result<Found> find_entry(const History& history, const Series& series, EventTime at, Position known) {
  const auto newest = newest_bearing_on(history, at, known);
  if (!newest.ok()) return newest.error();
  Found found;
  EventTime other_to = kBeginning;
  const auto visited = history.visit_back(series, *newest, [&](const HistoryEntry& entry) {
    if (entry.covers(at)) found.entry = entry;
    if (entry.to <= at) other_to = std::max(other_to, entry.to);
    return !found.entry;
  });
  if (!visited.ok()) return visited.error();
  found.interrupted = other_to > found.from();
  return found;
}

/// What a series was before anything changed it; nothing where nothing ever has.
Result<std::optional<Value>> first_value(const History& history, const Series& series) {
  std::optional<Value> first;
  const auto visited = history.visit(series, 0, history.bounds().complete, [&](const HistoryEntry& entry) {
    first = entry.was;
    return false;
  });
  if (!visited.ok()) return visited.error();
  return first;
}

/// Nothing where the series has never changed.
Result<std::optional<Value>> value_of(const History& history, const Series& series, EventTime at,
                                      Position known) {
  const auto found = find_entry(history, series, at, known);
  if (!found.ok()) return found.error();
  if (found->entry) return std::optional(found->entry->is);
  return first_value(history, series);
}

/// A step function over [from, to), changed piece by piece, mostly at its end.
class Steps {
 public:
  Steps(EventTime from, EventTime to, const Value& value) : to_(to), versions_{{from, value}} {}

  void set(EventTime from, EventTime to, const Value& value) {
    from = std::max(from, versions_.front().from);
    to = std::min(to, to_);
    if (from >= to) return;
    const auto first = std::ranges::lower_bound(versions_, from, {}, &Version::from);
    auto last = first;
    Value behind = first == versions_.begin() ? value : std::prev(first)->value;
    for (; last != versions_.end() && last->from < to; ++last) behind = last->value;
    const bool ends_inside = to < to_ && (last == versions_.end() || last->from > to);
    const Version fresh[] = {{from, value}, {to, behind}};
    const auto at = versions_.erase(first, last);
    versions_.insert(at, std::begin(fresh), std::begin(fresh) + 1 + ends_inside);
  }

  /// Up to `to`, neighbours different.
  std::vector<Version> take(EventTime to) {
    std::vector<Version> all;
    for (const Version& version : versions_) {
      if (version.from >= to) break;
      if (all.empty() || all.back().value != version.value) all.push_back(version);
    }
    return all;
  }

 private:
  EventTime to_;
  std::vector<Version> versions_;
};

bool violated(const Value& status) {
  return status.usable() && status.as_symbol() == Model::kViolated;
}

/// Fills buckets from versions that come in order.
class Buckets {
 public:
  Buckets(schema::Duration width, EventTime to, std::size_t limit) : width_(width), to_(to), limit_(limit) {}

  bool full() const { return done_.size() == limit_; }
  std::vector<Bucket> take() { return std::move(done_); }
  EventTime begun() const { return open_ ? bucket_.from : kNever; }

  void add(EventTime from, EventTime to, const Value& value) {
    while (from < to && !full()) {
      if (!open_) open(from, value);
      const EventTime end = std::min(to, bucket_.to);
      add_part(end - from, value);
      from = end;
      if (end == bucket_.to) close();
    }
  }

 private:
  void open(EventTime from, const Value& value) {
    const EventTime offset = ((from % width_) + width_) % width_;
    bucket_ = {};
    bucket_.from = from;
    bucket_.to = std::min(to_, schema::after(from - offset, width_));
    bucket_.first = value;
    weighted_ = 0;
    open_ = true;
  }

  void add_part(schema::Duration span, const Value& value) {
    bucket_.last = value;
    bucket_.worst = schema::worst(bucket_.worst, value.quality);
    if (!value.usable() || value.type != schema::ValueType::number) return;
    const double x = value.as_number();
    bucket_.min = bucket_.usable == 0 ? x : std::min(bucket_.min, x);
    bucket_.max = bucket_.usable == 0 ? x : std::max(bucket_.max, x);
    bucket_.usable += span;
    // The mean moves by what is new, so that it neither overflows nor drifts.
    weighted_ += (x - weighted_) * (static_cast<double>(span) / static_cast<double>(bucket_.usable));
    bucket_.mean = weighted_;
  }

  void close() {
    done_.push_back(bucket_);
    open_ = false;
  }

  const schema::Duration width_;
  const EventTime to_;
  const std::size_t limit_;
  std::vector<Bucket> done_;
  Bucket bucket_;
  double weighted_ = 0;
  bool open_ = false;
};

}  // namespace

Result<void> check_kept(const HistoryBounds& bounds, const Moment& moment) {
  if (bounds.dropped == 0) return {};
  if (moment.known >= bounds.dropped && moment.at >= bounds.dropped_clock) return {};
  const bool anew = bounds.begun == bounds.dropped;
  return Error{ErrorCode::not_found,
               std::string(anew ? "the history was made anew and" : "the history") + " reaches back to " +
                   schema::format_rfc3339(bounds.dropped_clock) + " and to position " +
                   std::to_string(bounds.dropped) + " only",
               "",
               anew ? "ask for a later time; what was known before was given up when it was made anew"
                    : "ask for a later time; how much is kept is set when the server is started"};
}

Result<VersionsPage> versions_between(const History& history, const Series& series, EventTime from,
                                      EventTime to, Position known, const Value& initial,
                                      std::size_t entries_max) {
  POLLUX_ASSERT(from < to);
  // What was known when the clock stood at `from` or before says of what follows only that it lasts.
  const auto settled = history.position_at(from);
  if (!settled.ok()) return settled.error();
  const Position base_known = std::min(known, *settled);
  const auto base = value_of(history, series, from, base_known);
  if (!base.ok()) return base.error();
  Steps steps(from, to, base->value_or(initial));
  const auto newest = newest_bearing_on(history, to - 1, known);
  if (!newest.ok()) return newest.error();

  const schema::Duration lag = history.bounds().lag;
  VersionsPage page{{}, to};
  std::size_t entries = 0;
  EventTime seen_to = from;
  Position last = 0;
  const auto visited = history.visit(series, base_known + 1, *newest, [&](const HistoryEntry& entry) {
    // What follows reaches back no further than the lag: what lies before stays as it is.
    const EventTime final_to = schema::before(seen_to, lag);
    if (entries >= entries_max && entry.position != last && final_to > from) {
      page.to = std::min(to, final_to);
      return false;
    }
    steps.set(entry.from, entry.to, entry.is);
    seen_to = std::max(seen_to, entry.from);
    last = entry.position;
    ++entries;
    return true;
  });
  if (!visited.ok()) return visited.error();
  page.versions = steps.take(page.to);
  return page;
}

namespace {

/// Since when what `found` tells holds at `at`, as far as it tells: what lies before may be the same.
Result<EventTime> since_of(const History& history, const Series& series, const Moment& moment,
                           const Found& found, const Value& value) {
  if (!found.interrupted) return found.from();
  const EventTime from = std::max(found.from(), history.bounds().dropped_clock);
  const auto page = versions_between(history, series, from, schema::after(moment.at, 1), moment.known, value,
                                     std::numeric_limits<std::size_t>::max());
  if (!page.ok()) return page.error();
  return page->versions.back().from;
}

}  // namespace

Result<std::optional<Believed>> value_at(const History& history, const Series& series, const Moment& moment) {
  const HistoryBounds bounds = history.bounds();
  std::optional<Believed> believed;
  EventTime at = moment.at;
  // Where the past was revised, what lies before may have become the same.
  for (std::size_t i = 0; i < kEqualNeighboursMax; ++i) {
    const auto found = find_entry(history, series, at, moment.known);
    if (!found.ok()) return found.error();
    const auto value =
        found->entry ? Result<std::optional<Value>>(found->entry->is) : first_value(history, series);
    if (!value.ok()) return value.error();
    if (!*value) return std::optional<Believed>();
    if (believed && believed->value != **value) break;
    const auto since = since_of(history, series, {at, moment.known}, *found, **value);
    if (!since.ok()) return since.error();
    believed = Believed{**value, *since};
    if (bounds.lag == 0 || *since == kBeginning || *since <= bounds.dropped_clock) break;
    at = *since - 1;
  }
  return believed;
}

Result<BucketsPage> buckets_between(const History& history, const Series& series, EventTime from,
                                    EventTime to, Position known, const Value& initial,
                                    schema::Duration width, std::size_t limit) {
  POLLUX_ASSERT(width > 0);
  Buckets buckets(width, to, limit);
  for (std::size_t looked_at = 0; from < to && !buckets.full();) {
    if (looked_at >= kEntriesPerAnswerMax) {
      // The bucket begun is given up; the next page begins with it.
      const EventTime begun = std::min(from, buckets.begun());
      auto done = buckets.take();
      if (done.empty()) return too_much();
      return BucketsPage{std::move(done), begun};
    }
    const auto page = versions_between(history, series, from, to, known, initial, kEntriesAStep);
    if (!page.ok()) return page.error();
    looked_at += kEntriesAStep;
    for (std::size_t i = 0; i < page->versions.size(); ++i) {
      const EventTime end = i + 1 < page->versions.size() ? page->versions[i + 1].from : page->to;
      buckets.add(page->versions[i].from, end, page->versions[i].value);
    }
    from = page->to;
  }
  auto done = buckets.take();
  const EventTime end = done.empty() ? from : done.back().to;
  return BucketsPage{std::move(done), end};
}

Result<std::vector<Episode>> episodes_between(const History& history, const Series& status, EventTime from,
                                              EventTime to, Position known, const Value& initial,
                                              std::size_t limit) {
  std::vector<Episode> found;
  // Back to where an episode that lasts at `from` began.
  const EventTime oldest = history.bounds().dropped_clock;
  std::size_t steps = 0;
  while (from > oldest) {
    const auto believed = value_at(history, status, {from, known});
    if (!believed.ok()) return believed.error();
    if (!violated(*believed ? (**believed).value : initial)) break;
    const EventTime since = *believed ? (**believed).since : kBeginning;
    from = since == kBeginning || since <= oldest ? oldest : since - 1;
    if (++steps > kEntriesPerAnswerMax) return too_much();
  }
  // And on to where one that lasts at `to` ends.
  bool open = false;
  for (std::size_t looked_at = 0; from < to || open;) {
    if (looked_at >= kEntriesPerAnswerMax) return too_much();
    const EventTime end = from < to ? to : kNever;
    const auto page = versions_between(history, status, from, end, known, initial, kEntriesAStep);
    if (!page.ok()) return page.error();
    looked_at += kEntriesAStep;
    for (const Version& version : page->versions) {
      if (violated(version.value) == open) continue;
      if (!open && version.from >= to) break;
      open = !open;
      if (open) {
        found.push_back({status.entity, version.from, kNever});
      } else {
        found.back().to = version.from;
        if (version.from >= to) break;
      }
    }
    from = page->to;
    if (from == kNever) break;
  }
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

}  // namespace pollux::actors
