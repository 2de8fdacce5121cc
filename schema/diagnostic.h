// What is wrong with a text a person wrote: where, what was found, what was expected, the nearest name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pollux::schema {

/// A place in a source file; line and column count from 1, column in bytes. Line 0: the file as a whole.
struct SourceLocation {
  int line = 0;
  int column = 0;
};

/// One mistake. `text()` is `FILE:LINE:COLUMN: error: MESSAGE`, then indented lines for the parts that are
/// set.
struct Diagnostic {
  SourceLocation where;
  std::string message;   ///< A sentence: what is wrong and what it means.
  std::string found;     ///< What stands there.
  std::string expected;  ///< What could stand there.
  std::string nearest;   ///< A known name within a small edit distance, or empty.

  std::string text(std::string_view file) const;
};

using Diagnostics = std::vector<Diagnostic>;

/// The candidate closest to `name` by Damerau-Levenshtein distance (at most a third of its length, at least
/// 1), first one on a tie; empty when none is close enough.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace pollux::schema
