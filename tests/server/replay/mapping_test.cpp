#include "server/replay/mapping.h"

#include <gmock/gmock.h>

namespace pollux::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kGood = R"(source: rig
delimiter: ";"
time: { column: datetime, format: "%Y-%m-%d %H:%M:%S", zone: UTC }
missing: ["", NA]
columns:
  Volume Flow: { to: loop.flow, unit: L/min }
  State: { to: pump.a.state, type: text }
)";

std::string errors_of(std::string_view text) {
  const auto parsed = parse_mapping(text, "map.yaml");
  const auto* errors = std::get_if<MappingErrors>(&parsed);
  return errors == nullptr ? "" : errors->text();
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, what.size(), with);
}

TEST(Mapping, ReadsAWholeFile) {
  const auto parsed = parse_mapping(kGood, "map.yaml");
  const auto* mapping = std::get_if<Mapping>(&parsed);
  ASSERT_NE(mapping, nullptr) << errors_of(kGood);
  EXPECT_EQ(mapping->source, "rig");
  EXPECT_EQ(mapping->delimiter, ';');
  EXPECT_EQ(mapping->time_column, "datetime");
  EXPECT_EQ(mapping->missing, (std::vector<std::string>{"", "NA"}));
  ASSERT_EQ(mapping->columns.size(), 2u);
  EXPECT_EQ(mapping->columns[0].column, "Volume Flow");
  EXPECT_EQ(mapping->columns[0].entity, "loop");
  EXPECT_EQ(mapping->columns[0].attribute, "flow");
  EXPECT_EQ(mapping->columns[0].unit, "L/min");
  EXPECT_EQ(mapping->columns[1].entity, "pump.a");
  EXPECT_EQ(mapping->columns[1].type, CellType::text);
}

TEST(Mapping, ReportsAWrongKeyWithPlaceAndNearestName) {
  EXPECT_THAT(errors_of(replaced(kGood, "delimiter", "delimeter")),
              AllOf(HasSubstr("map.yaml:2:1"), HasSubstr("delimeter"), HasSubstr("delimiter")));
}

TEST(Mapping, ReportsEveryMistakeInOneRun) {
  std::string text = replaced(kGood, "loop.flow", "flow");
  text = replaced(text, "type: text", "type: txt");
  text = replaced(text, "source: rig\n", "");
  EXPECT_THAT(errors_of(text), AllOf(HasSubstr("lacks `source`"), HasSubstr("map.yaml:5:22"),
                                     HasSubstr("ENTITY.ATTRIBUTE"), HasSubstr("map.yaml:6:36")));
}

TEST(Mapping, RefusesTheSameColumnOrAttributeTwice) {
  EXPECT_THAT(errors_of(std::string(kGood) + "  Other: { to: loop.flow }\n"),
              AllOf(HasSubstr("map.yaml:8:16"), HasSubstr("two columns feed the same attribute")));
  EXPECT_THAT(errors_of(std::string(kGood) + "  State: { to: loop.level }\n"), HasSubstr("mapped twice"));
  EXPECT_THAT(errors_of(std::string(kGood) + "source: again\n"), HasSubstr("given twice"));
}

TEST(Mapping, RefusesUnitsFormatsDelimitersThatMakeNoSense) {
  EXPECT_THAT(errors_of(replaced(kGood, "L/min", "furlong")), HasSubstr("map.yaml:6:39"));
  EXPECT_THAT(errors_of(replaced(kGood, "\"%Y-%m-%d %H:%M:%S\"", "iso")), HasSubstr("map.yaml:3:35"));
  EXPECT_THAT(errors_of(replaced(kGood, "\";\"", "\";;\"")), HasSubstr("map.yaml:2:12"));
}

TEST(Mapping, ReportsTextThatIsNotYamlWithItsPlace) {
  EXPECT_THAT(errors_of("source: [rig\n"), AllOf(HasSubstr("map.yaml:"), HasSubstr("not YAML")));
  EXPECT_THAT(errors_of("just a text"), HasSubstr("must be a map"));
  EXPECT_THAT(errors_of(""), HasSubstr("must be a map"));
}

TEST(Mapping, ComparesItsColumnsWithTheHeader) {
  const auto mapping = std::get<Mapping>(parse_mapping(kGood, "map.yaml"));
  EXPECT_TRUE(check_columns(mapping, {"datetime", "Volume Flow", "State", "anomaly"}).empty());
  const auto problems = check_columns(mapping, {"datetime", "Volume Flaw", "State", "State"});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].nearest, "Volume Flaw");
  EXPECT_EQ(problems[0].where.line, 6);
  EXPECT_THAT(problems[1].message, HasSubstr("more than one"));
}

}  // namespace
}  // namespace pollux::server
