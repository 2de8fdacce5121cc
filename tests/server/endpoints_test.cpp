// What each address answers when all is well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

rapidjson::Document parse(const Answer& answer) {
  rapidjson::Document document;
  document.Parse(answer.body.c_str());
  EXPECT_FALSE(document.HasParseError()) << answer.body;
  return document;
}

TEST(Events, ABatchIsAcknowledgedWithItsPositionOnceItIsSettled) {
  RunningServer server;
  const Answer answer = server.post("[" + speed_event("1", 0, 80) + "," + speed_event("2", 1, 90) + "]");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  const auto receipt = parse(answer);
  EXPECT_EQ(receipt["position"].GetUint64(), server.twin().settled_position());
  EXPECT_EQ(receipt["accepted"].GetUint64(), 2u);
  EXPECT_EQ(receipt["quarantined"].GetUint64(), 0u);
  EXPECT_STREQ(receipt["outcomes"][1].GetString(), "accepted");
}

TEST(Events, ASingleEventIsTakenUnderEitherMediaType) {
  RunningServer server;
  EXPECT_EQ(server.post(speed_event("1", 0, 80), "application/cloudevents+json; charset=utf-8").status, 200u);
  EXPECT_EQ(server.post(speed_event("2", 0, 80), "Application/JSON").status, 200u);
}

TEST(Events, ADuplicateIsAcknowledgedAndCountedAsOne) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  const Answer again = server.post("[" + speed_event("1", 0, 80) + "]");
  EXPECT_EQ(again.status, 200u);
  EXPECT_EQ(parse(again)["duplicates"].GetUint64(), 1u);
}

TEST(Events, AnEventBeyondItsLatenessIsSetAsideAndShownInQuarantine) {
  RunningServer server;
  server.post("[" + speed_event("new", 3600, 80) + "]");
  const Answer late = server.post("[" + speed_event("old", 0, 70) + "]");
  EXPECT_EQ(parse(late)["quarantined"].GetUint64(), 1u) << late.body;
  const auto quarantine = parse(server.get("/v1/quarantine"));
  ASSERT_EQ(quarantine["events"].Size(), 1u);
  EXPECT_STREQ(quarantine["events"][0]["reason"].GetString(), "too_late");
  EXPECT_STREQ(quarantine["events"][0]["event"]["id"].GetString(), "old");
  EXPECT_EQ(quarantine["events"][0]["event"]["data"]["speed"]["value"].GetDouble(), 70);
  EXPECT_TRUE(quarantine["next_from"].IsNull());
}

TEST(Quarantine, OneEventIsAdmittedOrDiscardedAndDecidingAgainChangesNothing) {
  RunningServer server;
  server.post("[" + speed_event("new", 3600, 80) + "]");
  server.post("[" + speed_event("old", 0, 70) + "]");
  const Answer refused = server.ask("POST", "/v1/quarantine/1/admit");
  EXPECT_EQ(refused.status, 409u) << refused.body;
  EXPECT_THAT(parse(refused)["detail"].GetString(), HasSubstr("final"));
  for (int i = 0; i < 2; ++i) {
    const Answer discarded = server.ask("POST", "/v1/quarantine/1/discard");
    EXPECT_EQ(discarded.status, 200u) << discarded.body;
    EXPECT_STREQ(parse(discarded)["outcome"].GetString(), "discarded");
  }
  EXPECT_EQ(parse(server.get("/v1/quarantine"))["events"].Size(), 0u);
  EXPECT_EQ(parse(server.post("[" + speed_event("old", 0, 70) + "]"))["duplicates"].GetUint64(), 1u);
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/2/admit").status, 404u);
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/one/admit").status, 400u);
  EXPECT_EQ(server.get("/v1/quarantine/1/admit").status, 405u);
}

TEST(Quarantine, SeveralEventsAreDecidedOnWithOneRequest) {
  RunningServer server;
  server.post("[" + speed_event("new", 3600, 80) + "]");
  server.post("[" + speed_event("a", 0, 70) + "," + speed_event("b", 1, 70) + "]");
  const std::string json = "Content-Type: application/json\r\n";
  const Answer answer = server.ask("POST", "/v1/quarantine/discard", json, R"({"numbers":[2,3]})");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  const auto decisions = parse(answer);
  EXPECT_STREQ(decisions["decisions"][0]["outcome"].GetString(), "discarded");
  EXPECT_STREQ(decisions["decisions"][1]["outcome"].GetString(), "unknown");
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/discard", json, R"({"numbers":[]})").status, 400u);
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/discard", json, R"({"numbers":["1"]})").status, 400u);
  EXPECT_EQ(server.ask("POST", "/v1/quarantine/discard", "Content-Type: text/plain\r\n", "1").status, 415u);
  EXPECT_THAT(server.metrics(),
              HasSubstr(R"(pollux_quarantine_decisions_total{domain="plant",decision="discarded"} 1)"));
}

