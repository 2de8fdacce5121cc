#include "server/cli/watch/picture.h"

#include <gtest/gtest.h>

namespace pollux::server::cli {
namespace {

TEST(Picture, EntitiesAreReadWithTheirValuesUnitsAndQualities) {
  const auto page = read_entities(R"({"position":12,"clock":"2026-07-15T13:00:00Z","entities":[
      {"id":"pump-1","type":"Pump","kind":"asset","attributes":{
        "flow":{"value":7.5,"unit":"L/s","quality":"good","time":"2026-07-15T13:00:00Z","role":"observed"},
        "on":{"value":true,"unit":null,"quality":"good","role":"derived"},
        "power":{"value":null,"unit":"kW","quality":"bad","reason":"division_by_zero","role":"derived"}}}],
      "next_cursor":"pump-1"})");
  ASSERT_TRUE(page.ok()) << page.error().text();
  EXPECT_EQ(page->position, "12");
  EXPECT_EQ(page->next_cursor, "pump-1");
  ASSERT_EQ(page->entities.size(), 1u);
  const auto& attributes = page->entities[0].attributes;
  ASSERT_EQ(attributes.size(), 3u);
  EXPECT_EQ(attributes[0].value.number, 7.5);
  EXPECT_EQ(attributes[0].value.unit, "L/s");
  EXPECT_EQ(attributes[1].value.text, "true");
  EXPECT_FALSE(attributes[2].value.number.has_value());
  EXPECT_EQ(attributes[2].value.reason, "division_by_zero");
}

TEST(Picture, ConstraintsAreReadWithTheirRule) {
  const auto constraints = read_constraints(R"({"constraints":[{"id":"zone-3-comfort","status":"violated",
      "since":"2026-07-15T13:31:00Z","severity":"warning","requires":"temp < 25 degC","for":"5 min"}]})");
  ASSERT_TRUE(constraints.ok()) << constraints.error().text();
  ASSERT_EQ(constraints->size(), 1u);
  EXPECT_EQ(constraints->front().status, "violated");
  EXPECT_EQ(constraints->front().requires_text, "temp < 25 degC");
  EXPECT_EQ(constraints->front().hold, "5 min");
}

TEST(Picture, AnExplanationIsReadToItsLeaves) {
  const auto cause =
      read_explanation(R"({"entity":"c","attribute":"status","role":"derived","value":"violated",
      "unit":null,"quality":"good","inputs":[{"entity":"z","attribute":"temp","role":"observed","value":25,
      "unit":"degC","quality":"good","inputs":[],"truncated":false}],"truncated":false})");
  ASSERT_TRUE(cause.ok()) << cause.error().text();
  EXPECT_EQ(cause->value.text, "violated");
  ASSERT_EQ(cause->inputs.size(), 1u);
  EXPECT_EQ(cause->inputs[0].name(), "z.temp");
}

TEST(Picture, AnAnswerOfAnotherFormIsAnErrorAndNotAnEmptyPicture) {
  for (const char* body :
       {"", "[]", "{}", R"({"entities":{}})", R"({"entities":[1],"position":1})", "<html>"}) {
    EXPECT_FALSE(read_entities(body).ok()) << body;
    EXPECT_FALSE(read_constraints(body).ok()) << body;
    EXPECT_FALSE(read_explanation(body).ok()) << body;
  }
}

}  // namespace
}  // namespace pollux::server::cli
