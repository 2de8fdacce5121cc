#include "schema/expression/expression_parser.h"

#include <initializer_list>

#include "schema/expression/expression_lexer.h"

namespace pollux::schema {
namespace {

constexpr double kExponentMax = 16;

bool is_comparison(TokenKind kind) {
  return kind >= TokenKind::equal && kind <= TokenKind::greater_equal;
}

// Recursive descent over the grammar of EXPRESSIONS.md, one function a rule.
class Parser {
 public:
  Parser(std::string_view text, ExpressionErrors& errors)
      : errors_(errors), tokens_(tokenize(text, errors)) {}

  ExpressionTree parse() {
    tree_.root = expression();
    if (current().kind != TokenKind::end) unexpected("an operator or the end");
    return std::move(tree_);
  }

 private:
  // Counts nesting for as long as it lives.
  class Level {
   public:
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  const Token& current() const { return tokens_[at_]; }

  Token take() {
    Token token = tokens_[at_];
    if (token.kind != TokenKind::end) ++at_;
    return token;
  }

  bool take_if(TokenKind kind) {
    if (current().kind != kind) return false;
    take();
    return true;
  }

  NodeIndex add(Node node) {
    tree_.nodes.push_back(std::move(node));
    return static_cast<NodeIndex>(tree_.nodes.size() - 1);
  }

  NodeIndex add(Node::Kind kind, std::size_t offset, std::vector<NodeIndex> children,
                std::vector<TokenKind> operators = {}) {
    return add({kind, offset, 0, {}, {}, std::move(children), std::move(operators)});
  }

  NodeIndex error_node() { return add(Node::Kind::error, current().offset, {}); }

  // Reports the current token, once for each run of tokens that make no sense, and skips to where an argument
  // or a bracket ends.
  void unexpected(const char* expected) {
    const Token& token = current();
    if (token.kind != TokenKind::invalid && !lost_) {
      const bool at_end = token.kind == TokenKind::end;
      errors_.add(token.offset, at_end ? "the expression ends too early" : "this cannot stand here",
                  at_end ? "the end" : std::string(token.text), expected);
    }
    lost_ = true;
    int open = 0;
    while (current().kind != TokenKind::end) {
      const TokenKind kind = current().kind;
      if (open == 0 && calls_ > 0 && (kind == TokenKind::comma || kind == TokenKind::right_paren)) break;
      if (kind == TokenKind::left_paren) ++open;
      if (kind == TokenKind::right_paren && open > 0) --open;
      take();
    }
  }

  NodeIndex too_deep() {
    if (!lost_) {
      errors_.add(current().offset, "the expression is nested too deeply", "more than 64 levels",
                  "at most 64; name a part of it as an attribute of its own");
    }
    lost_ = true;
    while (current().kind != TokenKind::end) take();
    return error_node();
  }

  template <class Next>
  NodeIndex chain(Node::Kind kind, std::initializer_list<TokenKind> joints, Next next) {
    const std::size_t offset = current().offset;
    std::vector<NodeIndex> children = {next()};
    std::vector<TokenKind> operators;
    const auto at_joint = [&] {
      for (const TokenKind joint : joints) {
        if (current().kind == joint) return true;
      }
      return false;
    };
    while (at_joint()) {
      operators.push_back(take().kind);
      children.push_back(next());
    }
    if (children.size() == 1) return children[0];
    return add(kind, offset, std::move(children), std::move(operators));
  }

  NodeIndex expression() {
    return chain(Node::Kind::disjunction, {TokenKind::word_or}, [this] { return conjunction(); });
  }

  NodeIndex conjunction() {
    return chain(Node::Kind::conjunction, {TokenKind::word_and}, [this] { return negation(); });
  }

  NodeIndex negation() {
    const std::size_t offset = current().offset;
    if (!take_if(TokenKind::word_not)) return comparison();
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return too_deep();
    return add(Node::Kind::logical_not, offset, {negation()});
  }

  NodeIndex comparison() {
    const std::size_t offset = current().offset;
    const NodeIndex left = sum();
    if (!is_comparison(current().kind)) return left;
    const TokenKind sign = take().kind;
    const NodeIndex right = sum();
    const NodeIndex result = add(Node::Kind::comparison, offset, {left, right}, {sign});
    if (!is_comparison(current().kind)) return result;
    errors_.add(current().offset, "comparisons do not chain", std::string(current().text),
                "two comparisons joined by 'and'");
    lost_ = true;
    unexpected("");
    return error_node();
  }

  NodeIndex sum() {
    return chain(Node::Kind::sum, {TokenKind::plus, TokenKind::minus}, [this] { return product(); });
  }

