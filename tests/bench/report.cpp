#include "tests/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <utility>

namespace pollux::bench {
namespace {

constexpr const char* kResultsFile = "build/bench.json";

std::string beginning_of(const std::string& name) {
  return "  {\"name\": \"" + name + "\",";
}

std::string text_of(const Row& row) {
  return beginning_of(row.name) + " \"value\": " + std::to_string(row.value) + ", \"unit\": \"" + row.unit +
         "\", \"peer\": \"" + row.peer + "\", \"peer_value\": " + std::to_string(row.peer_value) +
         ", \"ratio\": " + std::to_string(row.ratio()) + ", \"target\": " + std::to_string(row.target) +
         ", \"met\": " + (row.met() ? "true" : "false") + "}";
}

}  // namespace

double median(std::vector<double> samples) {
  std::ranges::nth_element(samples, samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2));
  return samples[samples.size() / 2];
}

void Report::add(Row row) {
  std::printf("%-34s %10.3f %-12s  %-34s %10.3f  ratio %7.3f  target %s %.2f  %s\n", row.name.c_str(),
              row.value, row.unit.c_str(), row.peer.c_str(), row.peer_value, row.ratio(),
              row.target < 0 ? "<=" : ">=", std::abs(row.target), row.met() ? "met" : "NOT MET");
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

void Report::write() const {
  std::vector<std::string> lines;
  std::ifstream in(kResultsFile);
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with(',')) line.pop_back();
    const bool replaced =
        std::ranges::any_of(rows_, [&](const Row& row) { return line.starts_with(beginning_of(row.name)); });
    if (line.starts_with("  {") && !replaced) lines.push_back(line);
  }
  in.close();
  for (const Row& row : rows_) lines.push_back(text_of(row));
  std::ofstream out(kResultsFile);
  out << "[\n";
  for (std::size_t i = 0; i < lines.size(); ++i) out << lines[i] << (i + 1 < lines.size() ? ",\n" : "\n");
  out << "]\n";
  out.close();
  if (!out)
    std::fprintf(stderr, "%s could not be written; run this from the top of the tree\n", kResultsFile);
}

}  // namespace pollux::bench
