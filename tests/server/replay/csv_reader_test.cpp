#include "server/replay/csv_reader.h"

#include <gmock/gmock.h>

#include "tests/server/replay/temporary_file.h"

namespace pollux::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Row {
  std::uint64_t line;
  std::vector<std::string> fields;
  std::string problem;
};

class CsvReaderTest : public ::testing::Test {
 protected:
  std::vector<Row> read(std::string_view text, char delimiter = ',') {
    auto reader = CsvReader::open(folder_.write("rows.csv", text), delimiter);
    EXPECT_TRUE(reader.ok());
    std::vector<Row> rows;
    CsvRecord record;
    while (rows.size() < 1'000) {
      auto outcome = reader->next(record);
      EXPECT_TRUE(outcome.ok());
      if (!outcome.ok() || *outcome == CsvReader::Outcome::end) break;
      rows.push_back({record.line, {record.fields.begin(), record.fields.end()}, record.problem});
    }
    EXPECT_EQ(reader->bytes_read(), reader->bytes_total());
    return rows;
  }

  TemporaryFolder folder_;
};

TEST_F(CsvReaderTest, SplitsLinesAtTheDelimiter) {
  const auto rows = read("a;b,c;\n1;;3\n", ';');
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", "b,c", ""));
  EXPECT_THAT(rows[1].fields, ElementsAre("1", "", "3"));
}

TEST_F(CsvReaderTest, UnderstandsQuotesDoubledQuotesAndLineBreaksInside) {
  const auto rows = read("\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\nnext,row,here\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a,b", "say \"hi\"", "two\nlines"));
  EXPECT_EQ(rows[1].line, 3u);
}

TEST_F(CsvReaderTest, TreatsEmptyQuotesAsAnEmptyField) {
  const auto rows = read("\"\",x\n");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_THAT(rows[0].fields, ElementsAre("", "x"));
}

TEST_F(CsvReaderTest, ReadsWindowsLineEndsAMarkAndALastLineWithoutEnd) {
  const auto rows = read(
      "\xef\xbb\xbf"
      "a,b\r\n1,2\r\n\r\n3,4");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].fields, ElementsAre("a", "b"));
  EXPECT_THAT(rows[2].fields, ElementsAre("3", "4"));
  EXPECT_EQ(rows[2].line, 4u);
}

TEST_F(CsvReaderTest, LosesOneLineOnlyToAQuoteThatIsNeverClosed) {
  const auto rows = read("a,b\n1,\"open\n3,4\n5,6\n");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].line, 2u);
  EXPECT_THAT(rows[1].problem, HasSubstr("never closed"));
  EXPECT_THAT(rows[2].fields, ElementsAre("3", "4"));
  EXPECT_THAT(rows[3].fields, ElementsAre("5", "6"));
}

TEST_F(CsvReaderTest, ReportsMisplacedQuotesAndGoesOn) {
  const auto rows = read("1,a\"b\n2,\"c\"d\n3,e\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].problem, HasSubstr("not quoted"));
  EXPECT_THAT(rows[1].problem, HasSubstr("after a closing quote"));
  EXPECT_THAT(rows[2].fields, ElementsAre("3", "e"));
}

TEST_F(CsvReaderTest, BoundsTheLengthOfARowAndTheNumberOfColumns) {
  const std::string long_field(kCsvRecordBytesMax + 1, 'x');
  const std::string many(kCsvFieldsMax, ',');
  const auto rows = read(long_field + "\n" + many + "\n1,2\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].problem, HasSubstr("longer than"));
  EXPECT_THAT(rows[1].problem, HasSubstr("columns"));
  EXPECT_THAT(rows[2].fields, ElementsAre("1", "2"));
}

TEST_F(CsvReaderTest, GivesNothingForAnEmptyFile) {
  EXPECT_TRUE(read("").empty());
  EXPECT_TRUE(read("\n\n").empty());
}

TEST_F(CsvReaderTest, SaysThatAFileIsMissing) {
  const auto reader = CsvReader::open(folder_.path("none.csv"), ',');
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, schema::ErrorCode::not_found);
  EXPECT_THAT(reader.error().text(), HasSubstr("none.csv"));
}

}  // namespace
}  // namespace pollux::server
