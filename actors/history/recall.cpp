#include "actors/history/recall.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "actors/history/history_query.h"
#include "actors/history/words.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::kBeginning;
using schema::Position;
using schema::Result;

namespace {

Error disagrees() {
  return {ErrorCode::corrupt, "the history does not go on where memory does", "",
          "restart with --rebuild-history; please report this"};
}

Error gone(const HistoryBounds& bounds) {
  return {
      ErrorCode::not_found,
      "the history no longer tells what was before " + schema::format_rfc3339(bounds.dropped_clock), "",
      "keep more of it (--history-age, --history-bytes); please report this, for it should have been kept"};
}

}  // namespace

/// What is asked for without having been kept would come out wrong, not missing.
Result<void> Recall::expect_kept(EventTime at) const {
  const HistoryBounds bounds = history_.bounds();
  if (bounds.dropped == 0 || (at >= bounds.dropped_clock && known_ >= bounds.dropped)) return {};
  return gone(bounds);
}

Result<std::vector<Version>> Recall::versions(const Series& series, EventTime from,
                                              const Version& held) const {
  const EventTime before = from == kBeginning ? from : from - 1;
  if (auto kept = expect_kept(before); !kept.ok()) return kept.error();
  const auto first = value_at(history_, series, {before, known_});
  if (!first.ok()) return first.error();
  if (!*first) return disagrees();
  auto page = versions_between(history_, series, before, held.from, known_, (**first).value,
                               std::numeric_limits<std::size_t>::max());
  if (!page.ok()) return page.error();
  std::vector<Version>& versions = page->versions;
  if (versions.empty() || versions.back().value == held.value) return disagrees();
  versions.front().from = std::min(versions.front().from, (**first).since);
  return std::move(versions);
}

/// An epoch tells nothing from after its own clock. So what is told of times from `from` on is told after the
/// clock had come there, and what was told before is looked through backwards, until the clock then lies
/// before the last observation found.
Result<Recall::Observed> Recall::observations(const Series& series, EventTime from, EventTime to) const {
  if (auto kept = expect_kept(from); !kept.ok()) return kept.error();
  const auto told = told_of(series);
  const auto settled = history_.position_at(from == kBeginning ? from : from - 1);
  if (!settled.ok()) return settled.error();
  Words words;
  auto visited = history_.visit(told, *settled + 1, known_, [&](const HistoryEntry& entry) {
    words.take(entry, Words::Order::later);
    return true;
  });
  if (!visited.ok()) return visited.error();

  EventTime last = words.last_before(from);
  const auto position_before = [&](EventTime time) {
    return time == kBeginning ? Result<Position>(Position{0}) : history_.position_at(time - 1);
  };
  Result<Position> enough = position_before(last);
  visited = history_.visit_back(told, std::min(*settled, known_), [&](const HistoryEntry& entry) {
    if (!enough.ok() || entry.position <= *enough) return false;
    words.take(entry, Words::Order::earlier);
    const EventTime found = words.last_before(from);
    if (found != last) enough = position_before(last = found);
    return true;
  });
  if (!visited.ok()) return visited.error();
  if (!enough.ok()) return enough.error();
  return Observed{words.standing(last, to), words.heard(last)};
}

}  // namespace pollux::actors
