#include "schema/graph/dependency_order.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace pollux::schema {
namespace {

constexpr std::uint32_t kUnvisited = 0xffff'ffff;

/// Numbers the strongly connected components: two nodes with the same number reach each other.
class Components {
 public:
  explicit Components(const Grouped<std::uint32_t>& dependents)
      : dependents_(dependents),
        number_(dependents.rows(), kUnvisited),
        lowest_(dependents.rows(), 0),
        component_(dependents.rows(), kUnvisited) {
    for (std::uint32_t node = 0; node < dependents.rows(); ++node) {
      if (number_[node] == kUnvisited) visit_from(node);
    }
  }

  const std::vector<std::uint32_t>& numbers() const { return component_; }

 private:
  struct Frame {
    std::uint32_t node;
    std::uint32_t next = 0;
  };

  void visit_from(std::uint32_t start) {
    open(start);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const auto after = dependents_[frame.node];
      if (frame.next < after.size()) {
        const std::uint32_t next = after[frame.next++];
        if (number_[next] == kUnvisited) {
          open(next);
        } else if (component_[next] == kUnvisited) {
          lowest_[frame.node] = std::min(lowest_[frame.node], number_[next]);
        }
      } else {
        close(frame.node);
      }
    }
  }

  void open(std::uint32_t node) {
    number_[node] = lowest_[node] = count_++;
    members_.push_back(node);
    frames_.push_back({node});
  }

  void close(std::uint32_t node) {
    frames_.pop_back();
    if (!frames_.empty()) {
      std::uint32_t& above = lowest_[frames_.back().node];
      above = std::min(above, lowest_[node]);
    }
    if (lowest_[node] != number_[node]) return;
    while (component_[node] == kUnvisited) {
      component_[members_.back()] = components_;
      members_.pop_back();
    }
    ++components_;
  }

  const Grouped<std::uint32_t>& dependents_;
  std::vector<std::uint32_t> number_;  // in the order of the visit
  std::vector<std::uint32_t> lowest_;  // the lowest number reachable through the visit's tree
  std::vector<std::uint32_t> component_;
  std::vector<std::uint32_t> members_;
  std::vector<Frame> frames_;
  std::uint32_t count_ = 0;
  std::uint32_t components_ = 0;
};

/// The shortest way from `start` back to itself within its component; empty when there is none.
std::vector<std::uint32_t> shortest_cycle(std::uint32_t start, const Grouped<std::uint32_t>& dependents,
                                          const std::vector<std::uint32_t>& component,
                                          std::vector<std::uint32_t>& came_from) {
  std::queue<std::uint32_t> reached({start});
  while (!reached.empty()) {
    const std::uint32_t node = reached.front();
    reached.pop();
    for (const std::uint32_t next : dependents[node]) {
      if (next == start) {
        std::vector<std::uint32_t> cycle;
        for (std::uint32_t at = node; at != start; at = came_from[at]) cycle.push_back(at);
        cycle.push_back(start);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (component[next] != component[start] || came_from[next] != kUnvisited) continue;
      came_from[next] = node;
      reached.push(next);
    }
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> topological_order(const Grouped<std::uint32_t>& dependents) {
  std::vector<std::uint32_t> waiting_for(dependents.rows(), 0);
  for (const std::uint32_t node : dependents.items()) ++waiting_for[node];
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  for (std::uint32_t node = 0; node < dependents.rows(); ++node) {
    if (waiting_for[node] == 0) ready.push(node);
  }
  std::vector<std::uint32_t> order;
  order.reserve(dependents.rows());
  while (!ready.empty()) {
    const std::uint32_t node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const std::uint32_t next : dependents[node]) {
      if (--waiting_for[next] == 0) ready.push(next);
    }
  }
  return order;
}

std::vector<std::vector<std::uint32_t>> find_cycles(const Grouped<std::uint32_t>& dependents) {
  const Components components(dependents);
  std::vector<bool> done(dependents.rows(), false);  // by component
  std::vector<std::uint32_t> came_from(dependents.rows(), kUnvisited);
  std::vector<std::vector<std::uint32_t>> cycles;
  for (std::uint32_t node = 0; node < dependents.rows(); ++node) {
    const std::uint32_t component = components.numbers()[node];
    if (done[component]) continue;
    done[component] = true;
    auto cycle = shortest_cycle(node, dependents, components.numbers(), came_from);
    if (!cycle.empty()) cycles.push_back(std::move(cycle));
  }
  return cycles;
}

}  // namespace pollux::schema
