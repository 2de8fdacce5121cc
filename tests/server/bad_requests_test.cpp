// What bad input gets: a clear error, and nothing of it is taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>
#include <vector>

#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

/// One wrong body and what must be said about it.
struct WrongBody {
  const char* name;
  std::string body;
  unsigned status;
  std::vector<std::string> says;
};

std::vector<WrongBody> wrong_bodies() {
  const std::string right = speed_event("1", 0, 80);
  const std::string speed = "\"speed\":80.000000";
  return {
      {"NotJson", "[{\"specversion\":", 400, {"\"offset\":"}},
      {"Empty", "", 400, {"\"errors\":["}},
      {"ANumber", "17", 400, {"\"errors\":["}},
      {"NotUtf8", replaced(right, "bms", "b\xff\xfe"), 400, {"\"errors\":["}},
      {"NoId", replaced(right, "\"id\":\"1\",", ""), 400, {"/id"}},
      {"WrongSpecversion", replaced(right, "\"1.0\"", "\"0.3\""), 400, {"/specversion"}},
      {"WrongTime", replaced(right, "2026-11-22T07:28:00Z", "yesterday"), 400, {"/time"}},
      {"UnknownEntity", replaced(right, "pump-1", "pump-l"), 404, {"\"nearest\":\"pump-1\"", "/subject"}},
      {"UnknownAttribute", replaced(right, "\"speed\"", "\"sped\""), 422, {"\"nearest\":\"speed\""}},
      {"UnknownSource", replaced(right, "bms", "bmz"), 422, {"\"nearest\":\"bms\""}},
      {"OutOfRange", replaced(right, speed, "\"speed\":100.5"), 422, {"/data/speed", "100.5"}},
      {"NotFinite", replaced(right, speed, "\"speed\":1e999"), 422, {"/data/speed", "1e999"}},
      {"NaN", replaced(right, speed, "\"speed\":NaN"), 400, {"\"errors\":["}},
      {"WrongUnit", replaced(right, speed, "\"speed\":{\"value\":1,\"unit\":\"kW\"}"), 422, {"kW"}},
      {"TextForANumber", replaced(right, speed, "\"speed\":\"fast\""), 422, {"/data/speed"}},
      {"ADerivedAttribute", replaced(right, "\"speed\"", "\"flow\""), 422, {"flow"}},
      {"TheSecondOfTwo",
       "[" + right + "," + replaced(right, "pump-1", "nowhere") + "]",
       404,
       {"\"index\":1"}},
  };
}

class WrongEvents : public testing::TestWithParam<WrongBody> {};

TEST_P(WrongEvents, AreExplainedAndLeaveTheTwinAsItWas) {
  RunningServer server;
  const std::string before = server.get("/v1/digest").body;
  const Answer answer = server.post(GetParam().body, "application/json");
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  for (const std::string& text : GetParam().says) EXPECT_THAT(answer.body, HasSubstr(text));
  rapidjson::Document problem;
  problem.Parse<rapidjson::kParseValidateEncodingFlag>(answer.body.c_str());
  ASSERT_FALSE(problem.HasParseError()) << answer.body;
  EXPECT_EQ(problem["status"].GetUint(), answer.status);
  EXPECT_GT(problem["detail"].GetStringLength(), 10u);
  EXPECT_EQ(server.get("/v1/digest").body, before);
}

INSTANTIATE_TEST_SUITE_P(Each, WrongEvents, testing::ValuesIn(wrong_bodies()),
                         [](const auto& each) { return std::string(each.param.name); });

/// One wrong request without a body.
struct WrongRequest {
  const char* name;
  std::string method, target, headers;
  unsigned status;
  std::vector<std::string> says;
};

