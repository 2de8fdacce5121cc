#include "schema/expression/expression_lexer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace pollux::schema {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool starts_unit(char c) {
  return is_letter(c) || c == '%' || (c & 0x80) != 0;
}

struct Spelling {
  std::string_view text;
  TokenKind kind;
};

constexpr std::array<Spelling, 5> kWords = {{{"and", TokenKind::word_and},
                                             {"or", TokenKind::word_or},
                                             {"not", TokenKind::word_not},
                                             {"true", TokenKind::word_true},
                                             {"false", TokenKind::word_false}}};

// Longer spellings first.
constexpr std::array<Spelling, 14> kSigns = {{{"==", TokenKind::equal},
                                              {"!=", TokenKind::not_equal},
                                              {"<=", TokenKind::less_equal},
                                              {">=", TokenKind::greater_equal},
                                              {"<", TokenKind::less},
                                              {">", TokenKind::greater},
                                              {"+", TokenKind::plus},
                                              {"-", TokenKind::minus},
                                              {"*", TokenKind::star},
                                              {"/", TokenKind::slash},
                                              {"^", TokenKind::caret},
                                              {"(", TokenKind::left_paren},
                                              {")", TokenKind::right_paren},
                                              {",", TokenKind::comma}}};

struct Habit {
  std::string_view text;
  TokenKind kind;
  std::string_view meant;
};

// What people used to other languages write.
constexpr std::array<Habit, 5> kHabits = {{{"&&", TokenKind::word_and, "and"},
                                           {"||", TokenKind::word_or, "or"},
                                           {"**", TokenKind::caret, "^"},
                                           {"=", TokenKind::equal, "=="},
                                           {"!", TokenKind::word_not, "not"}}};

std::optional<TokenKind> reserved_word(std::string_view word) {
  for (const Spelling& reserved : kWords) {
    if (reserved.text == word) return reserved.kind;
  }
  return std::nullopt;
}

class Lexer {
 public:
  Lexer(std::string_view text, ExpressionErrors& errors) : text_(text), errors_(errors) {}

  std::vector<Token> run() {
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) break;
      tokens_.push_back(next());
    }
    tokens_.push_back({TokenKind::end, at_, {}, 0, {}});
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  std::string_view from(std::size_t start) const { return text_.substr(start, at_ - start); }

  Token next() {
    const char c = peek();
    if (is_digit(c)) return number();
    if (is_letter(c)) return word();
    if (c == '"' || c == '\'') return quoted(c);
    return sign();
  }

  Token sign() {
    const std::string_view rest = text_.substr(at_);
    const std::size_t start = at_;
    for (const Habit& habit : kHabits) {
      if (!rest.starts_with(habit.text) || rest.starts_with("==") || rest.starts_with("!=")) continue;
      at_ += habit.text.size();
      errors_.add(start, "this is written differently here", std::string(habit.text),
                  std::string(habit.meant));
      return {habit.kind, start, from(start), 0, {}};
    }
    for (const Spelling& sign : kSigns) {
      if (!rest.starts_with(sign.text)) continue;
      at_ += sign.text.size();
      return {sign.kind, start, from(start), 0, {}};
    }
    ++at_;
    while (at_ < text_.size() && (text_[at_] & 0xc0) == 0x80) ++at_;  // the rest of a UTF-8 character
    errors_.add(start, "this character has no meaning in an expression", printable(from(start)),
                "a number, a name or an operator");
    return {TokenKind::invalid, start, from(start), 0, {}};
  }

  static std::string printable(std::string_view character) {
    if (character.size() > 1 || (character[0] >= ' ' && character[0] < 0x7f)) return std::string(character);
    return "byte " + std::to_string(static_cast<unsigned char>(character[0]));
  }

  Token word() {
    const std::size_t start = at_;
    while (is_letter(peek()) || is_digit(peek()) || (peek() == '.' && is_letter(peek(1)))) ++at_;
    const std::string_view text = from(start);
    return {reserved_word(text).value_or(TokenKind::name), start, text, 0, {}};
  }

  Token quoted(char quote) {
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') ++at_;
    const std::string_view inside = text_.substr(start + 1, at_ - start - 1);
    if (peek() != quote) {
      errors_.add(start, "a quoted word has no end", std::string(text_.substr(start, 32)),
                  std::string("a closing ") + quote);
      return {TokenKind::invalid, start, inside, 0, {}};
    }
    ++at_;
    return {TokenKind::quoted, start, inside, 0, {}};
  }

  Token number() {
    const std::size_t start = at_;
    skip_digits();
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      skip_digits();
    }
    const bool has_sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(has_sign ? 2 : 1))) {
      at_ += has_sign ? 2 : 1;
      skip_digits();
    }
    Token token{TokenKind::number, start, from(start), 0, {}};
    const auto [end, failure] =
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), token.number);
    if (failure != std::errc() || !std::isfinite(token.number)) {
      errors_.add(start, "this number is too large or too small to be kept",
                  std::string(token.text.substr(0, 32)), "a number between 1e-300 and 1e300");
      token.kind = TokenKind::invalid;
    }
    unit(token);
    return token;
  }

  void skip_digits() {
    while (is_digit(peek())) ++at_;
  }

  void unit(Token& number) {
    const std::size_t after_number = at_;
    while (peek() == ' ' || peek() == '\t') ++at_;
    const std::size_t start = at_;
    const bool is_reciprocal =
        peek() == '1' && peek(1) == '/' && starts_unit(peek(2)) && start > after_number;
    if (is_reciprocal) ++at_;
    if ((!is_reciprocal && !starts_unit(peek())) || is_reserved_ahead()) {
      at_ = after_number;
      return;
    }
    skip_unit();
    const Result<Unit> parsed = parse_unit(from(start));
    if (parsed) {
      number.unit = *parsed;
      return;
    }
    number.kind = TokenKind::invalid;
    const bool is_joined = from(start).find_first_of("*/^") != std::string_view::npos;
    errors_.add(start, parsed.error().message, std::string(from(start)),
                is_joined ? "a unit; put spaces around * and / that do not belong to it" : "a unit",
                nearest_unit(parsed.error().where));
  }

  bool is_reserved_ahead() const {
    std::size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    return reserved_word(text_.substr(at_, end - at_)).has_value();
  }

  // A unit goes on over *, / and ^ only where what follows without a space is again part of a unit.
  void skip_unit() {
    skip_symbol();
    while (true) {
      if ((peek() == '*' || peek() == '/') && (starts_unit(peek(1)) || peek(1) == '(')) {
        ++at_;
        if (peek() == '(') {
          skip_brackets();
        } else {
          skip_symbol();
        }
      } else if (peek() == '^' && (is_digit(peek(1)) || (peek(1) == '-' && is_digit(peek(2))))) {
        at_ += 2;
        skip_digits();
      } else {
        return;
      }
    }
  }

  void skip_symbol() {
    while (starts_unit(peek()) || is_digit(peek())) ++at_;
  }

  void skip_brackets() {
    int open = 0;
    do {
      if (peek() == '(') ++open;
      if (peek() == ')') --open;
      ++at_;
    } while (open > 0 && at_ < text_.size() && !is_space(peek()));
  }

  std::string_view text_;
  ExpressionErrors& errors_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, ExpressionErrors& errors) {
  return Lexer(text, errors).run();
}

}  // namespace pollux::schema
