#include "server/replay/replay.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "tests/server/replay/temporary_file.h"

namespace pollux::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMap = R"(source: rig
time: { column: t, format: unix_s }
columns: { x: { to: loop.x } }
)";

// A target that remembers the text of the events it has and may fail or refuse.
class FakeSink : public EventSink {
 public:
  schema::Result<BatchOutcome> submit(const EventText& events) override {
    ++batches;
    if (failures > 0) {
      --failures;
      return schema::Error{failure, "not now", {}, {}};
    }
    BatchOutcome outcome;
    for (std::size_t i = 0; i < events.items().size(); ++i) {
      const std::string event(events.event(i));
      if (event.find("\"x\":666") != std::string::npos) {
        outcome.refused.push_back({events.items()[i].row, events.items()[i].line, "out of range"});
      } else if (taken.insert(event).second) {
        ++outcome.accepted;
      } else {
        ++outcome.duplicate;
      }
    }
    if (after_submit) after_submit();
    return outcome;
  }
  schema::Result<std::string> digest() override { return std::string("digest"); }

  std::set<std::string> taken;
  int batches = 0;
  int failures = 0;
  schema::ErrorCode failure = schema::ErrorCode::overloaded;
  std::function<void()> after_submit;
};

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() : mapping_(std::get<Mapping>(parse_mapping(kMap, "map.yaml"))) {
    options_.state_file = folder_.path("run.state");
    options_.identity = "this";
    options_.batch_rows = 10;
  }

  std::string write_rows(std::string_view name, int rows) {
    std::string text = "t,x\n";
    for (int i = 0; i < rows; ++i) text += std::to_string(100 + i) + "," + std::to_string(i) + "\n";
    return folder_.write(name, text);
  }

  schema::Result<ReplayTotals> run() {
    notices_.clear();
    return replay(options_, mapping_, sink_,
                  {[this] { return now_s_; }, [this](double s) { now_s_ += s; }, [this] { return stop_; }},
                  {[this](const RejectedRow& row) { rejected_.push_back(row); },
                   [this](const ReplayProgress& progress) { progress_.push_back(progress); },
                   [this](const std::string& notice) { notices_.push_back(notice); }});
  }

  TemporaryFolder folder_;
  Mapping mapping_;
  FakeSink sink_;
  ReplayOptions options_;
  double now_s_ = 0;
  bool stop_ = false;
  std::vector<RejectedRow> rejected_;
  std::vector<ReplayProgress> progress_;
  std::vector<std::string> notices_;
};

TEST_F(ReplayTest, TakesEveryRowOfEveryFile) {
  options_.files = {write_rows("a/1.csv", 25), write_rows("b/1.csv", 7)};
  const auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->rows, 32u);
  EXPECT_EQ(totals->events, 32u);
  EXPECT_EQ(totals->accepted, 32u);
  EXPECT_EQ(totals->rows_rejected, 0u);
  EXPECT_EQ(progress_.back().bytes_done, progress_.back().bytes_total);
  EXPECT_FALSE(std::filesystem::exists(options_.state_file));
}

TEST_F(ReplayTest, AppliesNothingTwiceWhenRunAgain) {
  options_.files = {write_rows("a.csv", 25)};
  ASSERT_TRUE(run().ok());
  const auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->accepted, 0u);
  EXPECT_EQ(totals->duplicate, 25u);
  EXPECT_EQ(sink_.taken.size(), 25u);
}

TEST_F(ReplayTest, GoesOnWhereItWasInterrupted) {
  options_.files = {write_rows("a.csv", 25), write_rows("b.csv", 5)};
  sink_.after_submit = [this] { stop_ = true; };
  auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_TRUE(totals->interrupted);
  const auto taken = totals->accepted;
  EXPECT_GE(taken, 10u);
  EXPECT_LT(taken, 25u);
  stop_ = false;
  sink_.after_submit = {};
  totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->rows_skipped, taken);
  EXPECT_EQ(totals->rows, 30 - taken);
  EXPECT_EQ(totals->duplicate, 0u);
  EXPECT_EQ(sink_.taken.size(), 30u);
  EXPECT_FALSE(std::filesystem::exists(options_.state_file));
}

TEST_F(ReplayTest, StartsOverWhereTheTargetHasLostWhatItTook) {
  options_.files = {write_rows("a.csv", 25)};
  sink_.after_submit = [this] { stop_ = true; };
  ASSERT_TRUE(run().ok());
  stop_ = false;
  sink_.after_submit = {};
  sink_.taken.clear();
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(sink_.taken.size(), 25u);
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("from the start")));
}

TEST_F(ReplayTest, RemembersHowFarItCameWhenTheTargetFails) {
  options_.files = {write_rows("a.csv", 25)};
  sink_.failure = schema::ErrorCode::io;
  sink_.after_submit = [this] { sink_.failures = 1; };
  EXPECT_FALSE(run().ok());
  sink_.failures = 0;
  sink_.after_submit = {};
  const auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->rows_skipped, 10u);
  EXPECT_EQ(sink_.taken.size(), 25u);
}

TEST_F(ReplayTest, TriesAgainWhileTheTargetIsOverloadedAndGivesUpInTheEnd) {
  options_.files = {write_rows("a.csv", 5)};
  sink_.failures = 3;
  const auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->accepted, 5u);
  sink_.failures = 1'000;
  const auto given_up = run();
  ASSERT_FALSE(given_up.ok());
  EXPECT_EQ(given_up.error().code, schema::ErrorCode::overloaded);
}

TEST_F(ReplayTest, ListsRejectedRowsOfFileAndTargetByLine) {
  options_.files = {folder_.write("a.csv", "t,x\n1,1\n2,two\n3,666\n4,4\n")};
  const auto totals = run();
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->rows, 4u);
  EXPECT_EQ(totals->accepted, 2u);
  EXPECT_EQ(totals->rows_rejected, 2u);
  ASSERT_EQ(rejected_.size(), 2u);
  EXPECT_EQ(rejected_[0].line, 3u);
  EXPECT_THAT(rejected_[0].reason, HasSubstr("two"));
  EXPECT_EQ(rejected_[1].line, 4u);
  EXPECT_EQ(rejected_[1].reason, "out of range");
}

TEST_F(ReplayTest, KeepsTheRecordedPaceTimesTheSpeed) {
  options_.files = {write_rows("a.csv", 61)};
  options_.speed = 60;
  std::vector<double> sent_s;
  sink_.after_submit = [&] { sent_s.push_back(now_s_); };
  ASSERT_TRUE(run().ok());
  EXPECT_NEAR(now_s_, 1.0, 1e-6);
  ASSERT_GE(sent_s.size(), 50u);
  EXPECT_NEAR(sent_s[sent_s.size() / 2], 0.5, 0.05);
}

TEST_F(ReplayTest, RefusesTheStateOfAnotherReplay) {
  options_.files = {write_rows("a.csv", 5)};
  ASSERT_TRUE(save_replay_state(options_.state_file, {"other", {}}).ok());
  const auto totals = run();
  ASSERT_FALSE(totals.ok());
  EXPECT_EQ(totals.error().code, schema::ErrorCode::conflict);
  EXPECT_EQ(sink_.batches, 0);
}

}  // namespace
}  // namespace pollux::server
