// A YAML text as a syntax tree in which every node knows its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/diagnostic.h"
#include "schema/model/error_list.h"

namespace pollux::schema {

/// Bounds on a YAML text. Nodes reached through an alias count each time they are reached, so that a small
/// text cannot stand for a huge one.
inline constexpr std::size_t kYamlDepthMax = 64;
inline constexpr std::size_t kYamlNodesMax = 64u << 20;

class YamlNode;

/// An immutable syntax tree. Duplicate keys are reported and dropped while reading; aliases share the node
/// they name.
class YamlTree {
 public:
  /// Reads one document. Reports what is wrong to `errors`; nullopt where there is no tree to speak of.
  static std::optional<YamlTree> read(std::string_view text, ErrorList& errors);

  YamlNode root() const;

 private:
  friend class YamlNode;
  friend class YamlTreeBuilder;
  enum class Form : std::uint8_t { null, scalar, sequence, mapping };

  struct Node {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t first = 0;  // into text_ or children_
    std::uint32_t count = 0;  // bytes, items, or entries
    Form form = Form::null;
    bool quoted = false;
  };

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> children_;  // items of sequences; key, value, key, value, ... of mappings
  std::string text_;
  std::uint32_t root_ = 0;
};

/// A node of a tree, which must outlive it. Cheap to copy.
class YamlNode {
 public:
  SourceLocation where() const;
  bool is_null() const { return node().form == YamlTree::Form::null; }
  bool is_scalar() const { return node().form == YamlTree::Form::scalar; }
  bool is_sequence() const { return node().form == YamlTree::Form::sequence; }
  bool is_mapping() const { return node().form == YamlTree::Form::mapping; }
  /// A scalar in quotes or written as a block, which YAML never takes for a number or a truth value.
  bool is_quoted() const { return node().quoted; }

  /// The text of a scalar, else empty.
  std::string_view text() const;
  /// What stands there, for a person: the text of a scalar, cut where it is long, or `a list`, `a mapping`.
  std::string description() const;

  /// Items of a sequence or entries of a mapping.
  std::size_t size() const { return is_sequence() || is_mapping() ? node().count : 0; }
  YamlNode item(std::size_t index) const { return at(tree_->children_[node().first + index]); }
  YamlNode key(std::size_t index) const { return at(tree_->children_[node().first + 2 * index]); }
  YamlNode value(std::size_t index) const { return at(tree_->children_[node().first + 2 * index + 1]); }
  /// The value of a key of a mapping. Linear in the number of keys.
  std::optional<YamlNode> find(std::string_view key) const;

 private:
  friend class YamlTree;
  friend class YamlTreeBuilder;
  YamlNode(const YamlTree& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  const YamlTree::Node& node() const { return tree_->nodes_[index_]; }
  YamlNode at(std::uint32_t index) const { return {*tree_, index}; }

  const YamlTree* tree_;
  std::uint32_t index_;
};

}  // namespace pollux::schema
