#include "schema/graph/cascades.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/schema/random_graph.h"

namespace pollux::schema {
namespace {

TEST(Cascades, AreThoseOfASearchFromEachEntity) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    const Model model = samples::random_shape(random);
    std::vector<EntityIndex> all(model.entity_count());
    std::iota(all.begin(), all.end(), EntityIndex{0});
    std::ranges::shuffle(all, random);
    const std::vector<Cascade> cascades = count_cascades(model, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto reached = samples::reachable(model, {all[i]});
      const auto constraints = std::ranges::count_if(
          reached, [&](EntityIndex e) { return e != all[i] && model.type_of(e).constraint; });
      ASSERT_EQ(cascades[i].entities, reached.size() - 1) << "round " << round << ", " << model.id(all[i]);
      ASSERT_EQ(cascades[i].constraints, static_cast<std::size_t>(constraints));
    }
  }
}

TEST(Cascades, AreCountedAcrossManyPassesAndRowsInAnyOrder) {
  constexpr EntityIndex kLength = 2'000;
  std::vector<std::pair<EntityIndex, EntityIndex>> edges;
  for (EntityIndex e = 1; e < kLength; ++e) edges.emplace_back(e - 1, e);
  const Model chain = samples::shaped(std::vector(kLength, samples::kNode), edges);
  std::vector<EntityIndex> all(kLength);
  std::iota(all.begin(), all.end(), EntityIndex{0});
  for (int order = 0; order < 3; ++order) {
    if (order == 1) std::ranges::reverse(all);
    if (order == 2) std::ranges::shuffle(all, std::mt19937_64(4));
    const std::vector<Cascade> cascades = count_cascades(chain, all);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(cascades[i].entities, kLength - 1 - all[i]);
  }
}

}  // namespace
}  // namespace pollux::schema
