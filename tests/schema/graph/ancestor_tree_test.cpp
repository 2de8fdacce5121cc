#include "schema/graph/ancestor_tree.h"

#include <gtest/gtest.h>

#include <random>

namespace pollux::schema {
namespace {

std::uint32_t naive(const AncestorTree& tree, std::uint32_t a, std::uint32_t b, std::uint32_t root) {
  std::vector<bool> above(64, false);
  for (;; a = tree.parent(a)) {
    above[a] = true;
    if (a == root) break;
  }
  while (!above[b]) b = tree.parent(b);
  return b;
}

TEST(AncestorTree, FindsTheLowestCommonAncestorInTreesOfAnyShape) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    AncestorTree tree(64, 63);
    const std::uint32_t reach = 1 + static_cast<std::uint32_t>(random() % 8);  // 1: a chain
    for (std::uint32_t node = 0; node < 63; ++node) {
      const bool at_root = node == 0 || random() % 20 == 0;
      const std::uint32_t back =
          1 + static_cast<std::uint32_t>(random() % std::min(reach, std::max(node, 1u)));
      tree.add(node, at_root ? 63 : node - back);
    }
    for (std::uint32_t a = 0; a < 64; ++a) {
      for (std::uint32_t b = 0; b < 64; ++b) {
        ASSERT_EQ(tree.lowest_common_ancestor(a, b), naive(tree, a, b, 63)) << "round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace pollux::schema
