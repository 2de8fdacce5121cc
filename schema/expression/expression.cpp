#include "schema/expression/expression.h"

#include "schema/expression/expression_compiler.h"
#include "schema/expression/expression_parser.h"

namespace pollux::schema {

std::variant<CompiledExpression, Diagnostics> compile(std::string_view text, SourceLocation where,
                                                      Scope& scope, const ValueSpec* expected) {
  ExpressionErrors errors(text.substr(0, kExpressionBytesMax), where);
  if (text.size() > kExpressionBytesMax) {
    errors.add(0, "the expression is too long", std::to_string(text.size()) + " bytes",
               "at most 4096; name a part of it as an attribute of its own");
    return errors.take();
  }
  const ExpressionTree tree = parse_expression(text, errors);
  std::optional<CompiledExpression> compiled = ExpressionCompiler(tree, scope, errors).compile(expected);
  if (!errors.empty()) return errors.take();
  return *std::move(compiled);
}

}  // namespace pollux::schema
