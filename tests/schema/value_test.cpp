#include "schema/value.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pollux::schema {
namespace {

TEST(Value, EqualStatesHaveEqualBits) {
  EXPECT_EQ(Value::number(-0.0), Value::number(0.0));
  EXPECT_EQ(Value::number(1.5).as_number(), 1.5);
  EXPECT_EQ(Value::bad(ValueType::number, Reason::overflow).bits, 0u);
  EXPECT_NE(Value::boolean(true), Value::number(0));
}

TEST(Value, OnlyBadAndUnknownCannotBeUsed) {
  EXPECT_TRUE(Value::number(1, Quality::stale, Reason::no_recent_event).usable());
  EXPECT_TRUE(Value::number(1, Quality::uncertain, Reason::reported_by_source).usable());
  EXPECT_FALSE(Value::bad(ValueType::number, Reason::overflow).usable());
  EXPECT_FALSE(Value{}.usable());
}

TEST(Value, NamesAreDistinct) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Reason::plugin_failed); ++i) {
    names.insert(name_of(static_cast<Reason>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Reason::plugin_failed) + 1);
  EXPECT_STREQ(name_of(Quality::uncertain), "uncertain");
  EXPECT_STREQ(name_of(ValueType::symbol), "symbol");
}

}  // namespace
}  // namespace pollux::schema
