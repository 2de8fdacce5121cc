// Running what may end the process.
#pragma once

#include <functional>
#include <string>

namespace pollux::sim {

/// Runs `run` in a child process and returns what it returned; where the child ended otherwise, what it
/// printed on standard error and how it ended. A child that takes longer than a minute is ended.
/// REQUIRES: no other thread runs.
std::string run_isolated(const std::function<std::string()>& run);

}  // namespace pollux::sim
