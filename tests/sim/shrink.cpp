#include "tests/sim/shrink.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "tests/sim/isolated.h"

namespace pollux::sim {
namespace {

/// With less to do a schedule goes another way, and may miss what another one meets.
constexpr std::uint64_t kSchedulesTried = 6;

/// What went wrong without where: the first line less names and numbers.
std::string kind_of(const std::string& how) {
  std::istringstream words(how.substr(0, how.find('\n')));
  std::string kind;
  for (std::string word; words >> word;) {
    if (std::ranges::none_of(word, [](char c) { return c >= '0' && c <= '9'; })) kind += word + " ";
  }
  return kind;
}

/// Tries candidates; the last one that failed is the smallest so far. A case that fails in another way is
/// another failure.
class Shrinker {
 public:
  Shrinker(CaseFile file, const Fails& fails)
      : smallest_(std::move(file)), fails_(fails), kind_(kind_of(fails(smallest_))) {}

  CaseFile run() {
    for (int round = 0; round < kShrinkRoundsMax; ++round) {
      shrunk_ = false;
      drop_from([](CaseFile & file) -> auto& { return file.deliveries; });
      for (std::size_t i = 0; i < smallest_.deliveries.size(); ++i) {
        drop_from([i](CaseFile & file) -> auto& { return file.deliveries[i]; });
      }
      drop_faults();
      drop_disorder();
      drop_from([](CaseFile & file) -> auto& { return file.model; });
      if (!shrunk_) break;
    }
    return std::move(smallest_);
  }

 private:
  bool try_this(CaseFile candidate) {
    const bool empty = std::ranges::any_of(candidate.deliveries, [](const auto& d) { return d.empty(); });
    if (empty || candidate.deliveries.empty()) return false;
    const std::uint64_t seed = candidate.conditions.seed;
    for (std::uint64_t schedule = 0; schedule < kSchedulesTried; ++schedule) {
      candidate.conditions.seed = seed + schedule;
      const std::string how = fails_(candidate);
      if (how.empty() || kind_of(how) != kind_) continue;
      smallest_ = std::move(candidate);
      shrunk_ = true;
      return true;
    }
    return false;
  }

  /// Takes away ever smaller parts of a list, the last ones first: what comes later may rest on what comes
  /// before.
  template <class List>
  void drop_from(List list) {
    for (std::size_t part = std::max<std::size_t>(1, list(smallest_).size() / 2); part > 0; part /= 2) {
      for (std::size_t end = list(smallest_).size(); end > 0;) {
        const std::size_t from = end - std::min(part, end);
        CaseFile candidate = smallest_;
        auto& all = list(candidate);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(from),
                  all.begin() + static_cast<std::ptrdiff_t>(end));
        try_this(std::move(candidate));
        end = from;
      }
    }
  }

  void drop_faults() {
    for (const auto& [name, condition] : kConditions) {
      if (condition == &Conditions::seed) continue;
      CaseFile candidate = smallest_;
      candidate.conditions.*condition = Conditions().*condition;
      if (candidate.conditions.*condition == smallest_.conditions.*condition) continue;
      if (try_this(candidate)) continue;
      candidate.conditions.*condition = std::min<std::uint64_t>(1, smallest_.conditions.*condition);
      if (candidate.conditions.*condition != smallest_.conditions.*condition) try_this(std::move(candidate));
    }
  }

  /// Binds nothing to an entity's many-inputs.
  void drop_members() {
    for (std::size_t line = 0; line < smallest_.model.size(); ++line) {
      const std::string& text = smallest_.model[line];
      const std::size_t open = text.find('[');
      const std::size_t close = text.find(']');
      if (open == std::string::npos || close == std::string::npos || close <= open + 1) continue;
      CaseFile candidate = smallest_;
      candidate.model[line].erase(open + 1, close - open - 1);
      try_this(std::move(candidate));
    }
  }

  /// All in one delivery, or two next to each other the other way round, the earlier event first.
  void drop_disorder() {
    CaseFile candidate = smallest_;
    auto& deliveries = candidate.deliveries;
    while (deliveries.size() > 1) {
      deliveries.front().insert(deliveries.front().end(), deliveries.back().begin(), deliveries.back().end());
      deliveries.pop_back();
    }
    if (smallest_.deliveries.size() > 1) try_this(std::move(candidate));
    for (std::size_t i = 0; i + 1 < smallest_.deliveries.size(); ++i) {
      if (time_of(smallest_.deliveries[i]) <= time_of(smallest_.deliveries[i + 1])) continue;
      candidate = smallest_;
      std::swap(candidate.deliveries[i], candidate.deliveries[i + 1]);
      try_this(std::move(candidate));
    }
  }

  /// As written, which sorts like the time itself within a century.
  static std::string time_of(const std::vector<std::string>& delivery) {
    const std::string& event = delivery.front();
    const std::size_t at = event.find("\"time\":");
    return at == std::string::npos ? "" : event.substr(at, event.find(',', at) - at);
  }

  CaseFile smallest_;
  const Fails& fails_;
  const std::string kind_;
  bool shrunk_ = false;
};

}  // namespace

std::string fails_in_simulation(const CaseFile& file) {
  std::string why;
  const auto one = load(file, why);
  if (!one) return {};
  return run_isolated([&] { return simulate(one->model, one->deliveries, file.conditions).wrong; });
}

CaseFile shrink(CaseFile file, const Fails& fails) {
  return Shrinker(std::move(file), fails).run();
}

std::string explain_failure(const CaseFile& file, const Fails& fails) {
  if (fails(file).empty())
    return "it does not fail again when it is read back from a file:\n" + to_text(file);
  CaseFile smallest = shrink(file, fails);
  const std::string how = fails(smallest);
  smallest.note = how.substr(0, how.find('\n'));
  return "shrunk, it still fails: " + how + "\nkeep it as a file in tests/sim/regressions:\n" +
         to_text(smallest);
}

}  // namespace pollux::sim