std::vector<WrongRequest> wrong_requests() {
  return {
      {"UnknownPath", "GET", "/v1/entitys", "", 404, {"\"nearest\":\"/v1/entities\""}},
      {"UnknownEntity", "GET", "/v1/entities/pump-l", "", 404, {"\"nearest\":\"pump-1\""}},
      {"UnknownEntityInWhy", "GET", "/v1/why/pump-3/flow", "", 404, {"\"nearest\":\"pump-1\""}},
      {"UnknownAttributeInWhy", "GET", "/v1/why/pump-1/flo", "", 404, {"\"nearest\":\"flow\""}},
      {"UnknownType", "GET", "/v1/entities?type=Pum", "", 400, {"`Pump`"}},
      {"UnknownKind", "GET", "/v1/entities?kind=assets", "", 400, {"`asset`"}},
      {"UnknownParameter", "GET", "/v1/entities?kinds=asset", "", 400, {"kinds", "kind"}},
      {"WrongLimit", "GET", "/v1/entities?limit=0", "", 400, {"limit", "from 1 to 1000"}},
      {"WrongCursor", "GET", "/v1/entities?cursor=nobody", "", 400, {"cursor"}},
      {"WrongStatus", "GET", "/v1/constraints?status=broken", "", 400, {"satisfied, violated or unknown"}},
      {"WrongTime", "GET", "/v1/episodes?from=noon", "", 400, {"from"}},
      {"NotAConstraint", "GET", "/v1/episodes?constraint=pump-1", "", 422, {"not a constraint"}},
      {"WrongDepth", "GET", "/v1/why/enough/status?depth=1000", "", 400, {"depth"}},
      {"BrokenEscape", "GET", "/v1/entities/pump%2", "", 400, {"hex"}},
      {"EscapedControl", "GET", "/v1/entities/pump%00", "", 400, {"control"}},
      {"NotUtf8Id", "GET", "/v1/entities/%ff%fe", "", 404, {"no entity"}},
      {"WrongMethod", "DELETE", "/v1/entities", "", 405, {"GET, HEAD"}},
      {"GetOfEvents", "GET", "/v1/events", "", 405, {"POST"}},
      {"HeadOfAStream", "HEAD", "/v1/changes", "", 405, {}},
      {"UnwantedAnswer", "GET", "/v1/entities", "Accept: text/html\r\n", 406, {"application/json"}},
      {"WrongMediaType", "POST", "/v1/events", "Content-Type: text/csv\r\n", 415, {"text/csv"}},
      {"NoMediaType", "POST", "/v1/events", "", 415, {"not given"}},
      {"EncodedBody",
       "POST",
       "/v1/events",
       "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
       415,
       {"gzip"}},
      {"WrongLastEventId", "GET", "/v1/changes", "Last-Event-ID: x\r\n", 400, {"Last-Event-ID"}},
      {"UnknownEntityInChanges", "GET", "/v1/changes?entity=pump-l", "", 404, {"pump-1"}},
  };
}

class WrongRequests : public testing::TestWithParam<WrongRequest> {};

TEST_P(WrongRequests, AreExplained) {
  RunningServer server;
  const WrongRequest& wrong = GetParam();
  const Answer answer = server.ask(wrong.method, wrong.target, wrong.headers);
  EXPECT_EQ(answer.status, wrong.status) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  for (const std::string& text : wrong.says) EXPECT_THAT(answer.body, HasSubstr(text));
  if (wrong.method == "HEAD") return;
  rapidjson::Document problem;
  problem.Parse<rapidjson::kParseValidateEncodingFlag>(answer.body.c_str());
  EXPECT_FALSE(problem.HasParseError()) << answer.body;
}

INSTANTIATE_TEST_SUITE_P(Each, WrongRequests, testing::ValuesIn(wrong_requests()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(AWrongMethod, IsToldTheRightOnes) {
  RunningServer server;
  EXPECT_EQ(server.ask("PUT", "/v1/events").headers.at("allow"), "POST");
}

TEST(NotHttp, GetsAProblemAndTheConnectionIsClosed) {
  RunningServer server;
  Connection connection(server.port());
  connection.send("GET / HTTP/1.1\r\nno colon here\r\n\r\n");
  const std::string answer = connection.read_to_end();
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("application/problem+json"));
}

TEST(ABatchUnderTheMediaTypeOfOneEvent, IsRefusedWithTheRightOne) {
  RunningServer server;
  const Answer answer = server.post("[" + speed_event("1", 0, 80) + "]", "application/cloudevents+json");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("application/cloudevents-batch+json"));
}

}  // namespace
}  // namespace pollux::server
