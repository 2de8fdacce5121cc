#include "server/replay/progress.h"

#include <gmock/gmock.h>

namespace pollux::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Progress, ShowsShareRateAndTimeLeft) {
  EXPECT_THAT(progress_line({"valve1/0.csv", 250, 1'000, 100, 400, 2}),
              AllOf(HasSubstr(" 25 %"), HasSubstr("100 rows"), HasSubstr("200 events/s"),
                    HasSubstr("6 s left"), HasSubstr("valve1/0.csv")));
}

TEST(Progress, IsCompleteWhenThereIsNothingToDo) {
  EXPECT_THAT(progress_line({"", 0, 0, 0, 0, 0}), HasSubstr("100 %"));
}

}  // namespace
}  // namespace pollux::server
