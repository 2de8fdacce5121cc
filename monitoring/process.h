// What the operating system knows about this process.
#pragma once

#include <cstdint>
#include <optional>

namespace pollux::monitoring {

/// Read from /proc and getrusage; what cannot be read is absent.
struct ProcessFacts {
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> fds_max;
  std::optional<double> start_time_s;  ///< Since 1970, from the kernel's boot time and clock ticks.
  double cpu_s = 0;                    ///< User and system together.
};

ProcessFacts read_process_facts();

}  // namespace pollux::monitoring