TEST(Sources, EachIsShownWithWhatItSentAndWhatIsMissing) {
  RunningServer server;
  const auto numbered = [](int number) {
    std::string event = speed_event(std::to_string(number), number, 50);
    return event.insert(1, R"("sequence":")" + std::to_string(number) + R"(",)");
  };
  server.post("[" + numbered(1) + "," + numbered(4) + "," + numbered(4) + "]");
  const auto sources = parse(server.get("/v1/sources"));
  ASSERT_EQ(sources["sources"].Size(), 1u);
  const auto& bms = sources["sources"][0];
  EXPECT_STREQ(bms["source"].GetString(), "bms");
  EXPECT_EQ(bms["accepted"].GetUint64(), 2u);
  EXPECT_EQ(bms["duplicates"].GetUint64(), 1u);
  EXPECT_EQ(bms["lag_seconds"].GetDouble(), 0);
  EXPECT_EQ(bms["silent_since"], sources["clock"]);
  EXPECT_EQ(bms["sequence"]["highest"].GetUint64(), 4u);
  EXPECT_EQ(bms["sequence"]["missing"].GetUint64(), 2u);
  EXPECT_EQ(bms["sequence"]["missing_ranges"][0][0].GetUint64(), 2u);
  EXPECT_EQ(bms["sequence"]["missing_ranges"][0][1].GetUint64(), 3u);
  EXPECT_THAT(server.metrics(),
              HasSubstr("pollux_source_sequence_missing{domain=\"plant\",source=\"bms\"} 2"));
}

/// `speed_event` as a correction of another.
std::string correction(const std::string& id, int second, double percent, const std::string& named) {
  std::string json = speed_event(id, second, percent);
  const std::string type = R"("pollux.observe")";
  return json.replace(json.find(type), type.size(), R"("pollux.correct","corrects":")" + named + "\"");
}

std::string retraction(const std::string& id, const std::string& named) {
  return R"({"specversion":"1.0","type":"pollux.retract","source":"bms","id":")" + id +
         R"(","time":"2026-11-22T07:28:01Z","retracts":")" + named + "\"}";
}

double speed_of(RunningServer& server) {
  return parse(server.get("/v1/entities/pump-1"))["attributes"]["speed"]["value"].GetDouble();
}

TEST(Events, ACorrectionReplacesAndARetractionWithdraws) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "," + speed_event("2", 1, 90) + "]");
  const Answer corrected = server.post("[" + correction("3", 1, 70, "2") + "]");
  EXPECT_STREQ(parse(corrected)["outcomes"][0].GetString(), "accepted") << corrected.body;
  EXPECT_EQ(speed_of(server), 70);
  EXPECT_STREQ(parse(server.post("[" + correction("3", 1, 70, "2") + "]"))["outcomes"][0].GetString(),
               "duplicate");
  server.post("[" + retraction("4", "2") + "]");
  EXPECT_EQ(speed_of(server), 80) << "a retraction beats a correction";
}

TEST(Events, ARevisionOfWhatIsFinalIsSetAsideAndShownInQuarantine) {
  RunningServer server;
  server.post("[" + speed_event("old", 0, 80) + "]");
  server.post("[" + speed_event("new", 3600, 90) + "]");
  const Answer late = server.post("[" + correction("c", 3600, 70, "old") + "]");
  EXPECT_STREQ(parse(late)["outcomes"][0].GetString(), "too_late") << late.body;
  const Answer later = server.post("[" + retraction("r", "old") + "]");
  EXPECT_STREQ(parse(later)["outcomes"][0].GetString(), "too_late") << later.body;
  const auto quarantine = parse(server.get("/v1/quarantine"));
  ASSERT_EQ(quarantine["events"].Size(), 2u);
  EXPECT_STREQ(quarantine["events"][0]["event"]["corrects"].GetString(), "old");
  EXPECT_STREQ(quarantine["events"][1]["event"]["type"].GetString(), "pollux.retract");
  EXPECT_STREQ(quarantine["events"][1]["event"]["retracts"].GetString(), "old");
  EXPECT_FALSE(quarantine["events"][1]["event"].HasMember("subject"));
  EXPECT_EQ(speed_of(server), 90);
}

