// From the text of an expression to its syntax tree.
#pragma once

#include <string_view>

#include "schema/expression/expression_tree.h"

namespace pollux::schema {

inline constexpr std::size_t kExpressionBytesMax = 4096;
inline constexpr int kExpressionDepthMax = 64;

/// The tree of `text`. Mistakes go to `errors`; where they stand the tree has nodes of kind `error`, so that
/// the rest can still be checked. Always ends: every step consumes text, and nesting is bounded.
ExpressionTree parse_expression(std::string_view text, ExpressionErrors& errors);

}  // namespace pollux::schema
