// The mistakes found in one file so far, bounded.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "schema/diagnostic.h"
#include "schema/model/model_file.h"

namespace pollux::schema {

/// Collects up to `kModelDiagnosticsMax` mistakes; what is found beyond them is dropped. Checking goes on
/// while there is room, so that one run shows as much as a person can use.
class ErrorList {
 public:
  void add(SourceLocation where, std::string message, std::string found = {}, std::string expected = {},
           std::string nearest = {}) {
    add({where, std::move(message), std::move(found), std::move(expected), std::move(nearest)});
  }
  void add(Diagnostic diagnostic) {
    if (!full()) diagnostics_.push_back(std::move(diagnostic));
  }

  bool empty() const { return diagnostics_.empty(); }
  bool full() const { return diagnostics_.size() >= kModelDiagnosticsMax; }

  /// All of them, in the order of the file.
  Diagnostics sorted() && {
    const auto place = [](const Diagnostic& x) { return std::pair(x.where.line, x.where.column); };
    std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
    return std::move(diagnostics_);
  }

 private:
  Diagnostics diagnostics_;
};

}  // namespace pollux::schema
