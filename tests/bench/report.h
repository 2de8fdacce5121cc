// What benchmarks measured beside their peers: a table for people, `build/bench.json` for programs.
#pragma once

#include <string>
#include <vector>

namespace pollux::bench {

/// REQUIRES: there are samples.
double median(std::vector<double> samples);

struct Row {
  std::string name;
  double value = 0;
  std::string unit;
  std::string peer;
  double peer_value = 0;
  double target = 0;  ///< Wanted ratio value/peer; negative: at most.
  double ratio() const { return value / peer_value; }
  bool met() const { return target < 0 ? ratio() <= -target : ratio() >= target; }
};

class Report {
 public:
  /// Prints it at once.
  void add(Row row);

  /// Puts the rows into the results file, in the place of rows of the same name; those of other benchmarks
  /// stay. One row a line.
  void write() const;

 private:
  std::vector<Row> rows_;
};

}  // namespace pollux::bench
