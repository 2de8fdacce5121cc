// `pollux snapshot`, and the flags of `pollux serve` that say which snapshots and how much journal are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/http/client.h"
#include "tests/faults/server_process.h"

namespace pollux::server {
namespace {

namespace fs = std::filesystem;
using faults::ServerProcess;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPath = "/v1/admin/snapshots";

struct Outcome {
  int exit_code = 0;
  std::string text;  // on both streams
};

class SnapshotProcess : public testing::Test {
 protected:
  SnapshotProcess() {
    std::string pattern = testing::TempDir() + "pollux_snapshots_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ / "model.yaml") << R"(twin: plant
types:
  Pump: { kind: asset, observed: { speed: {} } }
entities:
  pump-1: { type: Pump }
sources:
  bms: { allowed_lateness: 1 s }
)";
  }
  ~SnapshotProcess() override {
    server_.reset();  // it still works on what is then removed
    fs::remove_all(directory_);
  }

  std::string data() const { return (directory_ / "data").string(); }

  /// Starts a server and connects to it.
  void serve(const std::vector<std::string>& more) {
    std::vector<std::string> all = {
        "serve",      (directory_ / "model.yaml").string(), "--data", data(), "--clock", "events", "--listen",
        "127.0.0.1:0"};
    all.insert(all.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(POLLUX_PROGRAM, all);
    ASSERT_TRUE(server_->wait_until_ready()) << server_->log;
    client_ = HttpClient::create(server_->url()).value();
  }
  void stop() {
    client_.reset();
    server_->signal(SIGTERM);
    EXPECT_EQ(server_->wait_until_ended(), 0) << server_->log;
    server_.reset();
  }

  static Outcome run(const std::vector<std::string>& arguments) {
    ServerProcess program(POLLUX_PROGRAM, arguments);
    const int exit_code = program.wait_until_ended();
    return {exit_code, program.log};
  }

  /// Events of a second each, an epoch each.
  void send(int from, int to) {
    for (int i = from; i < to; ++i) {
      char time[32];
      std::snprintf(time, sizeof time, "2026-11-22T07:%02d:%02dZ", i / 60 % 60, i % 60);
      const auto reply = client_->post_events(
          R"([{"specversion":"1.0","type":"pollux.observe","source":"bms","subject":"pump-1","id":")" +
          std::to_string(i) + R"(","time":")" + time + R"(","data":{"speed":)" + std::to_string(i) + "}}]");
      ASSERT_EQ(reply->status, 200u) << reply->body;
    }
  }

