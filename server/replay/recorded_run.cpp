#include "server/replay/recorded_run.h"

#include <chrono>
#include <future>
#include <set>
#include <unordered_map>

#include "actors/twin.h"
#include "server/replay/event_sink.h"
#include "server/replay/row_feed.h"

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr std::size_t kBatchRows = 500;
constexpr std::size_t kChangePagesMax = 64;

// Follows the changes of the watched attributes of a twin.
class Watcher {
 public:
  Watcher(actors::Twin& twin, std::span<const WatchedAttribute> watched)
      : twin_(twin), timelines_(watched.size()) {
    for (std::size_t i = 0; i < watched.size(); ++i) by_attribute_[key(watched[i])].push_back(i);
    read_present(watched);
  }

  // Takes in what changed since the last call.
  Result<void> follow() {
    for (;;) {
      const actors::ChangeFeed::Page page = twin_.changes().after(position_, kChangePagesMax);
      if (page.oldest > position_) {
        return Error{ErrorCode::overloaded,
                     "the twin made more changes than it keeps",
                     {},
                     "this is a fault of Pollux: please report it"};
      }
      if (page.epochs.empty()) return {};
      for (const actors::EpochChangesPtr& epoch : page.epochs) take(*epoch);
      position_ = page.epochs.back()->position;
    }
  }

  std::vector<Timeline> take_timelines() { return std::move(timelines_); }

 private:
  static std::uint64_t key(const WatchedAttribute& watched) {
    return std::uint64_t{watched.entity} << 16 | watched.attribute;
  }

  // Values that no event ever changes are not among the changes.
  void read_present(std::span<const WatchedAttribute> watched) {
    std::set<schema::EntityIndex> entities;
    for (const WatchedAttribute& one : watched) entities.insert(one.entity);
    std::promise<actors::StateView> promise;
    twin_.read({entities.begin(), entities.end()},
               [&](actors::StateView view) { promise.set_value(std::move(view)); });
    const actors::StateView view = promise.get_future().get();
    position_ = view.position;
    for (const actors::EntityState& entity : view.entities) {
      for (const actors::AttributeState& state : entity.attributes) {
        set({entity.entity, state.attribute}, schema::kBeginning, schema::kNever, state.value);
      }
    }
  }

  void take(const actors::EpochChanges& epoch) {
    for (const actors::Change& change : epoch.changes()) {
      set({change.entity, change.attribute}, change.from, change.to, change.is);
    }
  }

  void set(const WatchedAttribute& attribute, schema::EventTime from, schema::EventTime to,
           const schema::Value& value) {
    const auto found = by_attribute_.find(key(attribute));
    if (found == by_attribute_.end()) return;
    for (const std::size_t index : found->second) timelines_[index].set(from, to, value);
  }

  actors::Twin& twin_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_attribute_;
  std::vector<Timeline> timelines_;
  schema::Position position_ = 0;
};

Result<void> flush(EventSink& sink, EventText& batch, Watcher& watcher, RecordedRun& run) {
  if (batch.empty()) return {};
  Result<BatchOutcome> outcome = sink.submit(batch);
  if (!outcome.ok()) return outcome.error();
  run.totals.events += batch.items().size();
  run.totals.accepted += outcome->accepted;
  run.totals.duplicate += outcome->duplicate;
  run.totals.quarantined += outcome->quarantined;
  std::set<std::uint64_t> rows;
  for (const BatchOutcome::Refused& refused : outcome->refused) {
    rows.insert(refused.row);
    run.rejected.push_back({run.name, refused.line, refused.reason});
  }
  run.totals.rows_rejected += rows.size();
  batch.clear();
  return watcher.follow();
}

Result<void> feed_rows(RowFeed& feed, RowRange range, EventSink& sink, Watcher& watcher, RecordedRun& run) {
  EventText batch;
  std::size_t batch_rows = 0;
  while (feed.row() < range.last) {
    Result<RowFeed::Outcome> outcome = feed.next();
    if (!outcome.ok()) return outcome.error();
    if (*outcome == RowFeed::Outcome::end) break;
    if (feed.row() < range.first) continue;
    ++run.totals.rows;
    if (*outcome == RowFeed::Outcome::rejected) {
      ++run.totals.rows_rejected;
      run.rejected.push_back({run.name, feed.line(), feed.reason()});
      continue;
    }
    run.rows.push_back({feed.row(), feed.line(), feed.time()});
    batch.append(feed.events());
    if (++batch_rows < kBatchRows && batch.bytes() < kReplayBatchBytesMax) continue;
    batch_rows = 0;
    if (auto flushed = flush(sink, batch, watcher, run); !flushed.ok()) return flushed;
  }
  return flush(sink, batch, watcher, run);
}

}  // namespace

void Timeline::set(schema::EventTime from, schema::EventTime to, const schema::Value& value) {
  if (from >= to) return;
  if (to != schema::kNever && !values_.contains(to)) values_[to] = at(to);
  values_.erase(values_.lower_bound(from), values_.lower_bound(to));
  values_[from] = value;
}

schema::Value Timeline::at(schema::EventTime time) const {
  const auto after = values_.upper_bound(time);
  return after == values_.begin() ? schema::Value{} : std::prev(after)->second;
}

Result<RecordedRun> run_recorded(const std::shared_ptr<const schema::Model>& model, const Mapping& mapping,
                                 const std::string& file, RowRange range,
                                 std::span<const WatchedAttribute> watched) {
  Result<RowFeed> feed = RowFeed::open(file, mapping);
  if (!feed.ok()) return std::move(feed).error();
  actors::TwinOptions options;
  options.keep_history = false;
  options.clock = actors::ClockMode::events;
  auto twin = actors::Twin::start(model, actors::make_memory_journal(*model), options);
  if (!twin.ok()) return std::move(twin).error();
  const std::unique_ptr<EventSink> sink = make_twin_sink(**twin);
  Watcher watcher(**twin, watched);
  RecordedRun run;
  run.name = feed->name();
  const auto start = std::chrono::steady_clock::now();
  if (auto fed = feed_rows(*feed, range, *sink, watcher, run); !fed.ok()) return fed.error();
  run.totals.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.timelines = watcher.take_timelines();
  Result<std::string> digest = sink->digest();
  if (!digest.ok()) return std::move(digest).error();
  run.digest = std::move(digest).value();
  (*twin)->stop();
  return run;
}

}  // namespace pollux::server
