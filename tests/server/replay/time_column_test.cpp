#include "server/replay/time_column.h"

#include <gmock/gmock.h>

namespace pollux::server {
namespace {

using ::testing::HasSubstr;

constexpr schema::EventTime kTenFourteen = 1'583'748'873 * schema::kSecond;  // 2020-03-09T10:14:33Z

schema::EventTime parse(const std::string& format, std::string_view zone, std::string_view text) {
  const auto column = TimeColumn::create(format, zone);
  EXPECT_TRUE(column.ok());
  const auto time = column->parse(text);
  EXPECT_TRUE(time.ok()) << text;
  return time.ok() ? *time : schema::kNever;
}

TEST(TimeColumn, ReadsPatternsInUtcOrAnOffset) {
  EXPECT_EQ(parse("%Y-%m-%d %H:%M:%S", "", "2020-03-09 10:14:33"), kTenFourteen);
  EXPECT_EQ(parse("%Y-%m-%d %H:%M:%S", "UTC", "2020-03-09 10:14:33"), kTenFourteen);
  EXPECT_EQ(parse("%Y-%m-%d %H:%M:%S", "+03:00", "2020-03-09 13:14:33"), kTenFourteen);
  EXPECT_EQ(parse("%d.%m.%Y %H:%M:%S %z", "", "09.03.2020 05:14:33 -0500"), kTenFourteen);
}

TEST(TimeColumn, ReadsFractionsOfASecond) {
  EXPECT_EQ(parse("%Y-%m-%d %H:%M:%S", "", "2020-03-09 10:14:33.25"),
            kTenFourteen + 250 * schema::kMillisecond);
  EXPECT_EQ(parse("unix_s", "", "1583748873.000000001"), kTenFourteen + 1);
  EXPECT_EQ(parse("unix_ms", "", "1583748873000.5"), kTenFourteen + 500 * schema::kMicrosecond);
  EXPECT_EQ(parse("unix_s", "", "-1.5"), -1'500 * schema::kMillisecond);
  EXPECT_EQ(parse("rfc3339", "", "2020-03-09T10:14:33Z"), kTenFourteen);
}

TEST(TimeColumn, RefusesWhatIsNotATime) {
  const auto column = TimeColumn::create("%Y-%m-%d %H:%M:%S", "");
  for (const char* text : {"", "yesterday", "2020-03-09", "2020-02-30 10:00:00", "2020-03-09 10:14:60",
                           "2020-03-09 10:14:33 or so", "9999-01-01 00:00:00"}) {
    EXPECT_FALSE(column->parse(text).ok()) << text;
  }
  const auto seconds = TimeColumn::create("unix_s", "");
  for (const char* text : {"", "--1", "1e9", "12.", "99999999999999999999", "9223372037"}) {
    EXPECT_FALSE(seconds->parse(text).ok()) << text;
  }
}

TEST(TimeColumn, RefusesFormatsAndZonesItDoesNotKnow) {
  const auto format = TimeColumn::create("iso", "");
  ASSERT_FALSE(format.ok());
  EXPECT_THAT(format.error().text(), HasSubstr("rfc3339, unix_s, unix_ms"));
  const auto zone = TimeColumn::create("%Y", "Moscow");
  ASSERT_FALSE(zone.ok());
  EXPECT_THAT(zone.error().text(), HasSubstr("+03:00"));
  EXPECT_FALSE(TimeColumn::create("unix_s", "+03:00").ok());
  EXPECT_FALSE(TimeColumn::create("%Y", "+3").ok());
  EXPECT_FALSE(TimeColumn::create("%Y", "+25:00").ok());
}

}  // namespace
}  // namespace pollux::server
