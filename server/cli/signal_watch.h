// SIGINT and SIGTERM as something a command asks about instead of something that happens to it.
#pragma once

#include <csignal>

namespace pollux::server::cli {

/// While one exists, the two signals do not end the process but are kept until asked for. To be made before
/// other threads are, which inherit it. Belongs to one thread.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Whether one of them has arrived.
  bool arrived();
  /// Waits up to `seconds`; less when a signal arrives.
  void wait(double seconds);

 private:
  sigset_t watched_;
  sigset_t before_;
  bool arrived_ = false;
};

}  // namespace pollux::server::cli
