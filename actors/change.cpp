#include "actors/change.h"

#include <algorithm>
#include <tuple>

namespace pollux::actors {

namespace {

/// Lays a change over those of the same attribute so far: disjoint, ascending.
void lay_over(std::vector<Change>& so_far, const Change& change) {
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
  for (const Change& old : so_far) {
    if (old.to <= change.from) {
      result.push_back(old);
      continue;
    }
    put(old, old.from, std::min(old.to, change.from), old.was, old.is);
    put(change, told_to, std::min(old.from, change.to), change.was, change.is);
    put(change, std::max(old.from, change.from), std::min(old.to, change.to), old.was, change.is);
    told_to = std::max(told_to, std::min(old.to, change.to));
    put(old, std::max(old.from, change.to), old.to, old.was, old.is);
  }
  put(change, told_to, change.to, change.was, change.is);
  std::ranges::stable_sort(result, {}, &Change::from);
  so_far = std::move(result);
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
  std::call_once(sorted_, [this] {
    std::ranges::stable_sort(changes_, [](const Change& a, const Change& b) {
      return std::tie(a.entity, a.attribute, a.from) < std::tie(b.entity, b.attribute, b.from);
    });
  });
  return changes_;
}

}  // namespace pollux::actors
