// How far a long-running command has come, for the person who waits.
#pragma once

#include <cstdint>
#include <string>

namespace pollux::server {

/// Where a replay stands.
struct ReplayProgress {
  std::string file;
  std::uint64_t bytes_done = 0;  ///< Over all files.
  std::uint64_t bytes_total = 0;
  std::uint64_t rows = 0;
  std::uint64_t events = 0;
  double seconds = 0;  ///< Since the start, wall clock.
};

/// Draws a bar that is redrawn in place on a terminal, and plain lines now and then elsewhere.
class ProgressBar {
 public:
  /// `file_descriptor`: where to write, usually standard error.
  explicit ProgressBar(int file_descriptor);

  /// Draws when it is time to: ten times a second on a terminal, every five seconds elsewhere.
  void show(const ReplayProgress& progress);
  /// Ends the bar's line, so that other output starts on its own.
  void finish();

 private:
  int file_descriptor_;
  bool terminal_;
  bool open_line_ = false;
  double next_s_ = 0;
};

/// One line without its end: bar, share, rows, rate, time left.
std::string progress_line(const ReplayProgress& progress);

}  // namespace pollux::server
