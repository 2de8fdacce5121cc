// The executable itself: exit codes, signals, kill and restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "actors/journal/journal_format.h"
#include "actors/storage/rocksdb_store.h"
#include "server/http/client.h"
#include "tests/server/program.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kModel = R"(twin: plant
types:
  Pump:
    kind: asset
    parameters: { rated_flow: { unit: L/s, default: 20 } }
    observed: { speed: { unit: "%", range: [0, 100] } }
    derived: { flow: { unit: L/s, is: rated_flow * speed / 100 % } }
entities:
  pump-1: { type: Pump }
sources:
  bms: { allowed_lateness: 10 min }
)";

class Pollux : public testing::Test {
 protected:
  Pollux() {
    std::string pattern = testing::TempDir() + "pollux_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    write("model.yaml", kModel);
  }
  ~Pollux() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  std::vector<std::string> serve(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"serve",   path("model.yaml"), "--data",   path("data"),
                                          "--clock", "events",           "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  static std::string events(int from, int to) {
    std::string batch = "[";
    for (int i = from; i < to; ++i) {
      char time[32];
      std::snprintf(time, sizeof time, "2026-11-22T07:%02d:%02dZ", i / 60 % 60, i % 60);
      batch += i == from ? "" : ",";
      batch += R"({"specversion":"1.0","type":"pollux.observe","source":"bms","subject":"pump-1","id":")" +
               std::to_string(i) + R"(","time":")" + time + R"(","data":{"speed":)" +
               std::to_string(i % 101) + "}}";
    }
    return batch + "]";
  }

  std::string directory_;
};

TEST_F(Pollux, AfterKillAndRestartItHasTheSameStateAndGoesOn) {
  std::string before;
  {
    Program server(serve());
    auto client = connect(server);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(client->post_events(events(i * 50, i * 50 + 50))->status, 200u);
    before = client->get("/v1/digest")->body;
    server.signal(SIGKILL);
    EXPECT_EQ(server.wait(), 128 + SIGKILL);
  }
  Program server(serve());
  auto client = connect(server);
  EXPECT_EQ(client->get("/v1/digest")->body, before);
  const auto again = client->post_events(events(0, 50));
  EXPECT_THAT(again->body, HasSubstr(R"("duplicates":50)"));
  EXPECT_EQ(client->get("/v1/digest")->body, before);
  EXPECT_THAT(client->post_events(events(1000, 1010))->body, HasSubstr(R"("accepted":10)"));
}

TEST_F(Pollux, TheHistoryIsTheSameAfterAKill) {
  const std::string range = "/v1/history/pump-1/speed?limit=10000&as_known_at=15";
  std::string before;
  {
    Program server(serve());
    auto client = connect(server);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(client->post_events(events(i * 50, i * 50 + 50))->status, 200u);
    before = client->get(range)->body;
    server.signal(SIGKILL);
    EXPECT_EQ(server.wait(), 128 + SIGKILL);
  }
  EXPECT_THAT(before, HasSubstr(R"("value":42,)"));
  Program server(serve());
  auto client = connect(server);
  EXPECT_EQ(client->get(range)->body, before);
  server.signal(SIGTERM);
  ASSERT_EQ(server.wait(), 0) << server.err;
  Program rebuilt(serve({"--rebuild-history"}));
  client.reset();
  client = connect(rebuilt);
  EXPECT_EQ(client->get(range)->body, before);
}

TEST_F(Pollux, ABackupTakenWhileItRunsIsRestoredAndServed) {
  std::string before;
  {
    Program server(serve({"--backup-directory", path("backups")}));
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 100))->status, 200u);
    before = client->get("/v1/digest")->body;
    const std::string mark = "listening on ";
    const std::size_t from = server.err.find(mark) + mark.size();
    Program backup({"backup", "--at", server.err.substr(from, server.err.find_first_of(" \n", from) - from)});
    EXPECT_EQ(backup.wait(), 0) << backup.err;
    EXPECT_THAT(backup.out, HasSubstr(R"("number":1)"));
    ASSERT_EQ(client->post_events(events(100, 200))->status, 200u);
    Program offline({"backup", "--data", path("data"), "--to", path("backups")});
    EXPECT_EQ(offline.wait(), 3);
    EXPECT_THAT(offline.err, HasSubstr("in use by a running pollux"));
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  Program occupied({"restore", "--from", path("backups"), "--data", path("data")});
  EXPECT_EQ(occupied.wait(), 3);
  std::filesystem::rename(path("data"), path("later"));
  Program restore({"restore", "--from", path("backups"), "--data", path("data")});
  EXPECT_EQ(restore.wait(), 0) << restore.err;
  Program server(serve());
  auto client = connect(server);
  EXPECT_EQ(client->get("/v1/digest")->body, before);
}

