// Cuts the text of an expression into tokens; a number and its unit are one token.
#pragma once

#include <string_view>
#include <vector>

#include "schema/expression/expression_tree.h"

namespace pollux::schema {

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;  ///< In bytes from the start of the text.
  std::string_view text;   ///< As written; for quoted words without the quotes.
  double number = 0;
  Unit unit;
};

/// The tokens of `text`, ending with one of kind `end`. Mistakes go to `errors` and leave an `invalid` token
/// or the token that was probably meant. The tokens view `text`.
std::vector<Token> tokenize(std::string_view text, ExpressionErrors& errors);

}  // namespace pollux::schema
