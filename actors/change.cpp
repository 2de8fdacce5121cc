#include "actors/change.h"

#include <algorithm>
#include <tuple>

namespace pollux::actors {

namespace {

/// Lays a change over those of the same attribute so far: disjoint, ascending. What lies before it is not
/// touched, for a loop tells of one more change at the end in each of very many rounds.
void lay_over(std::vector<Change>& so_far, const Change& change) {
  const auto met =
      std::ranges::partition_point(so_far, [&](const Change& old) { return old.to <= change.from; });
  const std::vector<Change> reached(met, so_far.end());
  so_far.erase(met, so_far.end());
  std::vector<Change> result;
  schema::EventTime told_to = change.from;
  const auto put = [&](const Change& of, schema::EventTime from, schema::EventTime to,
                       const schema::Value& was, const schema::Value& is) {
    if (from >= to) return;
    result.push_back(of);
    result.back().from = from;
    result.back().to = to;
    result.back().was = was;
    result.back().is = is;
  };
  for (const Change& old : reached) {
    put(old, old.from, std::min(old.to, change.from), old.was, old.is);
    put(change, told_to, std::min(old.from, change.to), change.was, change.is);
    put(change, std::max(old.from, change.from), std::min(old.to, change.to), old.was, change.is);
    told_to = std::max(told_to, std::min(old.to, change.to));
    put(old, std::max(old.from, change.to), old.to, old.was, old.is);
  }
  put(change, told_to, change.to, change.was, change.is);
  std::ranges::stable_sort(result, {}, &Change::from);
  so_far.insert(so_far.end(), result.begin(), result.end());
}

}  // namespace

std::vector<Change> net_changes(std::vector<Change> changes, schema::EventTime before) {
  std::ranges::stable_sort(changes, [](const Change& a, const Change& b) {
    return std::tie(a.entity, a.attribute) < std::tie(b.entity, b.attribute);
  });
  std::vector<Change> net;
  std::vector<Change> so_far;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    lay_over(so_far, changes[i]);
    const bool more = i + 1 < changes.size() && changes[i + 1].entity == changes[i].entity &&
                      changes[i + 1].attribute == changes[i].attribute;
    if (more) continue;
    for (Change& change : so_far) {
      if (change.was == change.is) continue;
      change.revision = change.from < before;
      net.push_back(change);
    }
    so_far.clear();
  }
  return net;
}

const std::vector<Change>& EpochChanges::changes() const {
  const auto earlier = [](const Change& a, const Change& b) {
    return std::tie(a.entity, a.attribute, a.from) < std::tie(b.entity, b.attribute, b.from);
  };
  std::call_once(ordered_once_, [&] {
    if (std::ranges::is_sorted(recorded_, earlier)) return;
    ordered_ = recorded_;
    std::ranges::stable_sort(ordered_, earlier);
  });
  return ordered_.empty() ? recorded_ : ordered_;
}

}  // namespace pollux::actors
