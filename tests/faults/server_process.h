// A `pollux serve` that a test starts, watches and kills; by its own process id only.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
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
      dup2(ends[1], STDOUT_FILENO);
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

  /// Reads its log until it says one of these; false when it ends or keeps silent before.
  bool wait_until_it_says(std::initializer_list<const char*> marks) {
    const auto said = [&](const char* mark) { return log.find(mark) != std::string::npos; };
    while (std::none_of(marks.begin(), marks.end(), said)) {
      if (!read_more()) return false;
    }
    return true;
  }
  bool wait_until_ready() { return wait_until_it_says({"ready: "}); }
  /// Waits for it to end by itself, with all of its log read.
  int wait_until_ended() {
    while (read_more()) {
    }
    return kill_and_wait();
  }
  /// What it said until it ended. REQUIRES: it has.
  void read_rest_of_log() {
    while (read_more()) {
    }
  }

  /// REQUIRES: ready.
  std::string url() const {
    const std::string mark = "listening on ";
    const std::size_t from = log.find(mark) + mark.size();
    return log.substr(from, log.find_first_of(" \n\"", from) - from);
  }

  std::string log;

 private:
  /// False at the end, and when it keeps silent for too long.
  bool read_more() {
    constexpr int kPatienceMs = 60'000;
    pollfd watched{log_end_, POLLIN, 0};
    if (poll(&watched, 1, kPatienceMs) <= 0) return false;
    char part[4096];
    const ssize_t got = read(log_end_, part, sizeof part);
    if (got > 0) log.append(part, static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int log_end_ = -1;
};

}  // namespace pollux::faults
