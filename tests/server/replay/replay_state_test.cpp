#include "server/replay/replay_state.h"

#include <gmock/gmock.h>

#include "tests/server/replay/temporary_file.h"

namespace pollux::server {
namespace {

using ::testing::HasSubstr;

TEST(ReplayState, IsReadBackAsWritten) {
  TemporaryFolder folder;
  const std::string file = folder.path("a.state");
  ASSERT_TRUE(save_replay_state(file, {"identity", {{"valve1/0.csv", 17}, {"odd: name", 3}}}).ok());
  const auto state = load_replay_state(file, "identity");
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->rows_done.at("valve1/0.csv"), 17u);
  EXPECT_EQ(state->rows_done.at("odd: name"), 3u);
}

TEST(ReplayState, IsEmptyWhereThereIsNoFile) {
  TemporaryFolder folder;
  const auto state = load_replay_state(folder.path("none"), "identity");
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->rows_done.empty());
}

TEST(ReplayState, OfAnotherReplayIsRefused) {
  TemporaryFolder folder;
  const std::string file = folder.path("a.state");
  ASSERT_TRUE(save_replay_state(file, {"one", {}}).ok());
  const auto state = load_replay_state(file, "other");
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().code, schema::ErrorCode::conflict);
}

TEST(ReplayState, DamagedIsRefusedWithAWayOut) {
  TemporaryFolder folder;
  for (const char* text : {"", "[", "pollux-replay-state: 2\n", "pollux-replay-state: 1\n", "text"}) {
    const auto state = load_replay_state(folder.write("a.state", text), "identity");
    ASSERT_FALSE(state.ok()) << text;
    EXPECT_EQ(state.error().code, schema::ErrorCode::corrupt) << text;
    EXPECT_THAT(state.error().advice, HasSubstr("remove it"));
  }
}

}  // namespace
}  // namespace pollux::server
