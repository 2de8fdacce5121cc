#include "schema/model/yaml_tree.h"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <unordered_map>

#include "schema/model/model_file.h"

namespace pollux::schema {
namespace {

constexpr std::size_t kDescriptionBytesMax = 60;
/// Up to this many keys, comparing each with each is cheaper than hashing them.
constexpr std::size_t kKeysComparedMax = 16;

/// Lets a stream read a text in place.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

SourceLocation location(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// Thrown to make yaml-cpp stop once a bound is exceeded; caught in `YamlTree::read`.
struct BoundExceeded {};

/// The line of the first byte that is not UTF-8 or is a zero byte, or 0.
int first_unreadable_line(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size()) && text.find('\0') == std::string_view::npos)
    return 0;
  int number = 1;
  while (true) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const bool readable =
        simdjson::validate_utf8(line.data(), line.size()) && line.find('\0') == std::string_view::npos;
    if (!readable || line.size() == text.size()) return number;
    text.remove_prefix(line.size() + 1);
    ++number;
  }
}

bool check_bytes(std::string_view text, ErrorList& errors) {
  if (text.size() > kModelBytesMax) {
    errors.add({}, "the file is too large", std::to_string(text.size()) + " bytes",
               "at most " + std::to_string(kModelBytesMax) + " bytes");
    return false;
  }
  const int line = first_unreadable_line(text);
  if (line > 0) errors.add({line, 1}, "this line is not UTF-8 text", "", "a YAML file in UTF-8");
  return line == 0;
}

}  // namespace

/// Builds the tree from yaml-cpp's events, bottom up: the children of open containers wait on a stack.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  YamlTreeBuilder(YamlTree& tree, ErrorList& errors) : tree_(tree), errors_(errors) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(1, mark);
    finish(add_node(mark, YamlTree::Form::null), anchor, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) {
      errors_.add(location(mark), "this alias stands for something that contains it");
      throw BoundExceeded();
    }
    count(named->second.weight, mark);
    finish(named->second.node, YAML::NullAnchor, named->second.weight);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    count(1, mark);
    const std::uint32_t index = add_node(mark, YamlTree::Form::scalar);
    YamlTree::Node& node = tree_.nodes_[index];
    node.quoted = tag == "!";
    node.first = static_cast<std::uint32_t>(tree_.text_.size());
    node.count = static_cast<std::uint32_t>(value.size());
    tree_.text_ += value;
    finish(index, anchor, 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlTree::Form::sequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlTree::Form::mapping);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    locate_absent_values();
    drop_duplicate_keys();
    close();
  }

 private:
  struct Child {
    std::uint32_t node;
    std::size_t weight;  // nodes in it, aliases followed
  };
  struct Container {
    std::uint32_t node;
    YAML::anchor_t anchor;
    std::size_t first_child;  // in waiting_
  };

  std::uint32_t add_node(const YAML::Mark& mark, YamlTree::Form form) {
    YamlTree::Node node;
    node.line = static_cast<std::uint32_t>(mark.line + 1);
    node.column = static_cast<std::uint32_t>(mark.column + 1);
    node.form = form;
    tree_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(tree_.nodes_.size() - 1);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlTree::Form form) {
    check_tag(mark, tag);
    if (open_.size() >= kYamlDepthMax) {
      errors_.add(location(mark), "lists and mappings are nested too deeply", "",
                  "at most " + std::to_string(kYamlDepthMax) + " levels");
      throw BoundExceeded();
    }
    count(1, mark);
    open_.push_back({add_node(mark, form), anchor, waiting_.size()});
  }

  void close() {
    const Container container = open_.back();
    open_.pop_back();
    YamlTree::Node& node = tree_.nodes_[container.node];
    const std::size_t children = waiting_.size() - container.first_child;
    node.first = static_cast<std::uint32_t>(tree_.children_.size());
    node.count = static_cast<std::uint32_t>(node.form == YamlTree::Form::mapping ? children / 2 : children);
    std::size_t weight = 1;
    for (std::size_t i = container.first_child; i < waiting_.size(); ++i) {
      tree_.children_.push_back(waiting_[i].node);
      weight += waiting_[i].weight;
    }
    waiting_.resize(container.first_child);
    finish(container.node, container.anchor, weight);
  }

  void finish(std::uint32_t node, YAML::anchor_t anchor, std::size_t weight) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, weight};
    waiting_.push_back({node, weight});
    tree_.root_ = node;
  }

  void count(std::size_t weight, const YAML::Mark& mark) {
    total_ += weight;
    if (total_ <= kYamlNodesMax) return;
    errors_.add(location(mark), "the file holds too many values, aliases followed", "",
                "at most " + std::to_string(kYamlNodesMax) + " values");
    throw BoundExceeded();
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    errors_.add(location(mark), "YAML tags are not used in this file", tag, "the value without a tag");
  }

  /// A key without a value: YAML puts the nothing at whatever comes next, a person looks at the key.
  void locate_absent_values() {
    for (std::size_t i = open_.back().first_child; i + 1 < waiting_.size(); i += 2) {
      const YamlTree::Node& key = tree_.nodes_[waiting_[i].node];
      YamlTree::Node& value = tree_.nodes_[waiting_[i + 1].node];
      if (value.form != YamlTree::Form::null) continue;
      value.line = key.line;
      value.column = key.column;
    }
  }

  void drop_duplicate_keys() {
    const std::size_t first = open_.back().first_child;
    const bool many = waiting_.size() - first > 2 * kKeysComparedMax;
    std::unordered_map<std::string_view, std::uint32_t> seen;
    std::size_t kept = first;
    for (std::size_t i = first; i + 1 < waiting_.size(); i += 2) {
      const std::uint32_t key = waiting_[i].node;
      const std::uint32_t earlier = many ? seen.try_emplace(text_of(key), key).first->second
                                         : earlier_key(first, kept, text_of(key), key);
      if (!accept_key(key, earlier)) continue;
      waiting_[kept++] = waiting_[i];
      waiting_[kept++] = waiting_[i + 1];
    }
    waiting_.resize(kept);
  }

  std::uint32_t earlier_key(std::size_t first, std::size_t end, std::string_view text,
                            std::uint32_t key) const {
    for (std::size_t i = first; i < end; i += 2) {
      if (text_of(waiting_[i].node) == text) return waiting_[i].node;
    }
    return key;
  }

  bool accept_key(std::uint32_t key, std::uint32_t earlier) {
    const YamlTree::Node& node = tree_.nodes_[key];
    const SourceLocation where{static_cast<int>(node.line), static_cast<int>(node.column)};
    if (node.form != YamlTree::Form::scalar || node.count == 0) {
      errors_.add(where, "a key must be a name", YamlNode(tree_, key).description(), "a name");
      return false;
    }
    if (earlier == key) return true;
    errors_.add(where,
                "the key '" + std::string(text_of(key)) + "' is given twice; the first is on line " +
                    std::to_string(tree_.nodes_[earlier].line),
                std::string(text_of(key)), "each key once");
    return false;
  }

  std::string_view text_of(std::uint32_t index) const {
    const YamlTree::Node& node = tree_.nodes_[index];
    if (node.form != YamlTree::Form::scalar) return {};
    return std::string_view(tree_.text_).substr(node.first, node.count);
  }

  YamlTree& tree_;
  ErrorList& errors_;
  std::vector<Container> open_;
  std::vector<Child> waiting_;
  std::unordered_map<YAML::anchor_t, Child> anchors_;
  std::size_t total_ = 0;  // nodes so far, aliases followed
};

