#include "monitoring/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <spdlog/spdlog.h>

#include <string>

namespace pollux::monitoring {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

/// What the logger writes to stderr for one message.
std::string written(LogFormat format, const std::string& level, const std::string& message) {
  testing::internal::CaptureStderr();
  install_logger(format, level);
  spdlog::warn(message);
  spdlog::default_logger()->flush();
  return testing::internal::GetCapturedStderr();
}

TEST(Logging, AJsonRecordIsOneLineThatParsesBackToTheMessageWhateverItHolds) {
  const std::string hostile =
      "quote \" backslash \\ newline \n tab \t bell \a {} %v \"level\":\"error\" \xc3\xa9";
  const std::string line = written(LogFormat::json, "info", hostile);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  rapidjson::Document record;
  ASSERT_FALSE(record.Parse(line.c_str()).HasParseError()) << line;
  EXPECT_EQ(record["message"].GetString(), hostile);
  EXPECT_STREQ(record["level"].GetString(), "warning");
  EXPECT_THAT(record["time"].GetString(), EndsWith("Z"));
}

TEST(Logging, BytesThatAreNotUtf8StillGiveValidJson) {
  const std::string line = written(LogFormat::json, "info", "bad \xff\xfe bytes");
  rapidjson::Document record;
  ASSERT_FALSE(record.Parse<rapidjson::kParseValidateEncodingFlag>(line.c_str()).HasParseError()) << line;
  EXPECT_STREQ(record["message"].GetString(), "bad ?? bytes");
}

TEST(Logging, ATextRecordStaysOneLineSoAClientCannotForgeOne) {
  const std::string line = written(LogFormat::text, "info", "id \n2026 error forged \x1b[31m");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_THAT(line, HasSubstr("id \\n2026 error forged \\x1b[31m"));
}

TEST(Logging, RecordsBelowTheLevelAreLeftOut) {
  EXPECT_EQ(written(LogFormat::text, "error", "quiet"), "");
}

}  // namespace
}  // namespace pollux::monitoring
