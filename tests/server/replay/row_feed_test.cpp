#include "server/replay/row_feed.h"

#include <gmock/gmock.h>

#include "tests/server/replay/temporary_file.h"

namespace pollux::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kMap = R"(source: "rig \"A\""
time: { column: t, format: unix_s }
columns:
  flow: { to: loop.flow, unit: L/min }
  speed: { to: pump.speed }
  level: { to: loop.level }
  on: { to: pump.on, type: boolean }
  state: { to: pump.state, type: text }
)";
constexpr const char* kHeader = "t,flow,speed,level,on,state,label\n";

class RowFeedTest : public ::testing::Test {
 protected:
  RowFeedTest() : mapping_(std::get<Mapping>(parse_mapping(kMap, "map.yaml"))) {}

  RowFeed open(const std::string& rows) {
    auto feed = RowFeed::open(folder_.write("runs/a.csv", kHeader + rows), mapping_);
    EXPECT_TRUE(feed.ok());
    return std::move(feed).value();
  }

  // The reason the only row is rejected for.
  std::string reason(const std::string& row) {
    RowFeed feed = open(row + "\n");
    const auto outcome = feed.next();
    EXPECT_TRUE(outcome.ok() && *outcome == RowFeed::Outcome::rejected) << feed.events().body();
    EXPECT_TRUE(feed.events().empty());
    return feed.reason();
  }

  TemporaryFolder folder_;
  Mapping mapping_;
};

TEST_F(RowFeedTest, MakesOneEventForEachEntity) {
  RowFeed feed = open("60,31.5,2900,0.4,1,running,1\n");
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::row);
  EXPECT_EQ(feed.time(), schema::kMinute);
  EXPECT_EQ(feed.events().body(),
            R"([{"specversion":"1.0","type":"pollux.observe","source":"rig \"A\"","subject":"loop",)"
            R"("id":"runs/a.csv:1:loop","time":"1970-01-01T00:01:00Z","sequence":1,)"
            R"("data":{"flow":{"value":31.5,"unit":"L/min"},"level":0.4}},)"
            R"({"specversion":"1.0","type":"pollux.observe","source":"rig \"A\"","subject":"pump",)"
            R"("id":"runs/a.csv:1:pump","time":"1970-01-01T00:01:00Z","sequence":1,)"
            R"("data":{"speed":2900,"on":true,"state":"running"}}])");
  EXPECT_EQ(*feed.next(), RowFeed::Outcome::end);
}

TEST_F(RowFeedTest, LeavesOutCellsWithoutAValueAndEntitiesWithoutAny) {
  RowFeed feed = open("60,31.5,, ,,,\n");
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::row);
  EXPECT_THAT(feed.events().body(),
              AllOf(HasSubstr("flow"), Not(HasSubstr("pump")), Not(HasSubstr("level"))));
}

TEST_F(RowFeedTest, GivesTheSameEventsFromWhereverTheFileIsNamed) {
  RowFeed feed = open("60,1,2,3,0,off,0\n");
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::row);
  auto again = RowFeed::open(folder_.path("runs/../runs/./a.csv"), mapping_);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(*again->next(), RowFeed::Outcome::row);
  EXPECT_EQ(feed.events().body(), again->events().body());
}

TEST_F(RowFeedTest, GivesRunsOfTheSameNameInOtherFoldersOtherIds) {
  RowFeed feed = open("60,1,2,3,0,off,0\n");
  auto other =
      RowFeed::open(folder_.write("others/a.csv", std::string(kHeader) + "60,1,2,3,0,off,0\n"), mapping_);
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::row);
  ASSERT_EQ(*other->next(), RowFeed::Outcome::row);
  EXPECT_NE(feed.events().body(), other->events().body());
}

TEST_F(RowFeedTest, RejectsARowWithItsReasonAndCountsItAsARow) {
  EXPECT_THAT(reason("60,1,2,3,0,off"), HasSubstr("6 columns where the header has 7"));
  EXPECT_THAT(reason("soon,1,2,3,0,off,0"), AllOf(HasSubstr("`t`"), HasSubstr("soon")));
  EXPECT_THAT(reason("60,nan,2,3,0,off,0"), AllOf(HasSubstr("`flow`"), HasSubstr("finite")));
  EXPECT_THAT(reason("60,1e999,2,3,0,off,0"), HasSubstr("finite"));
  EXPECT_THAT(reason("60,1,2 rpm,3,0,off,0"), HasSubstr("2 rpm"));
  EXPECT_THAT(reason("60,1,2,3,maybe,off,0"), HasSubstr("true, false"));
  EXPECT_THAT(reason("60,,,,,,1"), HasSubstr("no mapped column"));
  RowFeed feed = open("60,x,2,3,0,off,0\n61,1,2,3,0,off,0\n");
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::rejected);
  ASSERT_EQ(*feed.next(), RowFeed::Outcome::row);
  EXPECT_EQ(feed.row(), 2u);
  EXPECT_EQ(feed.line(), 3u);
}

TEST_F(RowFeedTest, ShowsEveryColumnTheFileLacks) {
  const auto feed = RowFeed::open(folder_.write("b.csv", "t,flaw,speed,level\n"), mapping_);
  ASSERT_FALSE(feed.ok());
  EXPECT_THAT(feed.error().text(), AllOf(HasSubstr("map.yaml:4:3"), HasSubstr("flaw"),
                                         HasSubstr("map.yaml:7:3"), HasSubstr("b.csv:1")));
}

TEST_F(RowFeedTest, SaysThatAFileIsEmpty) {
  const auto feed = RowFeed::open(folder_.write("b.csv", ""), mapping_);
  ASSERT_FALSE(feed.ok());
  EXPECT_THAT(feed.error().text(), HasSubstr("empty"));
}

}  // namespace
}  // namespace pollux::server
