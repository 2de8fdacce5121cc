// A tree that grows leaf by leaf and finds the lowest common ancestor of two of its nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "schema/assert.h"

namespace pollux::schema {

/// Nodes are numbered from outside; the root is there from the start. Each node has one shortcut to an
/// ancestor, placed so that any ancestor is O(log depth) steps away (E. W. Myers, "An applicative
/// random-access stack", 1983): twelve bytes a node.
class AncestorTree {
 public:
  static constexpr std::uint32_t kAbsent = 0xffff'ffff;

  /// Room for nodes below `node_count`. REQUIRES: `root < node_count`.
  AncestorTree(std::size_t node_count, std::uint32_t root)
      : parent_(node_count, kAbsent), shortcut_(node_count, kAbsent), depth_(node_count, 0) {
    parent_[root] = shortcut_[root] = root;
  }

  /// REQUIRES: `parent` is in the tree, `node` is not.
  void add(std::uint32_t node, std::uint32_t parent) {
    POLLUX_ASSERT(has(parent) && !has(node), "a tree grows by new leaves");
    const std::uint32_t near = shortcut_[parent];
    const std::uint32_t far = shortcut_[near];
    const bool equally_long = depth_[parent] - depth_[near] == depth_[near] - depth_[far];
    parent_[node] = parent;
    shortcut_[node] = equally_long ? far : parent;
    depth_[node] = depth_[parent] + 1;
  }

  bool has(std::uint32_t node) const { return parent_[node] != kAbsent; }

  /// The root is its own parent. REQUIRES: in the tree.
  std::uint32_t parent(std::uint32_t node) const { return parent_[node]; }

  /// REQUIRES: both are in the tree.
  std::uint32_t lowest_common_ancestor(std::uint32_t a, std::uint32_t b) const {
    if (depth_[a] < depth_[b]) std::swap(a, b);
    while (depth_[a] > depth_[b]) a = depth_[shortcut_[a]] >= depth_[b] ? shortcut_[a] : parent_[a];
    while (a != b) {
      const bool beyond = shortcut_[a] == shortcut_[b];
      a = beyond ? parent_[a] : shortcut_[a];
      b = beyond ? parent_[b] : shortcut_[b];
    }
    return a;
  }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<std::uint32_t> shortcut_;
  std::vector<std::uint32_t> depth_;
};

}  // namespace pollux::schema
