// The executable itself as a child process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/http/client.h"

namespace pollux::server {

/// A child process whose output is read as it comes. Killed at the end if it still runs.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments) {
    int out_pipe[2];
    int err_pipe[2];
    EXPECT_EQ(pipe2(out_pipe, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err_pipe, O_CLOEXEC), 0);
    std::vector<char*> argv = {const_cast<char*>(POLLUX_PROGRAM)};
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out_pipe[1], STDOUT_FILENO);
      dup2(err_pipe[1], STDERR_FILENO);
      execv(POLLUX_PROGRAM, argv.data());
      _exit(127);
    }
    close(out_pipe[1]);
    close(err_pipe[1]);
    streams_ = {out_pipe[0], err_pipe[0]};
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    for (const int stream : streams_) close(stream);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const { ::kill(pid_, number); }

  /// The exit code, or 128 + the signal that ended it.
  int wait() {
    while (pump()) {
    }
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// Reads until stderr contains `what`.
  void wait_for(const std::string& what) {
    while (err.find(what) == std::string::npos) {
      if (!pump()) {
        ADD_FAILURE() << "the program ended before `" << what << "`; it wrote:\n" << err;
        return;
      }
    }
  }

  std::string out, err;

 private:
  /// False when both streams have ended.
  bool pump() {
    constexpr int kPatienceMs = 60'000;
    pollfd watched[2] = {{open_[0] ? streams_[0] : -1, POLLIN, 0}, {open_[1] ? streams_[1] : -1, POLLIN, 0}};
    if (poll(watched, 2, kPatienceMs) == 0) {
      ADD_FAILURE() << "the program kept silent; it wrote:\n" << err;
      ::kill(pid_, SIGKILL);
    }
    for (int i = 0; i < 2; ++i) {
      if (watched[i].revents == 0) continue;
      char part[4096];
      const ssize_t got = read(streams_[i], part, sizeof part);
      if (got > 0) (i == 0 ? out : err).append(part, static_cast<std::size_t>(got));
      if (got <= 0) open_[i] = false;
    }
    return open_[0] || open_[1];
  }

  pid_t pid_ = -1;
  std::vector<int> streams_;
  bool open_[2] = {true, true};
};

/// Where a server listens. REQUIRES: it has said so.
inline std::string url_of(const Program& server) {
  const std::string mark = "listening on ";
  const std::size_t from = server.err.find(mark) + mark.size();
  return server.err.substr(from, server.err.find_first_of(" \n\"", from) - from);
}

/// Waits until the server is ready and connects to it.
inline std::unique_ptr<HttpClient> connect(Program& server) {
  server.wait_for("ready: ");
  auto client = HttpClient::create(url_of(server));
  EXPECT_TRUE(client.ok()) << url_of(server);
  return std::move(client).value();
}

}  // namespace pollux::server
