// A full disk is a state that is entered, told and left without loss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <limits>
#include <mutex>
#include <vector>

#include "actors/history/history_query.h"
#include "actors/journal/journal.h"
#include "actors/twin.h"
#include "tests/faults/kept_record.h"
#include "tests/faults/simulated_disk.h"

namespace pollux::faults {
namespace {

constexpr const char* kDirectory = "/data";
constexpr std::uint64_t kPlenty = std::numeric_limits<std::uint64_t>::max() / 2;
using schema::ErrorCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

actors::JournalOptions on(SimulatedDisk& disk) {
  actors::JournalOptions options;
  options.env = &disk.env();
  return options;
}

/// A journal whose last append met a full disk, after `room` more bytes.
class FullDisk : public testing::TestWithParam<std::uint64_t> {
 protected:
  void fill(schema::Duration sync_interval = 0) {
    actors::JournalOptions options = on(disk_);
    options.sync_interval = sync_interval;
    journal_ = open_rocksdb_journal(kDirectory, kept_.model(), options).value();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(kept_.append(*journal_).ok());
    disk_.set_capacity(disk_.used() + GetParam());
    schema::Result<void> appended;
    while (appended.ok()) appended = kept_.append(*journal_);
    EXPECT_EQ(appended.error().code, ErrorCode::no_space) << appended.error().text();
    EXPECT_THAT(appended.error().advice, HasSubstr("free some space"));
    expect_readable();
  }
  void expect_readable() {
    EXPECT_EQ(journal_->last_position(), kept_.acknowledged());
    KeptRecord as_known = kept_;
    EXPECT_EQ(as_known.compare(*journal_), "") << "reading goes on";
  }
  void expect_whole_after_power_loss() {
    journal_.reset();
    disk_.set_capacity(kPlenty);
    disk_.power_on(kept_.random());
    const auto journal = open_rocksdb_journal(kDirectory, kept_.model(), on(disk_));
    ASSERT_TRUE(journal.ok()) << journal.error().text();
    EXPECT_EQ(kept_.compare(**journal), "");
  }

  KeptRecord kept_{GetParam() + 1};
  SimulatedDisk disk_;
  std::unique_ptr<actors::Journal> journal_;
};

TEST_P(FullDisk, TheSameAppendSucceedsOnceThereIsRoomAndIsThereOnce) {
  fill();
  EXPECT_EQ(kept_.append_again(*journal_).error().code, ErrorCode::no_space) << "there is still no room";
  expect_readable();
  disk_.set_capacity(kPlenty);
  const auto again = kept_.append_again(*journal_);
  ASSERT_TRUE(again.ok()) << again.error().text();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(kept_.append(*journal_).ok());
  EXPECT_EQ(kept_.compare(*journal_), "");
  expect_whole_after_power_loss();
}

TEST_P(FullDisk, IsGotOverInTheSameWayWhereAppendsAreSyncedTogether) {
  fill(schema::kMillisecond);
  EXPECT_EQ(kept_.append_again(*journal_).error().code, ErrorCode::no_space);
  disk_.set_capacity(kPlenty);
  const auto again = kept_.append_again(*journal_);
  ASSERT_TRUE(again.ok()) << again.error().text();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(kept_.append(*journal_).ok());
  EXPECT_EQ(kept_.compare(*journal_), "");
  expect_whole_after_power_loss();
}

TEST_P(FullDisk, AUsedUpQuotaIsGotOverInTheSameWay) {
  fill();
  disk_.set_quota(disk_.used());
  EXPECT_EQ(kept_.append_again(*journal_).error().code, ErrorCode::no_space) << "there is still no room";
  expect_readable();
  disk_.set_capacity(kPlenty);
  ASSERT_TRUE(kept_.append_again(*journal_).ok());
  disk_.set_quota(disk_.used() + GetParam());
  schema::Result<void> appended;
  while (appended.ok()) appended = kept_.append(*journal_);
  EXPECT_EQ(appended.error().code, ErrorCode::no_space) << appended.error().text();
  EXPECT_THAT(appended.error().text(), HasSubstr("quota"));
  disk_.set_capacity(kPlenty);
  const auto again = kept_.append_again(*journal_);
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(kept_.compare(*journal_), "");
  expect_whole_after_power_loss();
}

TEST_P(FullDisk, PowerLostWhileItIsFullLosesNothingAcknowledged) {
  fill();
  expect_whole_after_power_loss();
}

INSTANTIATE_TEST_SUITE_P(Rooms, FullDisk,
                         testing::Values(0, 1, 100, 397, 1'500, 3'000, 7'001, 15'000, 33'000, 70'000));

/// Someone else takes the room again while the journal is being opened: at its first write, its second, ...
TEST(FullDiskAgain, WhileGoingOnItIsTriedOnceMoreAndNothingIsLost) {
  for (std::uint64_t n = 0, left = true; left; ++n) {
    KeptRecord kept(n + 1);
    SimulatedDisk disk;
    {
      const auto journal = open_rocksdb_journal(kDirectory, kept.model(), on(disk)).value();
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(kept.append(*journal).ok());
      disk.set_capacity(disk.used() + 700);
      while (kept.append(*journal).ok()) {
      }
      disk.set_capacity(kPlenty);
      disk.fail_at(n, Fault::no_space, Operations::writing, true);
      auto appended = kept.append_again(*journal);
      left = disk.struck();
      if (!appended.ok()) {
        ASSERT_EQ(appended.error().code, ErrorCode::no_space) << disk.victim() << appended.error().text();
        KeptRecord as_known = kept;
        EXPECT_EQ(as_known.compare(*journal), "") << "reading goes on: " << disk.victim();
        disk.mend();
        appended = kept.append_again(*journal);
        ASSERT_TRUE(appended.ok()) << disk.victim() << ": " << appended.error().text();
      }
    }
    disk.power_on(kept.random());
    const auto journal = open_rocksdb_journal(kDirectory, kept.model(), on(disk));
    ASSERT_TRUE(journal.ok()) << n << ": " << journal.error().text();
    ASSERT_EQ(kept.compare(**journal), "") << n;
  }
}

/// A twin on a disk of a test's choosing.
class FullDiskTwin : public testing::Test {
 protected:
  void start() {
    actors::TwinOptions options;
    options.threads = 1;
    options.clock = actors::ClockMode::events;
    options.journal_retry = schema::kMillisecond;
    options.warn = [this](const std::string& entry) {
      const std::scoped_lock lock(mutex_);
      warnings_ += entry + "\n";
    };
    options.alarm = [this](const std::string& entry) {
      const std::scoped_lock lock(mutex_);
      log_.push_back(entry);
    };
    const auto shared = std::make_shared<const schema::Model>(model_);
    twin_ = actors::Twin::start(shared, open_rocksdb_journal(kDirectory, *shared, on(disk_)).value(), options)
                .value();
  }

