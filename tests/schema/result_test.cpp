#include "schema/result.h"

#include <gtest/gtest.h>

namespace pollux::schema {
namespace {

TEST(Result, AnErrorTellsWhereWhatAndWhatToDoOnOneLine) {
  Result<int> result = Error{ErrorCode::io, "cannot read", "file.yaml", "check its permissions"};
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().text(), "file.yaml: cannot read (check its permissions)");
}

TEST(Result, AValueIsHeldAndMovedOut) {
  Result<std::string> result = std::string("here");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::move(result).value(), "here");
}

}  // namespace
}  // namespace pollux::schema
