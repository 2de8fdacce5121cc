#include "server/replay/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace pollux::server {

namespace {

constexpr double kTerminalPeriodS = 0.1;
constexpr double kPlainPeriodS = 5;
constexpr std::size_t kBarCells = 30;

void write_text(int file_descriptor, const std::string& text) {
  // Progress that cannot be shown is no reason to stop the work.
  [[maybe_unused]] const auto written = ::write(file_descriptor, text.data(), text.size());
}

}  // namespace

std::string progress_line(const ReplayProgress& progress) {
  const double share = progress.bytes_total == 0
                           ? 1.0
                           : std::min(1.0, static_cast<double>(progress.bytes_done) /
                                               static_cast<double>(progress.bytes_total));
  const auto filled = static_cast<std::size_t>(share * kBarCells);
  const double rate = progress.seconds > 0 ? static_cast<double>(progress.events) / progress.seconds : 0;
  std::string line = fmt::format("[{}{}] {:3.0f} %  {} rows  {:.0f} events/s", std::string(filled, '#'),
                                 std::string(kBarCells - filled, '.'), share * 100, progress.rows, rate);
  if (share > 0 && share < 1) {
    line += fmt::format("  {:.0f} s left", progress.seconds * (1 - share) / share);
  }
  return line + "  " + progress.file;
}

ProgressBar::ProgressBar(int file_descriptor)
    : file_descriptor_(file_descriptor),
      terminal_(::isatty(file_descriptor) == 1),
      next_s_(terminal_ ? 0 : kPlainPeriodS) {}

void ProgressBar::show(const ReplayProgress& progress) {
  if (progress.seconds < next_s_) return;
  next_s_ = progress.seconds + (terminal_ ? kTerminalPeriodS : kPlainPeriodS);
  if (terminal_) {
    write_text(file_descriptor_, "\r\x1b[K" + progress_line(progress));
    open_line_ = true;
  } else {
    write_text(file_descriptor_, progress_line(progress) + "\n");
  }
}

void ProgressBar::finish() {
  if (open_line_) write_text(file_descriptor_, "\n");
  open_line_ = false;
}

}  // namespace pollux::server
