// What a history must say, by the most naive means: every belief ever held, as an array over time.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "actors/history/history.h"

namespace pollux::actors::samples {

/// Random epochs of a handful of series over times 0, 1, 2, ... `kTimes`; each epoch moves the clock and
/// rewrites a bit of the past it may still revise.
class NaiveHistory {
 public:
  static constexpr int kTimes = 120;
  static constexpr int kLag = 9;
  static constexpr int kSeries = 5;

  explicit NaiveHistory(unsigned seed) : random_(seed) {
    beliefs_.push_back(std::vector<Function>(kSeries, Function(kTimes, 0)));
    for (int s = 0; s < kSeries; ++s) std::ranges::fill(beliefs_[0][s], s);
    clocks_.push_back(schema::kBeginning);
  }

  static Series series(int s) {
    return {static_cast<schema::EntityIndex>(s / 2), static_cast<schema::AttributeSlot>(s % 2)};
  }
  static schema::Value value(int v) {
    if (v % 7 == 6) return schema::Value::bad(schema::ValueType::number, schema::Reason::division_by_zero);
    return schema::Value::number(v, v % 5 == 4 ? schema::Quality::uncertain : schema::Quality::good,
                                 v % 5 == 4 ? schema::Reason::reported_by_source : schema::Reason::none);
  }

  EpochChangesPtr epoch() {
    const int before = clock_ < 0 ? 0 : clock_;
    const int clock = std::min(kTimes - 1, before + static_cast<int>(random_() % 4));
    const std::vector<Function> was = beliefs_.back();
    std::vector<Function> is = was;
    for (int edits = static_cast<int>(random_() % 5); edits > 0; --edits) {
      const int earliest = std::max(0, before - kLag);
      const int from = earliest + static_cast<int>(random_() % static_cast<unsigned>(clock - earliest + 1));
      const bool open = random_() % 2 == 0 || from == clock;
      const int to =
          open ? kTimes : from + 1 + static_cast<int>(random_() % static_cast<unsigned>(clock - from));
      auto& function = is[random_() % kSeries];
      std::fill(function.begin() + from, function.begin() + to, static_cast<int>(random_() % 9));
    }
    std::vector<Change> changes;
    for (int s = 0; s < kSeries; ++s) add_differences(s, was[s], is[s], before, changes);
    clock_ = clock;
    clocks_.push_back(clock);
    beliefs_.push_back(std::move(is));
    return std::make_shared<EpochChanges>(position(), clock, std::move(changes));
  }

  schema::Position position() const { return beliefs_.size() - 1; }
  schema::EventTime clock(schema::Position known) const { return clocks_[known]; }
  schema::Value at(int s, int time, schema::Position known) const {
    return value(beliefs_[known][s][static_cast<std::size_t>(time)]);
  }

 private:
  using Function = std::vector<int>;

  static void add_differences(int s, const Function& was, const Function& is, int before,
                              std::vector<Change>& changes) {
    for (int from = 0; from < kTimes;) {
      int to = from + 1;
      while (to < kTimes && was[to] == was[from] && is[to] == is[from]) ++to;
      if (was[from] != is[from]) {
        const Series of = series(s);
        changes.push_back({of.entity, of.attribute, from < before, from,
                           to == kTimes ? schema::kNever : schema::EventTime{to}, value(was[from]),
                           value(is[from])});
      }
      from = to;
    }
  }

  std::mt19937 random_;
  int clock_ = -1;
  std::vector<std::vector<Function>> beliefs_;  // by position, then series: the value at each time
  std::vector<schema::EventTime> clocks_;
};

}  // namespace pollux::actors::samples
