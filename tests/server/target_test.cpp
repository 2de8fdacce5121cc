#include "server/http/target.h"

#include <gtest/gtest.h>

namespace pollux::server {
namespace {

TEST(Target, SegmentsAreSplitBeforeTheyAreDecodedSoAnIdMayHoldASlash) {
  const auto target = parse_target("/v1/entities/room%201%2Fa");
  ASSERT_TRUE(target.ok());
  ASSERT_EQ(target->segments.size(), 3u);
  EXPECT_EQ(target->segments[2], "room 1/a");
}

TEST(Target, APlusIsASpaceInTheQueryAndItselfInThePath) {
  const auto target = parse_target("/a+b?x=c+d%2Be&x=f&y");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->segments[0], "a+b");
  EXPECT_EQ(target->parameter("x"), "c d+e");
  EXPECT_EQ(target->all("x").size(), 2u);
  EXPECT_EQ(target->parameter("y"), "");
  EXPECT_FALSE(target->parameter("z").has_value());
}

TEST(Target, BrokenEscapesControlCharactersAndTooManyPartsAreRefused) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "/a";
  for (const std::string& wrong : {std::string("/%"), std::string("/%4"), std::string("/%zz"),
                                   std::string("/%0a"), std::string("/?a=%1f"), std::string("*"), deep}) {
    EXPECT_FALSE(parse_target(wrong).ok()) << wrong;
  }
}

TEST(Target, EncodingAndDecodingAreInverse) {
  const std::string id = "room 1/\xc3\xa4?&=%+#";
  EXPECT_EQ(percent_decode(percent_encode(id), false).value(), id);
  EXPECT_EQ(percent_decode(percent_encode(id), true).value(), id);
}

TEST(Target, NumbersAreWholeAndInRange) {
  const auto target = parse_target("/?a=5&b=-1&c=5x&d=99999999999999999999").value();
  EXPECT_EQ(target.number("a", 1, 1, 10).value(), 5u);
  EXPECT_EQ(target.number("missing", 7, 1, 10).value(), 7u);
  for (const char* wrong : {"b", "c", "d"}) EXPECT_FALSE(target.number(wrong, 1, 1, 10).ok()) << wrong;
  EXPECT_FALSE(target.number("a", 1, 6, 10).ok());
}

}  // namespace
}  // namespace pollux::server
