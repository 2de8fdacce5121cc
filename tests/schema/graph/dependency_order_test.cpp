#include "schema/graph/dependency_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace pollux::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Grouped<std::uint32_t> graph(std::size_t nodes,
                             const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges) {
  GroupedBuilder<std::uint32_t> builder;
  for (const auto& [from, to] : edges) builder.add(from, to);
  return std::move(builder).build(nodes);
}

TEST(DependencyOrder, TakesTheLowestOfTheNodesThatAreReady) {
  EXPECT_THAT(topological_order(graph(5, {{3, 0}, {0, 1}})), ElementsAre(2, 3, 0, 1, 4));
}

TEST(DependencyOrder, LeavesOutWhatIsOnACycleOrBehindOne) {
  EXPECT_THAT(topological_order(graph(4, {{0, 1}, {1, 2}, {2, 1}, {2, 3}})), ElementsAre(0));
}

TEST(FindCycles, FindsNoneInADiamond) {
  EXPECT_THAT(find_cycles(graph(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}})), IsEmpty());
}

TEST(FindCycles, GivesOneShortestCycleAComponentStartingWithItsLowestNode) {
  // 1 -> 2 -> 3 -> 1 with a shortcut 1 -> 3, fed by 0; and 4 by itself, behind them.
  EXPECT_THAT(find_cycles(graph(5, {{0, 1}, {1, 2}, {2, 3}, {3, 1}, {1, 3}, {3, 4}, {4, 4}})),
              ElementsAre(ElementsAre(1, 3), ElementsAre(4)));
}

TEST(FindCycles, NeedsNoStackForAVeryLongCycle) {
  constexpr std::uint32_t kNodes = 1'000'000;
  GroupedBuilder<std::uint32_t> builder;
  for (std::uint32_t i = 0; i < kNodes; ++i) builder.add(i, (i + 1) % kNodes);
  const auto cycles = find_cycles(std::move(builder).build(kNodes));
  ASSERT_EQ(cycles.size(), 1u);
  EXPECT_EQ(cycles[0].size(), kNodes);
}

}  // namespace
}  // namespace pollux::schema