TEST_F(Pollux, AJournalIsLookedIntoWhileItsServerRuns) {
  Program server(serve());
  auto client = connect(server);
  ASSERT_EQ(client->post_events(events(0, 10))->status, 200u);
  ASSERT_EQ(client->post_events(events(10, 20))->status, 200u);
  Program verify({"journal", "verify", path("data")});
  EXPECT_EQ(verify.wait(), 0) << verify.err;
  EXPECT_THAT(verify.out, HasSubstr("2 records (positions 1 to 2), 20 events, 0 quarantined: all in order"));
  Program dump({"journal", "dump", path("data"), "--from", "2"});
  EXPECT_EQ(dump.wait(), 0) << dump.err;
  EXPECT_THAT(dump.out, HasSubstr(R"({"position":2,"clock":"2026-11-22T07:00:19Z","events":[{)"));
  EXPECT_THAT(dump.out, HasSubstr(R"("id":"19")"));
  EXPECT_EQ(std::count(dump.out.begin(), dump.out.end(), '\n'), 1);
  Program stat({"journal", "stat", path("data"), "-o", "json"});
  EXPECT_EQ(stat.wait(), 0) << stat.err;
  EXPECT_THAT(stat.out, HasSubstr(R"("twin":"plant")"));
  EXPECT_THAT(stat.out, HasSubstr(R"("last":2)"));
  Program nothing({"journal", "verify", path("nothing-here")});
  EXPECT_EQ(nothing.wait(), 3);
  EXPECT_FALSE(std::filesystem::exists(path("nothing-here")));
}

TEST_F(Pollux, DamageInTheQuarantineIsNamedAndToldByTheExitCode) {
  {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(3'000, 3'001))->status, 200u);
    ASSERT_EQ(client->post_events(events(0, 1))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  Program sound({"journal", "stat", path("data")});
  EXPECT_EQ(sound.wait(), 0) << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("quarantined: 1\n"));
  {
    const auto store = actors::RocksdbStore::open(path("data")).value();
    const auto key = actors::journal_format::quarantine_key(1);
    ASSERT_TRUE(store->database().Put({}, store->quarantine(), {key.data(), key.size()}, "scratched").ok());
  }
  for (const char* verb : {"stat", "verify"}) {
    Program damaged({"journal", verb, path("data")});
    EXPECT_EQ(damaged.wait(), 3) << verb;
    EXPECT_THAT(damaged.err, HasSubstr("quarantine number 1: ")) << verb;
    Program as_json({"journal", verb, path("data"), "-o", "json"});
    EXPECT_EQ(as_json.wait(), 3) << verb;
    EXPECT_THAT(as_json.out, HasSubstr("quarantine number 1\",")) << verb;
  }
}

TEST_F(Pollux, ARunningTwinIsAskedWhyAndWhatIfFromTheCommandLine) {
  Program server(serve());
  auto client = connect(server);
  ASSERT_EQ(client->post_events(events(0, 6))->status, 200u);
  const std::size_t from = server.err.find("http://");
  const std::string url = server.err.substr(from, server.err.find_first_of(" \n\"", from) - from);

  Program why({"why", "pump-1", "flow", "--at", url, "--time", "2026-11-22T07:00:04Z"});
  EXPECT_EQ(why.wait(), 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("pump-1.flow = 0.8 L/s  since 2026-11-22T07:00:04Z"));
  EXPECT_THAT(why.out,
              HasSubstr("pump-1.speed = 4 %  since 2026-11-22T07:00:04Z  [event 4 of bms, position 1]"));

  Program impact({"impact", "pump-1", "speed", "--value", "50 %", "--at", url});
  EXPECT_EQ(impact.wait(), 0) << impact.err;
  EXPECT_THAT(impact.out, HasSubstr("pump-1.flow   1 L/s  10 L/s"));

  Program json({"impact", "pump-1", "-o", "json", "--at", url});
  EXPECT_EQ(json.wait(), 0) << json.err;
  EXPECT_THAT(json.out, HasSubstr(R"("levels":[)"));

  Program unknown({"why", "pump-2", "flow", "--at", url});
  EXPECT_EQ(unknown.wait(), 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean `pump-1`?"));
}

TEST_F(Pollux, TheGraphsAnalysisIsATableUnlessAskedOtherwise) {
  Program table({"graph", path("model.yaml"), "--analyse"});
  EXPECT_EQ(table.wait(), 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("plant: 1 entities (1 sources, 0 constraints), 0 bindings, height 0"));
  Program json({"graph", path("model.yaml"), "--analyse", "-o", "json"});
  EXPECT_EQ(json.wait(), 0) << json.err;
  EXPECT_THAT(json.out, HasSubstr(R"("cascades":"all")"));
  Program dot({"graph", path("model.yaml"), "--analyse", "-o", "dot"});
  EXPECT_EQ(dot.wait(), 2);
}

TEST_F(Pollux, ASignalStopsItCleanlyAndWhatItAcknowledgedIsThereAgain) {
  for (const int number : {SIGTERM, SIGINT}) {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(number, number + 1))->status, 200u);
    server.signal(number);
    EXPECT_EQ(server.wait(), 0) << server.err;
    EXPECT_THAT(server.out, IsEmpty());
  }
  Program server(serve());
  auto client = connect(server);
  EXPECT_THAT(client->post_events(events(SIGTERM, SIGTERM + 1))->body, HasSubstr(R"("duplicates":1)"));
}

