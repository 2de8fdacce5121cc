// What depends on what, and what would change: /v1/impact and /v1/graph/analysis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;

rapidjson::Document parse(const Answer& answer) {
  rapidjson::Document document;
  document.Parse(answer.body.c_str());
  EXPECT_FALSE(document.HasParseError()) << answer.body;
  EXPECT_TRUE(document.IsObject()) << answer.body;
  return document;
}

std::string detail_of(const Answer& answer) {
  return parse(answer)["detail"].GetString();
}

TEST(Impact, WhatDependsOnAnAttributeIsShownByLevels) {
  RunningServer server;
  const auto impact = parse(server.get("/v1/impact/pump-1/speed"));
  EXPECT_EQ(impact["entities"].GetUint64(), 1u);
  EXPECT_EQ(impact["constraints"].GetUint64(), 1u);
  ASSERT_EQ(impact["levels"].Size(), 2u);
  EXPECT_EQ(impact["levels"][0]["entities"][0]["attributes"].Size(), 2u)
      << "speed, and flow of the same pump";
  EXPECT_STREQ(impact["levels"][1]["entities"][0]["entity"].GetString(), "enough");
  EXPECT_STREQ(impact["levels"][1]["entities"][0]["kind"].GetString(), "constraint");
  EXPECT_FALSE(impact["truncated"].GetBool());
}

TEST(Impact, OfAnEntityIsThatOfAllItsAttributes) {
  RunningServer server;
  const auto impact = parse(server.get("/v1/impact/pump-1"));
  EXPECT_TRUE(impact["attribute"].IsNull());
  EXPECT_EQ(impact["levels"][0]["entities"][0]["attributes"].Size(), 3u);
  EXPECT_EQ(impact["entities"].GetUint64(), 1u);
  EXPECT_EQ(parse(server.get("/v1/impact/pump-2"))["entities"].GetUint64(), 0u);
}

TEST(Impact, ASupposedValueTellsWhatWouldChangeAndBreak) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  const auto impact = parse(server.get("/v1/impact/pump-1/speed?value=10"));
  EXPECT_EQ(impact["was"]["value"].GetDouble(), 80);
  EXPECT_EQ(impact["supposed"]["value"].GetDouble(), 10);
  ASSERT_EQ(impact["changes"].Size(), 2u);
  EXPECT_STREQ(impact["changes"][0]["attribute"].GetString(), "flow");
  EXPECT_EQ(impact["changes"][0]["was"]["value"].GetDouble(), 16);
  EXPECT_EQ(impact["changes"][0]["would_be"]["value"].GetDouble(), 2);
  EXPECT_STREQ(impact["changes"][1]["would_be"]["value"].GetString(), "violated");
  ASSERT_EQ(impact["constraints"].Size(), 1u);
  EXPECT_STREQ(impact["constraints"][0]["effect"].GetString(), "would_break");
  EXPECT_STREQ(impact["constraints"][0]["status"].GetString(), "satisfied");
  EXPECT_STREQ(impact["constraints"][0]["for"].GetString(), "0 s");
  EXPECT_THAT(impact["assumes"].GetString(), HasSubstr("not waited for"));
  EXPECT_EQ(impact["position"].GetUint64(), 1u);
}

TEST(Impact, SupposingLeavesTheTwinAsItIs) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  const std::string before = server.get("/v1/digest").body;
  server.get("/v1/impact/pump-1/speed?value=10");
  EXPECT_EQ(server.get("/v1/digest").body, before);
  EXPECT_EQ(server.twin().settled_position(), 1u);
}

TEST(Impact, ASupposedValueIsReadLikeAReportedOne) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  EXPECT_EQ(parse(server.get("/v1/impact/pump-1/flow?value=18%20m3%2Fh"))["supposed"]["value"].GetDouble(),
            5);
  EXPECT_STREQ(
      parse(server.get("/v1/impact/pump-1/speed?quality=bad"))["constraints"][0]["effect"].GetString(),
      "would_be_unknown");
  const auto refused = [&](const std::string& query) {
    const Answer answer = server.get("/v1/impact/pump-1/speed?" + query);
    EXPECT_EQ(answer.status, 422u) << query;
    return detail_of(answer);
  };
  EXPECT_THAT(refused("value=130"), HasSubstr("outside the attribute's range"));
  EXPECT_THAT(refused("value=fast"), HasSubstr("expected a number in %"));
  EXPECT_THAT(refused("value=3%20kW"), HasSubstr("cannot be converted"));
  EXPECT_THAT(refused("value=1e999"), HasSubstr("expected a number"));
  EXPECT_THAT(refused("value="), HasSubstr("there is no value"));
  EXPECT_THAT(refused("value=3&quality=stale"), HasSubstr("expected good, uncertain or bad"));
}

TEST(Impact, ASymbolIsSupposedByItsName) {
  RunningServer server;
  const auto impact = parse(server.get("/v1/impact/enough/status?value=violated"));
  EXPECT_STREQ(impact["supposed"]["value"].GetString(), "violated");
  const Answer wrong = server.get("/v1/impact/enough/status?value=violatet");
  EXPECT_EQ(wrong.status, 422u);
  EXPECT_STREQ(parse(wrong)["nearest"].GetString(), "violated");
}

TEST(Impact, WhatIsUnknownIsNamedWithItsNearest) {
  RunningServer server;
  EXPECT_EQ(server.get("/v1/impact/pump-9").status, 404u);
  const Answer attribute = server.get("/v1/impact/pump-1/sped?value=1");
  EXPECT_EQ(attribute.status, 404u);
  EXPECT_STREQ(parse(attribute)["nearest"].GetString(), "speed");
  EXPECT_EQ(server.get("/v1/impact/pump-1?value=1").status, 400u) << "of which attribute?";
  EXPECT_EQ(server.get("/v1/impact/pump-1/speed?depth=1").status, 400u);
}

TEST(Impact, ALimitCutsTheAnswerAndSaysSo) {
  RunningServer server;
  server.post("[" + speed_event("1", 0, 80) + "]");
  const auto impact = parse(server.get("/v1/impact/pump-1/speed?value=10&limit=1"));
  EXPECT_EQ(impact["changes"].Size(), 1u);
  EXPECT_TRUE(impact["truncated"].GetBool());
}

TEST(TheGraph, ItsAnalysisIsServedUnderTheModelsVersion) {
  RunningServer server;
  const Answer answer = server.get("/v1/graph/analysis");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  const auto analysis = parse(answer);
  EXPECT_EQ(analysis["entity_count"].GetUint64(), 3u);
  EXPECT_STREQ(analysis["bottlenecks"][0]["id"].GetString(), "pump-1");
  EXPECT_STREQ(analysis["bottlenecks"][0]["constraints"][0].GetString(), "enough");
  EXPECT_EQ(analysis["longest_path"].Size(), 2u);
  const std::string condition = "If-None-Match: " + answer.headers.at("etag") + "\r\n";
  EXPECT_EQ(server.get("/v1/graph/analysis", condition).status, 304u);
  EXPECT_EQ(server.get("/v1/graph/analysis?limit=1", condition).status, 200u);
  EXPECT_TRUE(parse(server.get("/v1/graph/analysis?limit=1"))["truncated"].GetBool());
}

TEST(TheGraph, ItsAnalysisNeedsNoRunningTwin) {
  ServerSetup setup;
  setup.start_twin = false;
  RunningServer server(std::move(setup));
  EXPECT_EQ(server.get("/v1/graph/analysis").status, 200u);
  EXPECT_EQ(server.get("/v1/impact/pump-1").status, 503u);
}

}  // namespace
}  // namespace pollux::server
