// Asking for the past over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/http/target.h"
#include "tests/server/http_fixture.h"

namespace pollux::server {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string time_of(int second) {
  return schema::format_rfc3339(1'795'332'480'000'000'000 + second * schema::kSecond);
}

/// Speeds 10, 20, ... 60 at seconds 0, 10, ... 50, an epoch each, then a late 99 at second 25.
class PastTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 6; ++i) {
      ASSERT_EQ(server_.post("[" + speed_event(std::to_string(i), i * 10, (i + 1) * 10) + "]").status, 200u);
    }
    before_ = server_.twin().settled_position();
    ASSERT_EQ(server_.post("[" + speed_event("late", 25, 99) + "]").status, 200u);
    after_ = server_.twin().settled_position();
  }

  std::string get(const std::string& target, unsigned status = 200) {
    const Answer answer = server_.get(target);
    EXPECT_EQ(answer.status, status) << answer.body;
    return answer.body;
  }
  static std::string known(schema::Position position) { return "&as_known_at=" + std::to_string(position); }

  RunningServer server_;
  schema::Position before_ = 0;
  schema::Position after_ = 0;
};

TEST_F(PastTest, AnEntityIsAsItWasAtATimeAsItIsKnownNowOrWasKnownThen) {
  const std::string at = "/v1/entities/pump-1?at=" + time_of(27);
  const std::string now = get(at);
  EXPECT_THAT(now, HasSubstr(R"("speed":{"value":99,)"));
  EXPECT_THAT(now, HasSubstr("\"time\":\"" + time_of(25) + "\""));
  EXPECT_THAT(now, HasSubstr("\"at\":\"" + time_of(27) + "\""));
  EXPECT_THAT(now, HasSubstr("\"position\":" + std::to_string(after_)));
  const std::string then = get(at + known(before_));
  EXPECT_THAT(then, HasSubstr(R"("speed":{"value":30,)"));
  EXPECT_THAT(then, HasSubstr("\"position\":" + std::to_string(before_)));
  // A parameter, which never changes.
  EXPECT_THAT(then, HasSubstr(R"("rated_flow":{"value":20,)"));
  // Before anything was known.
  EXPECT_THAT(get("/v1/entities/pump-1?at=" + time_of(-60)), HasSubstr(R"("speed":{"value":null,)"));
}

TEST_F(PastTest, KnowledgeIsNamedByATimeToo) {
  const std::string body = get("/v1/entities/pump-1?as_known_at=" + time_of(24));
  EXPECT_THAT(body, HasSubstr(R"("speed":{"value":30,)"));
  EXPECT_THAT(body, HasSubstr("\"position\":3"));
  EXPECT_THAT(get("/v1/entities/pump-1?as_known_at=yesterday", 400), HasSubstr("neither a journal position"));
  EXPECT_THAT(get("/v1/entities/pump-1?as_known_at=1000", 400), HasSubstr("not there yet"));
}

TEST_F(PastTest, ListsConstraintsAndDigestTellThePastToo) {
  EXPECT_THAT(get("/v1/entities?at=" + time_of(27) + known(before_) + "&limit=1"),
              HasSubstr(R"("speed":{"value":30,)"));
  // Flow 2 L/s at 10 %, too little below 25 %.
  const std::string low = get("/v1/constraints?at=" + time_of(5));
  EXPECT_THAT(low, HasSubstr(R"("status":"violated")"));
  EXPECT_THAT(low, HasSubstr("\"open_episode\":{\"constraint\":\"enough\",\"from\":\"" + time_of(0) +
                             "\",\"to\":\"" + time_of(20) + "\"}"));
  EXPECT_THAT(get("/v1/constraints?at=" + time_of(22)), HasSubstr(R"("status":"satisfied")"));
  const std::string early = get("/v1/digest?at=" + time_of(27) + known(before_));
  EXPECT_EQ(early, get("/v1/digest?at=" + time_of(27) + known(before_)));
  EXPECT_NE(early, get("/v1/digest?at=" + time_of(27)));
  EXPECT_THAT(early, HasSubstr(R"("of":"history")"));
}

TEST_F(PastTest, WhyTellsWhatWasKnownThenAndByWhichEvent) {
  const std::string at = "/v1/why/pump-1/flow?at=" + time_of(27);
  const std::string now = get(at);
  EXPECT_THAT(now, HasSubstr(R"("id":"late")"));
  const std::string then = get(at + known(before_));
  EXPECT_THAT(then, HasSubstr(R"("attribute":"speed","role":"observed","value":30,)"));
  EXPECT_THAT(then, HasSubstr(R"("id":"2")"));
  EXPECT_THAT(then, Not(HasSubstr("late")));
  EXPECT_THAT(then, HasSubstr("\"position\":" + std::to_string(before_)));
  // A parameter, which never changes.
  EXPECT_THAT(then, HasSubstr(R"("attribute":"rated_flow","role":"parameter","value":20,)"));
  EXPECT_EQ(get(at + known(after_)), now) << "from the history as from memory";
  get("/v1/why/pump-1/flow?as_known_at=1000", 400);
}

TEST_F(PastTest, WhyNamesTheEventThatStoodAsWasKnownThen) {
  const auto correction = [](const std::string& id, const std::string& corrects, int value) {
    std::string event = speed_event(id, 25, value);
    event.insert(event.find("\"subject\""), "\"corrects\":\"" + corrects + "\",");
    return event.replace(event.find("pollux.observe"), 14, "pollux.correct");
  };
  ASSERT_EQ(server_.post("[" + correction("right", "late", 99) + "]").status, 200u);
  const schema::Position corrected = server_.twin().settled_position();
  const std::string at = "/v1/why/pump-1/speed?at=" + time_of(27);
  EXPECT_THAT(get(at + known(after_)), HasSubstr(R"("id":"late")"));
  EXPECT_THAT(get(at + known(corrected)), HasSubstr(R"("id":"right")"));
}