TEST_F(Pollux, ASecondServerOnTheSameDataIsRefused) {
  Program first(serve());
  first.wait_for("ready: ");
  Program second(serve());
  EXPECT_EQ(second.wait(), 3) << second.err;
  EXPECT_THAT(second.err, HasSubstr(path("data")));
}

TEST_F(Pollux, ARefusedStartIsNeverTakenForACleanStop) {
  write("data", "a file where a directory should be");
  // How soon the refusal comes relative to the server's own stop differs from run to run.
  for (int i = 0; i < 20; ++i) {
    Program server(serve());
    ASSERT_EQ(server.wait(), 4) << server.err;
  }
}

TEST_F(Pollux, DataOfAnotherModelVersionIsRefusedUnlessAccepted) {
  {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 1))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0);
  }
  write("model.yaml", std::string(kModel) + "# changed\n");
  Program refused(serve());
  EXPECT_EQ(refused.wait(), 1) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("--accept-model-change"));
  Program accepted(serve({"--accept-model-change"}));
  accepted.wait_for("ready: ");
}

TEST_F(Pollux, ADamagedDataDirectoryIsRefusedWithTheFile) {
  {
    Program server(serve());
    auto client = connect(server);
    ASSERT_EQ(client->post_events(events(0, 100))->status, 200u);
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0) << server.err;
  }
  std::string damaged;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path("data"))) {
    if (entry.path().filename().string().starts_with("MANIFEST")) damaged = entry.path();
  }
  ASSERT_NE(damaged, "");
  std::ofstream(damaged, std::ios::in | std::ios::out)
      << "this is no manifest, it has been overwritten by someone";
  Program server(serve());
  EXPECT_EQ(server.wait(), 3) << server.err;
  EXPECT_THAT(server.err, HasSubstr("MANIFEST"));
}

TEST_F(Pollux, ATwinOfManyEntitiesStopsWhileItsClockTicks) {
  std::string model = kModel;
  std::string pumps;
  for (int i = 2; i < 1000; ++i) pumps += "  pump-" + std::to_string(i) + ": { type: Pump }\n";
  model.insert(model.find("sources:"), pumps);
  write("model.yaml", model);
  Program server({"serve", path("model.yaml"), "--data", path("data"), "--listen", "127.0.0.1:0"});
  server.wait_for("ready: ");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0) << server.err;
}

TEST_F(Pollux, AnAddressOthersCanReachNeedsAnExplicitFlag) {
  Program refused({"serve", path("model.yaml"), "--data", path("data"), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(refused.wait(), 2);
  EXPECT_THAT(refused.err, HasSubstr("--insecure-listen"));
}

TEST_F(Pollux, AWrongModelIsExplainedOnStderr) {
  write("wrong.yaml", "twin: plant\ntypes: {}\nentities:\n  pump-1: { type: Pmp }\n");
  Program check({"check", path("wrong.yaml")});
  EXPECT_EQ(check.wait(), 1);
  EXPECT_THAT(check.err, HasSubstr("wrong.yaml:4:"));
  EXPECT_THAT(check.out, IsEmpty());
}

TEST_F(Pollux, ARightModelIsSummedUpOnOneLine) {
  Program check({"check", path("model.yaml")});
  EXPECT_EQ(check.wait(), 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("ok: twin plant, 1 types, 1 entities"));
  EXPECT_EQ(std::count(check.out.begin(), check.out.end(), '\n'), 1);
}

TEST_F(Pollux, TheGraphComesAsDotOrJson) {
  Program dot({"graph", path("model.yaml")});
  EXPECT_EQ(dot.wait(), 0);
  EXPECT_THAT(dot.out, HasSubstr("digraph"));
  Program json({"graph", path("model.yaml"), "-o", "json"});
  EXPECT_EQ(json.wait(), 0);
  EXPECT_EQ(json.out.front(), '{');
}

TEST_F(Pollux, AFileThatIsNotThereIsAnInputErrorAndAWrongFlagAUsageError) {
  Program missing({"check", path("missing.yaml")});
  EXPECT_EQ(missing.wait(), 4);
  EXPECT_THAT(missing.err, HasSubstr("missing.yaml"));
  EXPECT_EQ(Program({"check"}).wait(), 2);
  EXPECT_EQ(Program({"fly"}).wait(), 2);
  EXPECT_EQ(Program({"version"}).wait(), 0);
  EXPECT_EQ(Program({"--version"}).wait(), 0);
}

TEST_F(Pollux, AFlagWinsOverTheEnvironmentAndThatOverTheDefault) {
  setenv("POLLUX_LOG_FORMAT", "json", 1);
  Program from_environment(serve());
  from_environment.wait_for("ready: ");
  EXPECT_EQ(from_environment.err.front(), '{');
  from_environment.signal(SIGTERM);
  from_environment.wait();
  Program from_flag(serve({"--log-format", "text"}));
  from_flag.wait_for("ready: ");
  EXPECT_NE(from_flag.err.front(), '{');
  unsetenv("POLLUX_LOG_FORMAT");
}

}  // namespace
}  // namespace pollux::server
