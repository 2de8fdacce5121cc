#include "server/cli/watch/causes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pollux::server::cli {
namespace {

/// Levels shown where nothing points at a cause.
constexpr std::size_t kLevelsWithoutRoot = 2;
/// Lines of one story; a story nobody can take in at a glance explains nothing.
constexpr std::size_t kLinesMax = 24;

using Entities = std::set<std::string>;

void collect_entities(const ShownCause& cause, Entities& entities) {
  for (const ShownCause& input : cause.inputs) {
    entities.insert(input.entity);
    collect_entities(input, entities);
  }
}

Entities entities_below(const ShownCause& explanation) {
  Entities entities;
  collect_entities(explanation, entities);
  return entities;
}

bool more_specific(const Entities& one, const Entities& than) {
  return one.size() < than.size() && std::includes(than.begin(), than.end(), one.begin(), one.end());
}

/// Shortens one explanation; `watched` names, by value, the more specific violated constraints.
class Story {
 public:
  Story(const ShownCause& explanation, std::map<std::string, std::vector<std::string>> watched)
      : explanation_(explanation), watched_(std::move(watched)) {
    told_.constraint = explanation.entity;
  }

  CauseStory tell() {
    std::vector<std::string> way = {explanation_.entity};
    told_.chain = way;
    for (const ShownCause& input : explanation_.inputs) visit(input, 0, way);
    return std::move(told_);
  }

 private:
  bool is_watched(const ShownCause& cause) const { return watched_.contains(cause.name()); }

  bool leads_to_watched(const ShownCause& cause) const {
    return is_watched(cause) || std::any_of(cause.inputs.begin(), cause.inputs.end(),
                                            [&](const auto& input) { return leads_to_watched(input); });
  }

  bool shown(const ShownCause& cause, std::size_t depth) const {
    if (cause.role == "parameter") return false;
    return depth == 0 || leads_to_watched(cause) || (watched_.empty() && depth < kLevelsWithoutRoot);
  }

  void visit(const ShownCause& cause, std::size_t depth, std::vector<std::string>& way) {
    if (!shown(cause, depth) || told_.lines.size() == kLinesMax) return;
    const std::size_t line = told_.lines.size();
    told_.lines.push_back({depth, cause.name(), cause.value, {}, false});
    // A value reached by several ways is told once.
    if (!visited_.insert(cause.name()).second) {
      told_.lines[line].more = !cause.inputs.empty();
      return;
    }
    way.push_back(cause.name());
    if (is_watched(cause)) {
      told_.lines[line].also_violated = watched_.at(cause.name());
      if (way.size() > told_.chain.size()) told_.chain = way;
    }
    const std::size_t before = told_.lines.size();
    for (const ShownCause& input : cause.inputs) visit(input, depth + 1, way);
    told_.lines[line].more = told_.lines.size() == before && !cause.inputs.empty();
    way.pop_back();
  }

  const ShownCause& explanation_;
  std::map<std::string, std::vector<std::string>> watched_;
  std::set<std::string> visited_;
  CauseStory told_;
};

}  // namespace

CauseStory tell(const std::vector<ShownCause>& explanations, std::size_t which) {
  const ShownCause& explanation = explanations.at(which);
  const Entities below = entities_below(explanation);
  std::map<std::string, std::vector<std::string>> watched;
  for (const ShownCause& other : explanations) {
    if (!more_specific(entities_below(other), below)) continue;
    for (const ShownCause& input : other.inputs) {
      if (input.role != "parameter") watched[input.name()].push_back(other.entity);
    }
  }
  return Story(explanation, std::move(watched)).tell();
}

std::vector<CauseStory> tell_all(const std::vector<ShownCause>& explanations) {
  std::vector<std::pair<std::size_t, std::size_t>> order;
  order.reserve(explanations.size());
  for (std::size_t i = 0; i < explanations.size(); ++i) {
    order.emplace_back(entities_below(explanations[i]).size(), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<CauseStory> stories;
  stories.reserve(order.size());
  for (const auto& [breadth, which] : order) stories.push_back(tell(explanations, which));
  return stories;
}

}  // namespace pollux::server::cli