TEST_F(PastTest, ARangeIsTheVersionsInPages) {
  const std::string target = "/v1/history/pump-1/speed?limit=3&from=" + time_of(0) + "&to=" + time_of(50);
  const std::string first = get(target);
  EXPECT_THAT(first, HasSubstr("{\"from\":\"" + time_of(0) + R"(","value":10,"quality":"good"})"));
  EXPECT_THAT(first, HasSubstr(R"("value":30,)"));
  EXPECT_THAT(first, Not(HasSubstr(R"("value":99,)")));
  const std::size_t at = first.find("\"next_cursor\":\"") + 15;
  const std::string cursor = first.substr(at, first.find('"', at) - at);
  const std::string second = get(target + "&cursor=" + percent_encode(cursor));
  EXPECT_THAT(second, HasSubstr(R"("value":99,)"));
  EXPECT_THAT(second, HasSubstr(R"("value":50,)"));
  EXPECT_THAT(second, HasSubstr(R"("next_cursor":null)"));
  EXPECT_THAT(get(target + known(before_)), Not(HasSubstr(R"("value":99,)")));
}

TEST_F(PastTest, ARangeIsSummarisedInBuckets) {
  const std::string body =
      get("/v1/history/pump-1/speed?bucket=20s&from=" + time_of(0) + "&to=" + time_of(40));
  EXPECT_THAT(
      body,
      HasSubstr("{\"from\":\"" + time_of(0) + "\",\"to\":\"" + time_of(20) +
                R"(","min":10,"max":20,"mean":15,"last":20,"first":10,"quality":"good","coverage":1})"));
  // 30 for 5 s, 99 for 5 s, 40 for 10 s.
  EXPECT_THAT(body, HasSubstr(R"("min":30,"max":99,"mean":52.25,"last":40,"first":30,)"));
  EXPECT_THAT(
      get("/v1/history/pump-1/speed?bucket=20s&aggregate=mean&from=" + time_of(0) + "&to=" + time_of(20)),
      HasSubstr("\"" + time_of(20) + R"(","mean":15,"quality")"));
}

TEST_F(PastTest, WhatCannotBeAskedIsRefused) {
  get("/v1/history/pump-9/speed", 404);
  get("/v1/history/pump-1/sped", 404);
  get("/v1/history/pump-1/speed?bucket=20s", 400);
  get("/v1/history/pump-1/speed?bucket=0s&from=" + time_of(0), 400);
  get("/v1/history/pump-1/speed?aggregate=mean", 400);
  get("/v1/history/pump-1/speed?bucket=20s&aggregate=median&from=" + time_of(0), 400);
  get("/v1/history/enough/status?bucket=20s&aggregate=mean&from=" + time_of(0), 400);
  get("/v1/history/pump-1/speed?cursor=nonsense", 400);
  get("/v1/history/pump-1/speed?from=" + time_of(9) + "&to=" + time_of(9), 400);
}

TEST_F(PastTest, EpisodesAreToldAsTheyWereKnown) {
  EXPECT_THAT(get("/v1/episodes?as_known_at=1"), HasSubstr("\"from\":\"" + time_of(0) + "\",\"to\":null"));
  const std::string now = get("/v1/episodes?as_known_at=" + std::to_string(after_));
  EXPECT_EQ(now, get("/v1/episodes"));
}

TEST(Past, EpisodesThatMemoryDroppedComeFromTheHistory) {
  RunningServer server;
  std::string body = "[";
  constexpr int kEpisodes = 1'100;
  for (int i = 0; i < 2 * kEpisodes; ++i) {
    body += (i == 0 ? "" : ",") + speed_event(std::to_string(i), i, i % 2 == 0 ? 1 : 90);
  }
  ASSERT_EQ(server.post(body + "]").status, 200u);
  const std::string all = server.get("/v1/episodes?limit=10000").body;
  EXPECT_THAT(all, HasSubstr("\"from\":\"" + time_of(0) + "\",\"to\":\"" + time_of(1) + "\""));
  std::size_t count = 0;
  for (std::size_t at = all.find("constraint\""); at != std::string::npos;
       at = all.find("constraint\"", at + 1))
    ++count;
  EXPECT_EQ(count, static_cast<std::size_t>(kEpisodes));
}

TEST(Past, ATwinWithoutAHistorySaysSo) {
  ServerSetup setup;
  setup.twin.keep_history = false;
  RunningServer server(std::move(setup));
  EXPECT_EQ(server.get("/v1/entities/pump-1?at=" + time_of(0)).status, 400u);
}

TEST(Past, WhatIsNoLongerKeptIsGone) {
  ServerSetup setup;
  setup.twin.history.age = 10 * schema::kSecond;
  RunningServer server(std::move(setup));
  for (int i = 0; i < 600; ++i) server.post("[" + speed_event(std::to_string(i), i, i % 100) + "]");
  const Answer answer = server.get("/v1/entities/pump-1?at=" + time_of(1));
  EXPECT_EQ(answer.status, 410u) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("the history reaches back to"));
  EXPECT_EQ(server.get("/v1/entities/pump-1?at=" + time_of(595)).status, 200u);
  const Answer changes = server.get("/v1/changes?after=1");
  EXPECT_EQ(changes.status, 410u);
  EXPECT_THAT(changes.body, HasSubstr("the oldest position to resume after is"));
}

}  // namespace
}  // namespace pollux::server
