// A model of several domains and the executable: its data directory, kill and restart, the verbs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "server/http/client.h"
#include "tests/server/program.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The example, served with a clock that follows the events.
class ServerHall : public testing::Test {
 protected:
  ServerHall() {
    std::string pattern = testing::TempDir() + "pollux_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ifstream file(POLLUX_SOURCE_DIR "/examples/server-hall/model.yaml");
    std::ostringstream text;
    text << file.rdbuf();
    model_ = text.str();
    write("model.yaml", model_);
  }
  ~ServerHall() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::string model_with(const std::string& what, const std::string& instead) const {
    std::string text = model_;
    text.replace(text.find(what), what.size(), instead);
    return text;
  }

  std::vector<std::string> serve(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"serve",   path("model.yaml"), "--data",   path("data"),
                                          "--clock", "events",           "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  static std::string event(int number, const std::string& subject, const std::string& data) {
    char time[32];
    std::snprintf(time, sizeof time, "2026-11-22T07:%02d:%02dZ", number / 60 % 60, number % 60);
    return R"({"specversion":"1.0","type":"pollux.observe","source":"meters","subject":")" + subject +
           R"(","id":")" + subject + std::to_string(number) + R"(","time":")" + time + R"(","data":{)" +
           data + "}}";
  }
  /// Both domains hear of each of these seconds.
  static std::string events(int from, int to) {
    std::string batch;
    for (int i = from; i < to; ++i) {
      batch += (i == from ? "[" : ",") + event(i, "rack-1", R"("load":)" + std::to_string(10 + i % 20)) +
               "," + event(i, "cooler", R"("water":14)");
    }
    return batch + "]";
  }
  static void wait_until_carried(HttpClient& client) {
    for (int i = 0; i < 2'000; ++i) {
      const std::string domains = client.get("/v1/domains")->body;
      const std::size_t first = domains.find(R"("behind":0)");
      if (first != std::string::npos && domains.find(R"("behind":0)", first + 1) != std::string::npos) return;
    }
    ADD_FAILURE() << "links do not carry: " << client.get("/v1/domains")->body;
  }

  std::string directory_;
  std::string model_;
};

TEST_F(ServerHall, AfterKillAndRestartAllDomainsHaveTheSameStateAndGoOn) {
  std::string before;
  std::string history;
  {
    Program server(serve());
    auto client = connect(server);
    EXPECT_THAT(server.err, HasSubstr("position power:0,cooling:0"));
    for (int i = 0; i < 10; ++i) ASSERT_EQ(client->post_events(events(i * 30, i * 30 + 30))->status, 200u);
    wait_until_carried(*client);
    before = client->get("/v1/digest")->body;
    history = client->get("/v1/history/cooler/supply?to=2026-11-22T07:04:00Z&limit=10000")->body;
    server.signal(SIGKILL);
    EXPECT_EQ(server.wait(), 128 + SIGKILL);
  }
  EXPECT_THAT(before, HasSubstr(R"("position":{"power":)"));
  EXPECT_TRUE(std::filesystem::exists(path("data/power/CURRENT")));
  EXPECT_TRUE(std::filesystem::exists(path("data/cooling/CURRENT")));
  Program server(serve());
  auto client = connect(server);
  EXPECT_EQ(client->get("/v1/digest")->body, before);
  EXPECT_EQ(client->get("/v1/history/cooler/supply?to=2026-11-22T07:04:00Z&limit=10000")->body, history);
  EXPECT_THAT(client->post_events(events(0, 30))->body, HasSubstr(R"("duplicates":60)"));
  EXPECT_THAT(client->post_events(events(300, 310))->body, HasSubstr(R"("accepted":20)"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0) << server.err;
  EXPECT_THAT(server.err, HasSubstr("stopped at position power:"));
}

TEST_F(ServerHall, ADirectoryMadeForAnotherDivisionIsRefusedSayingWhatToDo) {
  {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 1))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  write("model.yaml", model_with("domains:\n  power: {", "domains:\n  electricity: {"));
  Program renamed(serve({"--accept-model-change"}));
  EXPECT_EQ(renamed.wait(), 3);
  EXPECT_THAT(renamed.err, HasSubstr("the model no longer has `power`; `electricity` is new"));
  EXPECT_THAT(renamed.err, HasSubstr("a new directory and send the events again"));
  const std::string division =
      model_.substr(model_.find("domains:"), model_.find("links:") - model_.find("domains:"));
  write("model.yaml", model_with(division, ""));
  Program undivided(serve());
  EXPECT_EQ(undivided.wait(), 3);
  EXPECT_THAT(undivided.err, HasSubstr("the model is not divided"));
}

TEST_F(ServerHall, ADirectoryOfAnUndividedModelIsRefusedForADividedOne) {
  const std::string division =
      model_.substr(model_.find("domains:"), model_.find("links:") - model_.find("domains:"));
  write("model.yaml", model_with(division, ""));
  {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 1))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  write("model.yaml", model_);
  Program divided(serve({"--accept-model-change"}));
  EXPECT_EQ(divided.wait(), 3);
  EXPECT_THAT(divided.err, HasSubstr("made for a model that is not divided"));
  EXPECT_FALSE(std::filesystem::exists(path("data/power")));
}

TEST_F(ServerHall, LosingAcknowledgedEventsIsNotOfferedWhereAnotherDomainCouldKnowOfThem) {
  Program server(serve({"--sync", "interval=50ms"}));
  EXPECT_EQ(server.wait(), 2);
  EXPECT_THAT(server.err, HasSubstr("does not go with a model of several domains"));
}

