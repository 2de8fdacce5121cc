// What clients and operators see of a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <mutex>

#include "tests/faults/simulated_disk.h"
#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;

class HttpOnAFullDisk : public testing::Test {
 protected:
  /// A server whose disk is full, after one event.
  void SetUp() override {
    ServerSetup setup;
    setup.journal = [this](const schema::Model& model) {
      actors::JournalOptions options;
      options.env = &disk_.env();
      return actors::open_rocksdb_journal("/data", model, options).value();
    };
    setup.twin.journal_retry = schema::kMillisecond;
    server_ = std::make_unique<RunningServer>(std::move(setup));
    ASSERT_EQ(post("1").status, 200u);
    disk_.set_capacity(disk_.used());
  }

  Answer post(const std::string& id) { return server_->post("[" + speed_event(id, 1, 50) + "]"); }

  void free_space() {
    disk_.set_capacity(std::numeric_limits<std::uint64_t>::max() / 2);
    while (server_->twin().stall()) std::this_thread::yield();
  }

  faults::SimulatedDisk disk_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(HttpOnAFullDisk, WritesAreRefusedWithAProblemThatSaysWhenToTryAgain) {
  for (const char* id : {"2", "3"}) {
    const Answer refused = post(id);
    EXPECT_EQ(refused.status, 503u);
    EXPECT_EQ(refused.headers.at("content-type"), "application/problem+json");
    EXPECT_GT(std::stoi(refused.headers.at("retry-after")), 0);
    EXPECT_THAT(refused.body, HasSubstr("the disk is full"));
    EXPECT_THAT(refused.body, HasSubstr("free some space"));
  }
  EXPECT_THAT(server_->metrics(), HasSubstr("pollux_journal_disk_full{domain=\"plant\"} 1\n"));
  EXPECT_THAT(server_->metrics(),
              HasSubstr("pollux_submissions_refused_disk_full_total{domain=\"plant\"} 2\n"));
}

TEST_F(HttpOnAFullDisk, DecisionsOnTheQuarantineAreRefusedToo) {
  ASSERT_EQ(post("2").status, 503u);
  const Answer refused = server_->ask("POST", "/v1/quarantine/admit", "Content-Type: application/json\r\n",
                                      R"({"numbers":[1]})");
  EXPECT_EQ(refused.status, 503u) << refused.body;
  EXPECT_EQ(refused.headers.count("retry-after"), 1u);
}

TEST_F(HttpOnAFullDisk, ReadsGoOnAndTellWhatIsSettled) {
  const std::string before = server_->get("/v1/digest").body;
  ASSERT_EQ(post("2").status, 503u);
  const Answer digest = server_->get("/v1/digest");
  EXPECT_EQ(digest.status, 200u);
  EXPECT_EQ(digest.body, before);
  EXPECT_EQ(server_->get("/v1/entities/pump-1").status, 200u);
  EXPECT_EQ(server_->get("/livez").status, 200u) << "restarting would not help";
}

TEST_F(HttpOnAFullDisk, ReadinessSaysSoUntilThereIsRoom) {
  EXPECT_EQ(server_->get("/readyz").status, 200u) << "nothing was written yet";
  ASSERT_EQ(post("2").status, 503u);
  const Answer full = server_->get("/readyz");
  EXPECT_EQ(full.status, 503u);
  EXPECT_THAT(full.body, HasSubstr(R"("status":"disk_full")"));
  EXPECT_THAT(full.body, HasSubstr("free some space"));
  EXPECT_EQ(full.headers.count("retry-after"), 1u);
  free_space();
  EXPECT_EQ(server_->get("/readyz").status, 200u);
  EXPECT_THAT(post("2").body, HasSubstr(R"("outcomes":["duplicate"])")) << "it had been taken";
  EXPECT_THAT(post("4").body, HasSubstr(R"("outcomes":["accepted"])"));
}

}  // namespace
}  // namespace pollux::server