TEST(Entities, OneEntityIsShownWithItsValuesUnitsAndBindings) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 33.3) + "]");
  const auto pump = parse(server.get("/v1/entities/pump-1"));
  EXPECT_STREQ(pump["id"].GetString(), "pump-1");
  EXPECT_STREQ(pump["type"].GetString(), "Pump");
  EXPECT_STREQ(pump["kind"].GetString(), "asset");
  const auto& speed = pump["attributes"]["speed"];
  EXPECT_EQ(speed["value"].GetDouble(), 33.3);
  EXPECT_STREQ(speed["unit"].GetString(), "%");
  EXPECT_STREQ(speed["quality"].GetString(), "good");
  EXPECT_STREQ(speed["time"].GetString(), "2026-11-22T07:28:00Z");
  EXPECT_FALSE(speed.HasMember("reason"));
  EXPECT_NEAR(pump["attributes"]["flow"]["value"].GetDouble(), 6.66, 1e-12);
  EXPECT_STREQ(parse(server.get("/v1/entities/enough"))["inputs"]["flow"].GetString(), "pump-1.flow");
}

TEST(Entities, WhatHasNoValueIsNullAndSaysWhy) {
  RunningServer server;
  const auto pump = parse(server.get("/v1/entities/pump-1"));
  const auto& speed = pump["attributes"]["speed"];
  EXPECT_TRUE(speed["value"].IsNull());
  EXPECT_STREQ(speed["quality"].GetString(), "unknown");
  EXPECT_STREQ(speed["reason"].GetString(), "not_yet_observed");
}

TEST(Entities, AnUnchangedStateIsNotSentAgain) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  const Answer first = server.get("/v1/entities/pump-1");
  const std::string condition = "If-None-Match: " + first.headers.at("etag") + "\r\n";
  const Answer same = server.get("/v1/entities/pump-1", condition);
  EXPECT_EQ(same.status, 304u);
  EXPECT_EQ(same.body, "");
  server.post("[" + speed_event("2", 1, 81) + "]");
  EXPECT_EQ(server.get("/v1/entities/pump-1", condition).status, 200u);
}

TEST(Entities, PagesFollowEachOtherByCursorUntilNoneIsLeft) {
  RunningServer server;
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto answer = parse(server.get("/v1/entities?limit=2" + cursor));
    for (const auto& entity : answer["entities"].GetArray()) seen.emplace_back(entity["id"].GetString());
    if (answer["next_cursor"].IsNull()) break;
    cursor = std::string("&cursor=") + answer["next_cursor"].GetString();
  }
  EXPECT_THAT(seen, testing::ElementsAre("pump-1", "pump-2", "enough"));
}

TEST(Entities, TheyAreFilteredByTypeKindAndTag) {
  RunningServer server;
  EXPECT_EQ(parse(server.get("/v1/entities?type=Pump"))["entities"].Size(), 2u);
  EXPECT_EQ(parse(server.get("/v1/entities?kind=constraint"))["entities"].Size(), 1u);
  EXPECT_EQ(parse(server.get("/v1/entities?tag=main"))["entities"].Size(), 1u);
  EXPECT_EQ(parse(server.get("/v1/entities?tag=main&kind=constraint"))["entities"].Size(), 0u);
}

TEST(Constraints, AViolatedOneIsShownWithItsRuleAndOpenEpisode) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "," + speed_event("2", 60, 10) + "]");
  const auto violated = parse(server.get("/v1/constraints?status=violated"));
  ASSERT_EQ(violated["constraints"].Size(), 1u);
  const auto& constraint = violated["constraints"][0];
  EXPECT_STREQ(constraint["id"].GetString(), "enough");
  EXPECT_STREQ(constraint["status"].GetString(), "violated");
  EXPECT_STREQ(constraint["since"].GetString(), "2026-11-22T07:29:00Z");
  EXPECT_STREQ(constraint["severity"].GetString(), "critical");
  EXPECT_STREQ(constraint["requires"].GetString(), "flow >= 5 L/s");
  EXPECT_STREQ(constraint["open_episode"]["from"].GetString(), "2026-11-22T07:29:00Z");
  EXPECT_EQ(parse(server.get("/v1/constraints?status=satisfied"))["constraints"].Size(), 0u);
}

TEST(Constraints, BeforeAnythingIsObservedTheirStatusIsUnknown) {
  RunningServer server;
  const auto all = parse(server.get("/v1/constraints"));
  ASSERT_EQ(all["constraints"].Size(), 1u);
  EXPECT_STREQ(all["constraints"][0]["status"].GetString(), "unknown");
  EXPECT_TRUE(all["constraints"][0]["open_episode"].IsNull());
}