  NodeIndex product() {
    return chain(Node::Kind::product, {TokenKind::star, TokenKind::slash}, [this] { return unary(); });
  }

  NodeIndex unary() {
    const std::size_t offset = current().offset;
    if (!take_if(TokenKind::minus)) return power();
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return too_deep();
    const NodeIndex operand = unary();
    Node& node = tree_.nodes[operand];
    // So that -5 degC is a temperature and not the negative of one, which has no meaning.
    if (node.kind == Node::Kind::number && node.offset == tokens_[at_ - 1].offset && node.number >= 0) {
      node.number = -node.number;
      node.offset = offset;
      return operand;
    }
    return add(Node::Kind::negate, offset, {operand});
  }

  NodeIndex power() {
    const std::size_t offset = current().offset;
    const NodeIndex base = primary();
    if (!take_if(TokenKind::caret)) return base;
    const bool is_negative = take_if(TokenKind::minus);
    const Token exponent = current();
    const bool is_whole = exponent.kind == TokenKind::number && exponent.unit.is_plain() &&
                          exponent.text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_whole || exponent.number == 0 || exponent.number > kExponentMax) {
      return bad_exponent();
    }
    take();
    const NodeIndex result = add(Node::Kind::power, offset, {base});
    tree_.nodes[result].number = is_negative ? -exponent.number : exponent.number;
    if (current().kind != TokenKind::caret) return result;
    unexpected("brackets around the inner power");
    return error_node();
  }

  NodeIndex bad_exponent() {
    const Token& exponent = current();
    if (exponent.kind != TokenKind::invalid && !lost_) {
      errors_.add(exponent.offset, "this is not an exponent", std::string(exponent.text),
                  "a whole number from 1 to 16 or -1 to -16; else use pow(x, y) or sqrt(x)");
    }
    lost_ = true;
    unexpected("");
    return error_node();
  }

  NodeIndex primary() {
    const Token token = current();
    switch (token.kind) {
      case TokenKind::number:
        take();
        return add({Node::Kind::number, token.offset, token.number, token.unit, token.text, {}, {}});
      case TokenKind::word_true:
      case TokenKind::word_false:
        take();
        return add({Node::Kind::boolean,
                    token.offset,
                    token.kind == TokenKind::word_true ? 1.0 : 0.0,
                    {},
                    {},
                    {},
                    {}});
      case TokenKind::quoted:
        take();
        return add({Node::Kind::quoted, token.offset, 0, {}, token.text, {}, {}});
      case TokenKind::name:
        take();
        if (current().kind == TokenKind::left_paren) return call(token);
        return add({Node::Kind::name, token.offset, 0, {}, token.text, {}, {}});
      case TokenKind::left_paren:
        return brackets();
      case TokenKind::invalid:
        // The lexer has said what is wrong; an operand was probably meant.
        take();
        return add(Node::Kind::error, token.offset, {});
      default:
        unexpected("a number, a name or an opening bracket");
        return error_node();
    }
  }

  NodeIndex brackets() {
    const std::size_t offset = take().offset;
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return too_deep();
    ++calls_;
    const NodeIndex inner = expression();
    if (current().kind != TokenKind::right_paren) unexpected("an operator or ')'");
    --calls_;
    close(offset);
    return inner;
  }

  void close(std::size_t opened_at) {
    if (take_if(TokenKind::right_paren)) {
      lost_ = false;
    } else if (!lost_) {
      errors_.add(opened_at, "this bracket is never closed", "(", "a ')' that belongs to it");
      lost_ = true;
    }
  }

  NodeIndex call(const Token& name) {
    const std::size_t offset = take().offset;
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return too_deep();
    ++calls_;
    std::vector<NodeIndex> arguments;
    if (current().kind != TokenKind::right_paren) {
      do {
        lost_ = false;
        arguments.push_back(expression());
        const TokenKind kind = current().kind;
        if (kind != TokenKind::comma && kind != TokenKind::right_paren) unexpected("an operator, ',' or ')'");
      } while (take_if(TokenKind::comma));
    }
    --calls_;
    close(offset);
    return add({Node::Kind::call, name.offset, 0, {}, name.text, std::move(arguments), {}});
  }

  ExpressionErrors& errors_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int calls_ = 0;      // brackets open around the current token
  bool lost_ = false;  // a mistake was reported and its end not found yet
  ExpressionTree tree_;
};

}  // namespace

ExpressionTree parse_expression(std::string_view text, ExpressionErrors& errors) {
  return Parser(text, errors).parse();
}

}  // namespace pollux::schema