TEST_F(ServerHall, TheVerbsWorkWithItsDirectoryAndItsServer) {
  Program server(serve({"--backup-directory", path("backups")}));
  auto client = connect(server);
  ASSERT_EQ(client->post_events(events(0, 200))->status, 200u);
  wait_until_carried(*client);
  const std::string url = url_of(server);
  const auto run = [](const std::vector<std::string>& arguments, int code = 0) {
    Program program(arguments);
    EXPECT_EQ(program.wait(), code) << arguments[0] << ": " << program.err;
    return program.out + program.err;
  };
  EXPECT_THAT(run({"journal", "verify", path("data")}), HasSubstr("domain cooling\n"));
  EXPECT_THAT(run({"journal", "stat", path("data")}), HasSubstr("twin: server-hall/power"));
  EXPECT_THAT(run({"journal", "dump", path("data")}, 2), HasSubstr("--domain NAME, one of power, cooling"));
  EXPECT_THAT(run({"journal", "dump", path("data"), "--domain", "power"}),
              HasSubstr(R"("subject":"rack-1")"));
  EXPECT_THAT(run({"journal", "dump", path("data"), "--domain", "steam"}, 2),
              HasSubstr("there is no domain `steam` in it"));
  EXPECT_THAT(run({"snapshot", "create", "--at", url}), HasSubstr(R"({"snapshots":[{"domain":"power")"));
  EXPECT_THAT(run({"snapshot", "list", "--data", path("data")}), HasSubstr("domain cooling\nposition"));
  EXPECT_THAT(run({"why", "supply-limit", "status", "--at", url, "--depth", "8"}),
              HasSubstr("in domain power, carried to cooling by heat"));
  EXPECT_THAT(run({"impact", "rack-1", "load", "--value", "20 kW", "--at", url}),
              HasSubstr("at position power:"));
  EXPECT_THAT(run({"watch", "--once", "--at", url}), HasSubstr("position power:"));
  EXPECT_THAT(run({"backup", "--at", url}), HasSubstr(R"("number":1)"));
  EXPECT_THAT(run({"graph", path("model.yaml")}), HasSubstr("cooling"));
}

TEST_F(ServerHall, WhatIsSetAsideIsDecidedOnByTheNameOfItsDomain) {
  Program server(serve());
  auto client = connect(server);
  ASSERT_EQ(client->post_events(events(1'000, 1'001))->status, 200u);
  ASSERT_EQ(client->post_events(events(0, 1))->status, 200u);
  Program list({"quarantine", "list", "--at", url_of(server)});
  EXPECT_EQ(list.wait(), 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("power:1"));
  EXPECT_THAT(list.out, HasSubstr("cooling:1"));
  Program discard({"quarantine", "discard", "power:1", "--at", url_of(server)});
  EXPECT_EQ(discard.wait(), 0) << discard.err;
  EXPECT_THAT(discard.out, HasSubstr("power:1  discarded"));
  Program rest({"quarantine", "list", "--domain", "cooling", "--at", url_of(server)});
  EXPECT_EQ(rest.wait(), 0) << rest.err;
  EXPECT_THAT(rest.out, Not(HasSubstr("power:1")));
}

TEST_F(ServerHall, ABackupOfAllDomainsTakenWhileItRunsIsRestoredAndServed) {
  std::string before;
  {
    Program server(serve({"--backup-directory", path("backups")}));
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 100))->status, 200u);
    wait_until_carried(*client);
    before = client->get("/v1/digest")->body;
    Program backup({"backup", "--at", url_of(server)});
    EXPECT_EQ(backup.wait(), 0) << backup.err;
    ASSERT_EQ(client->post_events(events(100, 200))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  Program offline({"backup", "--data", path("data"), "--to", path("backups")});
  EXPECT_EQ(offline.wait(), 0) << offline.err;
  EXPECT_THAT(offline.out, HasSubstr("backup 2, "));
  Program list({"restore", "--from", path("backups"), "--list"});
  EXPECT_EQ(list.wait(), 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("backup 1, "));
  std::filesystem::rename(path("data"), path("later"));
  Program restore({"restore", "--from", path("backups"), "--number", "1", "--data", path("data")});
  EXPECT_EQ(restore.wait(), 0) << restore.err;
  EXPECT_THAT(restore.out, HasSubstr("restored to " + path("data/cooling")));
  Program server(serve());
  auto client = connect(server);
  EXPECT_EQ(client->get("/v1/digest")->body, before);
}

TEST_F(ServerHall, ItsMetricsAreByDomainAndTellWhatIsCarried) {
  Program server(serve());
  auto client = connect(server);
  ASSERT_EQ(client->post_events(events(0, 100))->status, 200u);
  wait_until_carried(*client);
  const std::string metrics = client->get("/metrics")->body;
  EXPECT_THAT(metrics, HasSubstr("pollux_clock_timestamp_seconds{domain=\"power\"}"));
  EXPECT_THAT(metrics, HasSubstr("pollux_clock_timestamp_seconds{domain=\"cooling\"}"));
  EXPECT_THAT(metrics, HasSubstr("pollux_carrier_behind_positions{from=\"power\",to=\"cooling\"} 0"));
  EXPECT_THAT(metrics, HasSubstr("pollux_carrier_observations_total{from=\"cooling\",to=\"power\"}"));
}

}  // namespace
}  // namespace pollux::server
