// What is fuzzed: everything that reads bytes made by others. Each target takes any bytes, and ends the
// process where a promise about them is broken.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::fuzz {

struct Target {
  const char* name;  ///< Also the folder of its seeds.
  std::function<void(std::string_view)> run;
};

/// model, expression, event, record, snapshot, mapping, csv.
const std::vector<Target>& targets();

}  // namespace pollux::fuzz
