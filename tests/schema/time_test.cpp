#include "schema/time.h"

#include <gtest/gtest.h>

#include <vector>

namespace pollux::schema {
namespace {

EventTime time_of(std::string_view text) {
  const Result<EventTime> time = parse_rfc3339(text);
  EXPECT_TRUE(time.ok()) << text << ": " << (time.ok() ? "" : time.error().text());
  return time.ok() ? *time : kNever;
}

TEST(Time, KnownInstantsAreReadExactly) {
  EXPECT_EQ(time_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(time_of("1970-01-01T00:00:00.000000001Z"), 1);
  EXPECT_EQ(time_of("1969-12-31T23:59:59.999999999Z"), -1);
  EXPECT_EQ(time_of("2026-11-22T07:28:00Z"), 1'795'332'480 * kSecond);
  EXPECT_EQ(time_of("2024-02-29t12:00:00z"), 1'709'208'000 * kSecond);
  EXPECT_EQ(time_of("2020-03-09 10:14:33Z"), 1'583'748'873 * kSecond);
}

TEST(Time, AZoneOffsetIsTakenAway) {
  EXPECT_EQ(time_of("2026-11-22T08:28:00+01:00"), time_of("2026-11-22T07:28:00Z"));
  EXPECT_EQ(time_of("2026-11-21T23:58:00-07:30"), time_of("2026-11-22T07:28:00Z"));
}

TEST(Time, WhatIsNotATimeIsRefusedWithTheWay) {
  for (const char* text : {"",
                           "now",
                           "2026-11-22",
                           "2026-11-22T07:28:00",
                           "2026-11-22T07:28Z",
                           "2026-13-01T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2026-11-22T24:00:00Z",
                           "2026-11-22T07:60:00Z",
                           "2016-12-31T23:59:60Z",
                           "2026-11-22T07:28:00.Z",
                           "2026-11-22T07:28:00.0123456789Z",
                           "2026-11-22T07:28:00+0100",
                           "2026-11-22T07:28:00Z ",
                           "2026-11-22T07:28:00Zjunk",
                           "1677-12-31T00:00:00Z",
                           "2262-01-01T00:00:00Z",
                           "+026-11-22T07:28:00Z",
                           "2026-11-22T07:28:00+24:00",
                           "1795332480"}) {
    const Result<EventTime> time = parse_rfc3339(text);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_EQ(time.error().code, ErrorCode::invalid);
    EXPECT_NE(time.error().advice.find("RFC 3339"), std::string::npos);
  }
}

TEST(Time, WritingUsesAsManyDigitsAsNeeded) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(120 * kMillisecond), "1970-01-01T00:00:00.120Z");
  EXPECT_EQ(format_rfc3339(-kMicrosecond), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339(7), "1970-01-01T00:00:00.000000007Z");
  EXPECT_EQ(format_rfc3339(kBeginning), "");
  EXPECT_EQ(format_rfc3339(kBeginning + 1), "1677-09-21T00:12:43.145224193Z");
  EXPECT_EQ(format_rfc3339(kNever), "2262-04-11T23:47:16.854775807Z");
}

TEST(Time, WritingAndReadingGiveTheSameInstant) {
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const EventTime time = static_cast<EventTime>(state) / 1'002 * 1'000 + static_cast<EventTime>(state % 3);
    ASSERT_EQ(time_of(format_rfc3339(time)), time) << format_rfc3339(time);
  }
}

TEST(Time, DurationsAreReadExactly) {
  EXPECT_EQ(*parse_duration("5 s"), 5 * kSecond);
  EXPECT_EQ(*parse_duration("10min"), 10 * kMinute);
  EXPECT_EQ(*parse_duration("1.5 h"), 90 * kMinute);
  EXPECT_EQ(*parse_duration(" 250 ms "), 250 * kMillisecond);
  EXPECT_EQ(*parse_duration("2 d"), 2 * kDay);
  EXPECT_EQ(*parse_duration("0 s"), 0);
  EXPECT_EQ(*parse_duration("0.1 us"), 100);
  EXPECT_EQ(*parse_duration("0.10000000000000 us"), 100);
  EXPECT_EQ(*parse_duration("36524 d"), 36524 * kDay);
}

TEST(Time, WhatIsNotADurationIsRefused) {
  for (const char* text : {"", "s", "5", "-5 s", "5 sec", "5. s", "1e3 s", "100000 d", "5 s s", "0.5 ns",
                           "99999999999999999999 ns", "1.5.1 s", "5 kW"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
}

TEST(Time, ADurationIsWrittenInTheLargestUnitThatDividesIt) {
  EXPECT_EQ(format_duration(5 * kMinute), "5 min");
  EXPECT_EQ(format_duration(90 * kMinute), "90 min");
  EXPECT_EQ(format_duration(250 * kMillisecond), "250 ms");
  EXPECT_EQ(format_duration(48 * kHour), "2 d");
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(1), "1 ns");
  for (const Duration span : {Duration{1}, Duration{1'001}, 7 * kSecond, 36 * kHour, 100 * kDay}) {
    EXPECT_EQ(*parse_duration(format_duration(span)), span);
  }
}

TEST(Time, ArithmeticStopsAtTheEndsOfTime) {
  EXPECT_EQ(before(kBeginning + 5, 6), kBeginning);
  EXPECT_EQ(before(100, 6), 94);
  EXPECT_EQ(after(kNever - 5, 6), kNever);
  EXPECT_EQ(after(100, 6), 106);
}

}  // namespace
}  // namespace pollux::schema