TEST(Episodes, AnEndedOneHasBothEndsAndAWindowSelects) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "," + speed_event("2", 60, 80) + "]");
  const auto all = parse(server.get("/v1/episodes?constraint=enough"));
  ASSERT_EQ(all["episodes"].Size(), 1u);
  EXPECT_STREQ(all["episodes"][0]["from"].GetString(), "2026-11-22T07:28:00Z");
  EXPECT_STREQ(all["episodes"][0]["to"].GetString(), "2026-11-22T07:29:00Z");
  EXPECT_EQ(parse(server.get("/v1/episodes?from=2026-11-22T07:30:00Z"))["episodes"].Size(), 0u);
  EXPECT_EQ(parse(server.get("/v1/episodes?to=2026-11-22T08:30:00%2B01:00"))["episodes"].Size(), 1u);
}

TEST(Why, AStatusIsTracedToTheObservationBehindIt) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "]");
  const Answer answer = server.get("/v1/why/enough/status?depth=5");
  const auto cause = parse(answer);
  EXPECT_STREQ(cause["value"].GetString(), "violated");
  EXPECT_STREQ(cause["is"].GetString(), "flow >= 5 L/s");
  EXPECT_THAT(answer.body,
              HasSubstr(R"("entity":"pump-1","attribute":"speed","role":"observed","value":10)"));
}

TEST(Why, ADepthCutsTheExplanationAndSaysSo) {
  RunningServer server;
  const Answer answer = server.get("/v1/why/enough/status?depth=1");
  EXPECT_THAT(answer.body, HasSubstr(R"("truncated":true)"));
  EXPECT_THAT(answer.body, Not(HasSubstr(R"("attribute":"speed")")));
}

TEST(Why, AnObservedValueNamesItsEventAndWhereTheJournalHasIt) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "]");
  server.post("[" + speed_event("2", 5, 20) + "]");
  const auto cause = parse(server.get("/v1/why/pump-1/speed"));
  EXPECT_STREQ(cause["origin"].GetString(), "event");
  EXPECT_STREQ(cause["event"]["source"].GetString(), "bms");
  EXPECT_STREQ(cause["event"]["id"].GetString(), "2");
  EXPECT_STREQ(cause["event"]["type"].GetString(), "pollux.observe");
  EXPECT_STREQ(cause["event"]["time"].GetString(), "2026-11-22T07:28:05Z");
  EXPECT_EQ(cause["event"]["position"].GetUint64(), 2u);
  EXPECT_EQ(cause["position"].GetUint64(), 2u);
  EXPECT_STREQ(cause["at"].GetString(), "2026-11-22T07:28:05Z");
  EXPECT_EQ(std::string(cause["model_version"].GetString()), server.twin().model().version());
  EXPECT_FALSE(cause["events_truncated"].GetBool());
}

TEST(Why, APastTimeIsExplainedByTheEventsOfThatTime) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "," + speed_event("2", 60, 80) + "]");
  const auto cause = parse(server.get("/v1/why/enough/status?at=2026-11-22T07:28:30Z"));
  EXPECT_STREQ(cause["value"].GetString(), "violated");
  EXPECT_STREQ(cause["broken_since"].GetString(), "2026-11-22T07:28:00Z");
  EXPECT_STREQ(cause["for"].GetString(), "0 s");
  EXPECT_STREQ(cause["at"].GetString(), "2026-11-22T07:28:30Z");
  const auto& flow = cause["inputs"][0];
  EXPECT_EQ(flow["value"].GetDouble(), 2);
  EXPECT_STREQ(flow["inputs"][1]["event"]["id"].GetString(), "1");
  EXPECT_STREQ(parse(server.get("/v1/why/enough/status"))["value"].GetString(), "satisfied");
}

TEST(Why, ATimeAheadOfTheClockIsRefused) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "]");
  const Answer answer = server.get("/v1/why/pump-1/speed?at=2026-11-22T07:28:01Z");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("ahead of the twin's clock, which stands at 2026-11-22T07:28:00Z"));
}

TEST(Why, ATimeThatMemoryNoLongerHoldsIsToldByTheHistoryOrGoneWhereThereIsNone) {
  for (const bool keep_history : {true, false}) {
    ServerSetup setup;
    setup.twin.keep_history = keep_history;
    RunningServer server(std::move(setup));
    for (int i = 0; i < 100; ++i) server.post("[" + speed_event(std::to_string(i), i * 60, i) + "]");
    const Answer past = server.get("/v1/why/pump-1/flow?at=2026-11-22T07:29:00Z");
    EXPECT_EQ(past.status, keep_history ? 200u : 410u) << past.body;
    EXPECT_THAT(past.body, HasSubstr(keep_history ? R"("attribute":"speed","role":"observed","value":1,)"
                                                  : "no longer in memory, which holds it from 2026-11-22T"));
    EXPECT_EQ(server.get("/v1/why/pump-1/flow?at=2026-11-22T09:00:00Z").status, 200u);
  }
}