  schema::Result<actors::Receipt> submit(int from, int count) {
    schema::EventBatch batch;
    for (int i = from; i < from + count; ++i) {
      batch.add("e" + std::to_string(i), i * schema::kSecond, 0, 0).values_count = 1;
      batch.values.push_back({0, schema::Value::number(i % 100)});
    }
    std::promise<schema::Result<actors::Receipt>> answer;
    twin_->submit(std::move(batch),
                  [&](schema::Result<actors::Receipt> receipt) { answer.set_value(receipt); });
    return answer.get_future().get();
  }

  std::string digest() {
    std::promise<std::string> hex;
    twin_->digest([&](const actors::Digest& digest) { hex.set_value(digest.hex); });
    return hex.get_future().get();
  }

  std::vector<std::string> log() {
    const std::scoped_lock lock(mutex_);
    return log_;
  }

  std::string warnings() {
    const std::scoped_lock lock(mutex_);
    return warnings_;
  }

  void wait_until_it_goes_on() {
    while (twin_->stall()) std::this_thread::yield();
  }

  const schema::Model model_ = schema::samples::model();
  SimulatedDisk disk_;
  std::mutex mutex_;
  std::vector<std::string> log_;  // of what needs a person
  std::string warnings_;
  std::unique_ptr<actors::Twin> twin_;
};

TEST_F(FullDiskTwin, RefusesWritesAnswersReadsAndGoesOnByItself) {
  start();
  ASSERT_TRUE(submit(0, 10).ok());
  const std::string before = digest();
  disk_.set_capacity(disk_.used());
  const auto refused = submit(10, 10);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::no_space) << refused.error().text();
  EXPECT_THAT(refused.error().text(), HasSubstr("disk is full"));
  EXPECT_EQ(digest(), before) << "reads go on, and tell what is settled";
  ASSERT_TRUE(twin_->stall().has_value());
  EXPECT_EQ(twin_->failure(), "");
  EXPECT_EQ(submit(20, 1).error().code, ErrorCode::no_space);
  EXPECT_EQ(twin_->probe().journal_disk_full.value(), 1);
  EXPECT_EQ(twin_->probe().submissions_refused_disk_full.value(), 2u);
  ASSERT_THAT(log(), SizeIs(1)) << "it is told once, however often it is tried again";
  EXPECT_THAT(log()[0],
              AllOf(HasSubstr("disk is full"), HasSubstr(kDirectory), HasSubstr("free some space")));

