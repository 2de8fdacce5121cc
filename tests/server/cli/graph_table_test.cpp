#include "server/cli/graph_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schema/random_graph.h"

namespace pollux::server::cli {
namespace {

using schema::samples::kCheck;
using schema::samples::kFed;
using schema::samples::kNode;
using testing::HasSubstr;
using testing::Not;

TEST(GraphTable, ShowsTotalsTheLongestPathAndWhatFailsWithEach) {
  const schema::Model model =
      schema::samples::shaped({kFed, kFed, kNode, kCheck, kNode}, {{0, 2}, {1, 2}, {2, 3}, {2, 4}});
  const std::string text = graph_table(model, schema::analyse_graph(model), 2);
  EXPECT_THAT(text, HasSubstr("shape: 5 entities (2 sources, 1 constraints), 4 bindings, height 2\n"));
  EXPECT_THAT(text, HasSubstr("longest path: e0 -> e2 -> e3\n"));
  EXPECT_THAT(text, HasSubstr("e2          1       2       2         2         2           1  -\n"));
  EXPECT_THAT(text, HasSubstr("... 3 more\n"));
  EXPECT_THAT(text, HasSubstr("  e2: e3\n"));
  EXPECT_THAT(text, Not(HasSubstr("cascades are counted for")));
}

TEST(GraphTable, ALongPathIsShownByItsEndsAndWhatWasNotCountedAsADash) {
  std::vector<std::pair<schema::EntityIndex, schema::EntityIndex>> edges;
  for (schema::EntityIndex e = 1; e < 1'000; ++e) edges.emplace_back(e - 1, e);
  const schema::Model chain = schema::samples::shaped(std::vector(1'000, kNode), edges);
  const std::string text = graph_table(chain, schema::analyse_graph(chain, 0), 1'000);
  EXPECT_THAT(text, HasSubstr("e19 -> ... 960 more ... -> e980"));
  EXPECT_THAT(text, HasSubstr("-> e999\n"));
  EXPECT_THAT(text, HasSubstr("cascades are counted for the 512 entities"));
  EXPECT_THAT(text, HasSubstr("         -           -  e998\n"));
}

}  // namespace
}  // namespace pollux::server::cli
