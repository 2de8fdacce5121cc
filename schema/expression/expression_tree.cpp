#include "schema/expression/expression_tree.h"

#include <algorithm>

namespace pollux::schema {

void ExpressionErrors::add(std::size_t offset, std::string message, std::string found, std::string expected,
                           std::string nearest) {
  if (diagnostics_.size() == kErrorsMax) return;
  SourceLocation at = where_;
  for (std::size_t i = 0; i < std::min(offset, text_.size()); ++i) {
    ++at.column;
    if (text_[i] == '\n') at = {at.line + 1, 1};
  }
  diagnostics_.push_back({at, std::move(message), std::move(found), std::move(expected), std::move(nearest)});
}

Diagnostics ExpressionErrors::take() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  });
  return std::move(diagnostics_);
}

}  // namespace pollux::schema
