#include "schema/diagnostic.h"

#include <gtest/gtest.h>

namespace pollux::schema {
namespace {

TEST(Diagnostic, TextHasThePlaceTheMessageAndThePartsThatAreSet) {
  Diagnostic diagnostic{{12, 7}, "unknown name", "flwo", "a name", "flow"};
  EXPECT_EQ(
      diagnostic.text("plant.yaml"),
      "plant.yaml:12:7: error: unknown name\n    found:    flwo\n    expected: a name\n    nearest:  flow");
  EXPECT_EQ((Diagnostic{{}, "empty file", {}, {}, {}}.text("plant.yaml")), "plant.yaml: error: empty file");
}

TEST(Diagnostic, TheNearestNameIsASmallSlipAway) {
  const std::vector<std::string> names = {"supply_temp", "return_temp", "flow", "speed"};
  EXPECT_EQ(nearest_name("flwo", names), "flow");
  EXPECT_EQ(nearest_name("suply_temp", names), "supply_temp");
  EXPECT_EQ(nearest_name("return_tmp", names), "return_temp");
  EXPECT_EQ(nearest_name("spede", names), "speed");
  EXPECT_EQ(nearest_name("speed", names), "speed");
}

TEST(Diagnostic, WhatIsNotNearIsNotOffered) {
  EXPECT_EQ(nearest_name("pressure", {"flow", "speed"}), "");
  EXPECT_EQ(nearest_name("x", {"y"}), "");
  EXPECT_EQ(nearest_name("", {"y"}), "");
  EXPECT_EQ(nearest_name("flow", {}), "");
  EXPECT_EQ(nearest_name(std::string(500, 'a'), {std::string(499, 'a')}), "");
}

TEST(Diagnostic, OnATieTheFirstNameIsOffered) {
  EXPECT_EQ(nearest_name("pump-x", {"pump-1", "pump-2"}), "pump-1");
}

}  // namespace
}  // namespace pollux::schema
