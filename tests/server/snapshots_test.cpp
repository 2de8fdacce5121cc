// Snapshots over HTTP: taken, listed, and told of where they are damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "actors/snapshot/snapshot_store.h"
#include "tests/faults/simulated_disk.h"
#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPath = "/v1/admin/snapshots";

class HttpSnapshots : public testing::Test {
 protected:
  void start(bool with_store = true) {
    ServerSetup setup;
    setup.journal = [this](const schema::Model& model) {
      actors::JournalOptions options;
      options.env = &disk_.env();
      return actors::open_rocksdb_journal("/data", model, options).value();
    };
    if (with_store)
      setup.twin.snapshots.store = std::make_shared<actors::SnapshotStore>("/data", &disk_.env());
    server_ = std::make_unique<RunningServer>(std::move(setup));
  }
  Answer create() { return server_->ask("POST", kPath); }
  void send(const std::string& id) {
    ASSERT_EQ(server_->post("[" + speed_event(id, 1, 50) + "]").status, 200u);
  }

  faults::SimulatedDisk disk_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(HttpSnapshots, OneIsTakenOnceForEachPosition) {
  start();
  EXPECT_EQ(server_->get(kPath).body, R"({"snapshots":[]})");
  const Answer nothing = create();
  EXPECT_EQ(nothing.status, 409u);
  EXPECT_THAT(nothing.body, HasSubstr("nothing has been journaled yet"));
  send("1");
  const Answer first = create();
  EXPECT_EQ(first.status, 201u);
  EXPECT_THAT(first.body, HasSubstr(R"("position":1,)"));
  EXPECT_THAT(first.body, HasSubstr(R"("is_new":true)"));
  const Answer again = create();
  EXPECT_EQ(again.status, 200u);
  EXPECT_THAT(again.body, HasSubstr(R"("is_new":false)"));
  send("2");
  EXPECT_EQ(create().status, 201u);
  const std::string listed = server_->get(kPath).body;
  EXPECT_LT(listed.find(R"("position":2,)"), listed.find(R"("position":1,)")) << "newest first: " << listed;
  EXPECT_THAT(server_->get("/readyz").body, HasSubstr(R"("snapshot_position":2)"));
  const std::string metrics = server_->metrics();
  EXPECT_THAT(metrics, HasSubstr(R"(pollux_snapshots_total{domain="plant"} 2)"));
  EXPECT_THAT(metrics, HasSubstr(R"(pollux_snapshot_failures_total{domain="plant"} 0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(pollux_snapshot_position{domain="plant"} 2)"));
}

TEST_F(HttpSnapshots, OneThatFailsIsAProblemAndCounted) {
  start();
  send("1");
  disk_.set_capacity(disk_.used());
  const Answer failed = create();
  EXPECT_EQ(failed.status, 503u);
  EXPECT_THAT(failed.body, HasSubstr("the disk is full"));
  EXPECT_THAT(server_->metrics(), HasSubstr(R"(pollux_snapshot_failures_total{domain="plant"} 1)"));
  disk_.set_capacity(1u << 30);
  EXPECT_EQ(create().status, 201u);
}

TEST_F(HttpSnapshots, OneWhoseFirstBlockIsDamagedIsListedWithItsProblem) {
  start();
  send("1");
  ASSERT_EQ(create().status, 201u);
  const std::string path = "/data/snapshots/00000000000000000001.snapshot";
  std::string bytes = disk_.read(path);
  bytes[60] = static_cast<char>(bytes[60] ^ 1);
  disk_.write(path, bytes);
  const std::string listed = server_->get(kPath).body;
  EXPECT_THAT(listed, HasSubstr(R"("position":1,"problem":)"));
  EXPECT_THAT(listed, HasSubstr(path));
  EXPECT_THAT(listed, HasSubstr("(description) is damaged"));
}

TEST_F(HttpSnapshots, ATwinThatKeepsNoneSaysSo) {
  start(false);
  send("1");
  EXPECT_EQ(create().status, 404u);
  EXPECT_EQ(server_->get(kPath).status, 404u);
}

TEST_F(HttpSnapshots, WhatTheRoutesDoNotKnowIsRefused) {
  start();
  EXPECT_EQ(server_->get(std::string(kPath) + "?limit=1").status, 400u);
  EXPECT_EQ(server_->ask("POST", std::string(kPath) + "?name=x").status, 400u);
  EXPECT_EQ(server_->ask("DELETE", kPath).status, 405u);
}

}  // namespace
}  // namespace pollux::server
