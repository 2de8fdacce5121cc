#include "monitoring/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

namespace pollux::monitoring {
namespace {

std::optional<std::uint64_t> resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(statm >> total >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> open_fds() {
  std::error_code fault;
  const std::filesystem::directory_iterator fds("/proc/self/fd", fault);
  if (fault) return std::nullopt;
  return static_cast<std::uint64_t>(std::distance(begin(fds), end(fds)));
}

std::optional<std::uint64_t> boot_time_s() {
  std::ifstream stat("/proc/stat");
  std::string word;
  std::uint64_t seconds = 0;
  while (stat >> word) {
    if (word == "btime" && stat >> seconds) return seconds;
    stat.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

/// Field 22 of /proc/self/stat, in clock ticks since boot; the name in field 2 may hold spaces.
std::optional<double> start_time_s() {
  constexpr int kFieldsFromStateToStart = 19;
  std::ifstream stat("/proc/self/stat");
  const std::string line((std::istreambuf_iterator<char>(stat)), {});
  const std::size_t name_end = line.rfind(')');
  const auto boot = boot_time_s();
  if (name_end == std::string::npos || !boot) return std::nullopt;
  std::size_t at = name_end + 1;
  for (int field = 0; field < kFieldsFromStateToStart; ++field) {
    at = line.find(' ', at + 1);
    if (at == std::string::npos) return std::nullopt;
  }
  const double ticks = std::strtod(line.c_str() + at, nullptr);
  return static_cast<double>(*boot) + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  facts.resident_bytes = resident_bytes();
  facts.open_fds = open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.fds_max = limit.rlim_cur;
  facts.start_time_s = start_time_s();
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    facts.cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  }
  return facts;
}

}  // namespace pollux::monitoring