  fs::path directory_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(SnapshotProcess, AreTakenAndListedFromTheCommandLine) {
  serve({"--snapshot-every", "0s"});
  send(0, 3);
  const std::string url = server_->url();
  const Outcome created = run({"snapshot", "create", "--at", url});
  EXPECT_EQ(created.exit_code, 0) << created.text;
  EXPECT_THAT(created.text, HasSubstr(R"("position":3,)"));
  const Outcome listed = run({"snapshot", "list", "--at", url});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_THAT(listed.text, HasSubstr(R"("position":3,)"));
  const Outcome checked = run({"snapshot", "list", "--data", data()});
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_THAT(checked.text,
              AllOf(HasSubstr("position 3  clock 2026-11-22T07:00:02Z"), HasSubstr("  whole\n")));
  stop();
  EXPECT_EQ(run({"snapshot", "create", "--at", url}).exit_code, 4) << "nobody is there";
  EXPECT_EQ(run({"snapshot", "list", "--data", data() + "-none"}).exit_code, 3);
  EXPECT_EQ(run({"snapshot"}).exit_code, 2);

  const fs::path file = directory_ / "data/snapshots/00000000000000000003.snapshot";
  fs::resize_file(file, fs::file_size(file) - 1);
  const Outcome damaged = run({"snapshot", "list", "--data", data()});
  EXPECT_EQ(damaged.exit_code, 3);
  EXPECT_THAT(damaged.text,
              AllOf(HasSubstr("position 3  "), HasSubstr("cut short"), Not(HasSubstr("whole"))));
  serve({});
  EXPECT_THAT(server_->log, HasSubstr("the snapshot cannot be used"));
  EXPECT_THAT(client_->get("/readyz")->body, HasSubstr(R"("position":3)"));
}

TEST_F(SnapshotProcess, AreTakenByThemselvesAsOftenAsIsSaid) {
  serve({"--snapshot-every", "1ms"});
  send(0, 1);
  constexpr int kLooksMax = 100'000;
  std::string listed = R"({"snapshots":[]})";
  for (int i = 0; i < kLooksMax && listed == R"({"snapshots":[]})"; ++i) listed = client_->get(kPath)->body;
  EXPECT_THAT(listed, HasSubstr(R"("position":1,)"));
}

TEST_F(SnapshotProcess, OldOnesGoAndTheJournalWithThemOnlyWhereThatIsSaid) {
  // Memory holds nothing that the journal also tells, so late events need the journal.
  serve({"--snapshot-every", "0s", "--snapshots-kept", "1", "--memory", "0s"});
  for (int i = 0; i < 3; ++i) {
    send(i, i + 1);
    ASSERT_EQ(client_->post(kPath, "application/json", "")->status, 201u);
  }
  stop();
  const Outcome one = run({"snapshot", "list", "--data", data()});
  EXPECT_THAT(one.text, AllOf(HasSubstr("position 3 "), Not(HasSubstr("position 2 "))));
  EXPECT_THAT(run({"journal", "stat", data()}).text, HasSubstr("first: 1\n")) << "it is kept unless told so";

  serve({"--snapshot-every", "0s", "--snapshots-kept", "1", "--keep-journal-bytes", "1", "--memory", "0s"});
  EXPECT_THAT(server_->log, HasSubstr("a snapshot of position 3 was loaded"));
  send(3, 5);
  ASSERT_EQ(client_->post(kPath, "application/json", "")->status, 201u);
  send(5, 6);
  stop();
  // The snapshot is of second 4, and what may still be revised then, from second 3 on, stays: record 4.
  EXPECT_THAT(run({"journal", "stat", data()}).text, HasSubstr("first: 4\n"));
  EXPECT_EQ(run({"journal", "verify", data()}).exit_code, 0);
  serve({});
  EXPECT_THAT(client_->get("/readyz")->body, HasSubstr(R"("position":6)"));
}

TEST_F(SnapshotProcess, TheJournalIsKeptAsFarBehindTheClockAsIsSaid) {
  serve({"--snapshot-every", "0s", "--snapshots-kept", "1", "--keep-journal", "20 s"});
  send(0, 50);
  ASSERT_EQ(client_->post(kPath, "application/json", "")->status, 201u);
  stop();
  // The clock stands at second 49, so the record of second 29 is the oldest that is to be kept: number 30.
  EXPECT_THAT(run({"journal", "stat", data()}).text, HasSubstr("first: 30\n"));
}

TEST_F(SnapshotProcess, AHistoryWhoseJournalHasLostItsBeginningIsMadeAnewFromOneAndSaysSo) {
  serve({"--snapshot-every", "0s", "--snapshots-kept", "1", "--keep-journal", "20 s"});
  send(0, 50);
  ASSERT_EQ(client_->post(kPath, "application/json", "")->status, 201u);
  send(50, 55);
  const std::string before = client_->get("/v1/entities/pump-1?at=2026-11-22T07:00:51Z")->body;
  stop();
  serve({"--rebuild-history"});
  EXPECT_THAT(server_->log, HasSubstr("the history begins anew at position 50 (2026-11-22T07:00:49Z)"));
  EXPECT_EQ(client_->get("/v1/entities/pump-1?at=2026-11-22T07:00:51Z")->body, before);
  EXPECT_THAT(client_->get("/v1/entities/pump-1?at=2026-11-22T07:00:49Z")->body, HasSubstr(R"("value":49)"));
  const auto gone = client_->get("/v1/entities/pump-1?at=2026-11-22T07:00:48Z");
  EXPECT_EQ(gone->status, 410u) << gone->body;
  EXPECT_THAT(
      gone->body,
      HasSubstr("the history was made anew and reaches back to 2026-11-22T07:00:49Z and to position 50"));
  EXPECT_EQ(client_->get("/v1/entities/pump-1?as_known_at=49")->status, 410u);
  const auto range = client_->get("/v1/history/pump-1/speed");
  EXPECT_THAT(range->body, AllOf(HasSubstr("07:00:49Z"), Not(HasSubstr("07:00:48Z")))) << range->body;
  stop();
  serve({});
  EXPECT_EQ(client_->get("/v1/entities/pump-1?at=2026-11-22T07:00:48Z")->status, 410u);
}

TEST_F(SnapshotProcess, FlagsThatMakeNoSenseAreRefused) {
  for (const auto& [flag, value] :
       std::vector<std::pair<const char*, const char*>>{{"--snapshots-kept", "0"},
                                                        {"--snapshots-kept", "many"},
                                                        {"--snapshot-every", "soon"},
                                                        {"--keep-journal", "5"},
                                                        {"--keep-journal-bytes", "-1"}}) {
    const Outcome refused =
        run({"serve", (directory_ / "model.yaml").string(), "--data", data(), flag, value});
    EXPECT_EQ(refused.exit_code, 2) << flag << " " << value << ": " << refused.text;
    EXPECT_FALSE(fs::exists(data()));
  }
}

}  // namespace
}  // namespace pollux::server
