#include "server/cli/signal_watch.h"

#include <algorithm>
#include <cmath>

namespace pollux::server::cli {

namespace {

constexpr double kWaitMaxS = 3600;

}  // namespace

SignalWatch::SignalWatch() {
  sigemptyset(&watched_);
  sigaddset(&watched_, SIGINT);
  sigaddset(&watched_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &watched_, &before_);
}

SignalWatch::~SignalWatch() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool SignalWatch::arrived() {
  wait(0);
  return arrived_;
}

void SignalWatch::wait(double seconds) {
  if (arrived_) return;
  const double bounded = std::clamp(seconds, 0.0, kWaitMaxS);
  timespec span{};
  span.tv_sec = static_cast<time_t>(bounded);
  span.tv_nsec = static_cast<long>((bounded - std::floor(bounded)) * 1e9);
  if (sigtimedwait(&watched_, nullptr, &span) > 0) arrived_ = true;
}

}  // namespace pollux::server::cli