TEST(TheDigest, ItDependsOnTheEventsAndNotOnTheirOrder) {
  RunningServer first;
  RunningServer second;
  first.post("[" + speed_event("1", 0, 10) + "," + speed_event("2", 60, 80) + "]");
  second.post("[" + speed_event("2", 60, 80) + "]");
  EXPECT_STRNE(parse(first.get("/v1/digest"))["digest"].GetString(),
               parse(second.get("/v1/digest"))["digest"].GetString());
  second.post("[" + speed_event("1", 0, 10) + "]");
  EXPECT_STREQ(parse(first.get("/v1/digest"))["digest"].GetString(),
               parse(second.get("/v1/digest"))["digest"].GetString());
}

TEST(TheModel, ItsTextAndGraphAreServedUnderItsVersion) {
  RunningServer server;
  const Answer text = server.get("/v1/model");
  EXPECT_EQ(text.body, kPlant);
  EXPECT_EQ(text.headers.at("content-type"), "application/yaml");
  EXPECT_EQ(server.get("/v1/model", "If-None-Match: " + text.headers.at("etag") + "\r\n").status, 304u);
  EXPECT_THAT(server.get("/v1/graph").body, HasSubstr(R"("pump-1")"));
}

TEST(ThePage, ItNeedsNothingFromElsewhere) {
  RunningServer server;
  const Answer page = server.get("/", "Accept: text/html,application/xhtml+xml\r\n");
  EXPECT_EQ(page.status, 200u);
  EXPECT_THAT(page.headers.at("content-type"), StartsWith("text/html"));
  EXPECT_THAT(page.body, HasSubstr("</html>"));
  EXPECT_THAT(page.body, Not(HasSubstr("http://")));
  EXPECT_THAT(page.body, Not(HasSubstr("https://")));
}

TEST(Health, TheMetricsCountWhatHappened) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 10) + "]");
  const std::string text = server.get("/metrics").body;
  EXPECT_THAT(text, HasSubstr(R"(pollux_http_requests_total{route="/v1/events",status="2xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(pollux_events_total{domain="plant",outcome="accepted"} 1)"));
}

TEST(Health, WhileTheTwinIsStartingItIsAliveButNotReady) {
  ServerSetup setup;
  setup.start_twin = false;
  RunningServer server(std::move(setup));
  server.http().show_progress({0, {7, 11}});
  EXPECT_EQ(server.get("/livez").status, 200u);
  const Answer ready = server.get("/readyz");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_EQ(parse(ready)["replayed"].GetUint64(), 7u);
  EXPECT_EQ(parse(ready)["to_replay"].GetUint64(), 11u);
  const std::string metrics = server.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("pollux_recovery_in_progress 1"));
  EXPECT_THAT(metrics, HasSubstr("pollux_recovery_position 7"));
  EXPECT_THAT(metrics, HasSubstr("pollux_recovery_target_position 11"));
  const Answer events = server.post("[]");
  EXPECT_EQ(events.status, 503u);
  EXPECT_EQ(events.headers.count("retry-after"), 1u);
}

TEST(Health, ATwinThatServesIsReady) {
  RunningServer server;
  EXPECT_EQ(server.get("/readyz").status, 200u);
  EXPECT_THAT(server.get("/metrics").body, HasSubstr("pollux_recovery_in_progress 0"));
}

TEST(AHeadRequest, AnswersAsGetDoesWithoutTheBody) {
  RunningServer server;
  const Answer head = server.ask("HEAD", "/v1/model");
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(std::string(kPlant).size()));
}

TEST(ManyClients, AtOnceEachGetTheirOwnAnswerAndNothingIsLost) {
  RunningServer server;
  constexpr int kClients = 8;
  constexpr int kRequests = 25;
  std::vector<std::thread> clients;
  std::atomic<int> accepted{0};
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kRequests; ++i) {
        const std::string id = std::to_string(client) + "-" + std::to_string(i);
        if (server.post("[" + speed_event(id, i, 50) + "]").status == 200) ++accepted;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(accepted, kClients * kRequests);
  EXPECT_EQ(server.twin().probe().events_accepted.value(), std::uint64_t{kClients * kRequests});
}

}  // namespace
}  // namespace pollux::server