namespace {

bool is_indented_with_a_tab(std::string_view text, std::size_t at) {
  const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::string_view indent = text.substr(line, text.find_first_not_of(" \t", line) - line);
  return indent.find('\t') != std::string_view::npos;
}

/// What to do about what YAML stumbled over, where that is known.
std::string advice(std::string_view text, const YAML::Mark& mark) {
  const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
  if (at < text.size() && is_indented_with_a_tab(text, at))
    return "spaces: YAML takes no tabs as indentation";
  if (at >= text.size() || std::string_view("%@`").find(text[at]) == std::string_view::npos) return {};
  return std::string("quotes around what starts with ") + text[at] + ", as in \"" + text[at] + "\"";
}

/// Whether there is another one, whatever is wrong with it.
bool holds_a_document(YAML::Parser& parser, YamlTree& tree) {
  ErrorList ignored;
  YamlTreeBuilder builder(tree, ignored);
  try {
    return parser.HandleNextDocument(builder);
  } catch (const BoundExceeded&) {
    return true;
  }
}

/// Runs yaml-cpp over the text; false where it gave up, having said why.
bool read_events(std::string_view text, YamlTreeBuilder& builder, ErrorList& errors) {
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      errors.add({}, "the file is empty");
      return false;
    }
    YamlTree second;
    if (!holds_a_document(parser, second)) return true;
    errors.add(second.root().where(), "the file holds a second YAML document", "", "one document");
    return false;
  } catch (const BoundExceeded&) {
    return false;
  } catch (const YAML::ParserException& e) {
    errors.add(location(e.mark), "this is not YAML: " + e.msg, "", advice(text, e.mark));
  }
  return false;
}

}  // namespace

std::optional<YamlTree> YamlTree::read(std::string_view text, ErrorList& errors) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!check_bytes(text, errors)) return std::nullopt;
  YamlTree tree;
  YamlTreeBuilder builder(tree, errors);
  if (!read_events(text, builder, errors)) return std::nullopt;
  return tree;
}

YamlNode YamlTree::root() const {
  return {*this, root_};
}

SourceLocation YamlNode::where() const {
  return {static_cast<int>(node().line), static_cast<int>(node().column)};
}

std::string_view YamlNode::text() const {
  return is_scalar() ? std::string_view(tree_->text_).substr(node().first, node().count) : std::string_view();
}

std::string YamlNode::description() const {
  if (is_null()) return "nothing";
  if (is_sequence()) return "a list";
  if (is_mapping()) return "a mapping";
  if (text().empty()) return "an empty text";
  if (text().size() <= kDescriptionBytesMax) return std::string(text());
  return std::string(text().substr(0, kDescriptionBytesMax)) + "...";
}

std::optional<YamlNode> YamlNode::find(std::string_view key_text) const {
  for (std::size_t i = 0; is_mapping() && i < size(); ++i) {
    if (key(i).text() == key_text) return value(i);
  }
  return std::nullopt;
}

}  // namespace pollux::schema
