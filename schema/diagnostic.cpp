#include "schema/diagnostic.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pollux::schema {
namespace {

// Longer names are not compared: no person mistypes a name of this length by a letter or two and needs help.
constexpr std::size_t kComparedBytesMax = 64;

using Row = std::array<std::size_t, kComparedBytesMax + 1>;

// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
// REQUIRES: both at most kComparedBytesMax long.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

std::size_t length_difference(std::string_view a, std::string_view b) {
  return a.size() < b.size() ? b.size() - a.size() : a.size() - b.size();
}

}  // namespace

std::string Diagnostic::text(std::string_view file) const {
  std::string result(file);
  if (where.line > 0) result += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
  result += ": error: " + message;
  if (!found.empty()) result += "\n    found:    " + found;
  if (!expected.empty()) result += "\n    expected: " + expected;
  if (!nearest.empty()) result += "\n    nearest:  " + nearest;
  return result;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kComparedBytesMax) return {};
  const std::string* best = nullptr;
  std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kComparedBytesMax || length_difference(name, candidate) > limit) continue;
    const std::size_t distance = edit_distance(name, candidate);
    // Two names that share no letter are not near, however short they are.
    if (distance > limit || distance >= std::max(name.size(), candidate.size())) continue;
    best = &candidate;
    if (distance == 0) break;
    limit = distance - 1;
  }
  return best ? *best : std::string();
}

}  // namespace pollux::schema