  disk_.set_capacity(kPlenty);
  wait_until_it_goes_on();
  EXPECT_EQ(twin_->probe().journal_disk_full.value(), 0);
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[1], AllOf(HasSubstr("written again"), HasSubstr("2 submissions were refused")));
  const auto again = submit(10, 10);
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_THAT(again->outcomes, testing::Each(actors::EventOutcome::duplicate)) << "they were taken meanwhile";
  EXPECT_THAT(submit(20, 1)->outcomes, testing::Each(actors::EventOutcome::accepted));
  const std::string after = digest();
  twin_.reset();
  start();
  EXPECT_EQ(digest(), after);
  EXPECT_EQ(twin_->journal().last_position(), 3u) << "each epoch is there once";
}

/// What had not been flushed when the store was opened again is gone from it.
TEST_F(FullDiskTwin, TheHistoryGoesOnByItselfAndNothingIsMissingInIt) {
  start();
  const auto expect_complete = [this](int until) {
    while (!twin_->wait_for_history(std::chrono::seconds(1)).ok()) std::this_thread::yield();
    EXPECT_FALSE(twin_->history_failure().has_value());
    EXPECT_EQ(twin_->probe().history_stopped.value(), 0);
    const schema::Position known = twin_->settled_position();
    EXPECT_EQ(twin_->history()->bounds().complete, known);
    for (int i = 0; i < until; ++i) {
      const auto value = actors::value_at(*twin_->history(), {0, 0}, {i * schema::kSecond, known});
      ASSERT_TRUE(value.ok()) << value.error().text();
      ASSERT_TRUE(value->has_value());
      EXPECT_EQ((**value).value, schema::Value::number(i % 100)) << "second " << i;
    }
    EXPECT_EQ(twin_->history()->epochs(0, 1'000, 1'000'000)->size(), known);
  };
  int sent = 0;
  for (int outage = 0; outage < 3; ++outage) {
    for (int epoch = 0; epoch < 10; ++epoch, sent += 10) ASSERT_TRUE(submit(sent, 10).ok());
    expect_complete(sent);
    disk_.set_capacity(disk_.used());
    ASSERT_FALSE(submit(sent, 10).ok());
    disk_.set_capacity(kPlenty);
    wait_until_it_goes_on();
    ASSERT_TRUE(submit(sent, 10).ok()) << "again, which is answered after what was held up has settled";
    sent += 10;
    expect_complete(sent);
  }
  EXPECT_THAT(warnings(), AllOf(HasSubstr("the history stops and is tried again by itself"),
                                HasSubstr("the history goes on, and nothing is missing in it")));
  const std::string after = digest();
  twin_.reset();
  start();
  EXPECT_EQ(digest(), after);
  expect_complete(sent);
}

TEST_F(FullDiskTwin, StopsWhileTheDiskIsFullAndStartsWithWhatWasAcknowledged) {
  start();
  ASSERT_TRUE(submit(0, 10).ok());
  const std::string before = digest();
  disk_.set_capacity(disk_.used());
  ASSERT_FALSE(submit(10, 10).ok());
  twin_.reset();
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[1], AllOf(HasSubstr("stopping while the disk is full"), HasSubstr("last 10 events")));
  disk_.set_capacity(kPlenty);
  start();
  const bool kept = twin_->journal().last_position() == 2;
  EXPECT_TRUE(kept || digest() == before);
  ASSERT_TRUE(submit(10, 10).ok());
  EXPECT_EQ(twin_->journal().last_position(), 2u);
}

TEST_F(FullDiskTwin, SaysWhenWritingEndedForGood) {
  start();
  ASSERT_TRUE(submit(0, 10).ok());
  disk_.set_capacity(disk_.used());
  ASSERT_FALSE(submit(10, 10).ok());
  disk_.fail_at(0, Fault::input_output, Operations::writing, true);
  disk_.set_capacity(kPlenty);
  while (twin_->failure().empty()) std::this_thread::yield();
  EXPECT_FALSE(twin_->stall().has_value()) << "it is no longer the missing space that it waits for";
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[1], AllOf(HasSubstr("nothing more is written"), HasSubstr("Input/output error"),
                              HasSubstr("restart")));
  EXPECT_EQ(submit(20, 1).error().code, ErrorCode::io);
}

}  // namespace
}  // namespace pollux::faults
