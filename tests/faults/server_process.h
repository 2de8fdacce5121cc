// A `pollux serve` that a test starts, watches and kills; by its own process id only.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace pollux::faults {

/// Killed on destruction if it still runs.
class ServerProcess {
 public:
  ServerProcess(const std::string& program, const std::vector<std::string>& arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      execv(program.c_str(), argv.data());
      _exit(127);
    }
    close(ends[1]);
    log_end_ = ends[0];
  }
  ~ServerProcess() {
    if (pid_ > 0) kill_and_wait();
    if (log_end_ >= 0) close(log_end_);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  /// SIGKILL, if it has not ended by itself. The exit code, or 128 + the signal that ended it.
  int kill_and_wait() {
    signal(SIGKILL);
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// Reads its log until it is ready; false when it ends or keeps silent before.
  bool wait_until_ready() {
    constexpr int kPatienceMs = 60'000;
    while (log.find("ready: ") == std::string::npos) {
      pollfd watched{log_end_, POLLIN, 0};
      if (poll(&watched, 1, kPatienceMs) <= 0) return false;
      char part[4096];
      const ssize_t got = read(log_end_, part, sizeof part);
      if (got <= 0) return false;
      log.append(part, static_cast<std::size_t>(got));
    }
    return true;
  }

  /// REQUIRES: ready.
  std::string url() const {
    const std::string mark = "listening on ";
    const std::size_t from = log.find(mark) + mark.size();
    return log.substr(from, log.find_first_of(" \n\"", from) - from);
  }

  std::string log;

 private:
  pid_t pid_ = -1;
  int log_end_ = -1;
};

}  // namespace pollux::faults
