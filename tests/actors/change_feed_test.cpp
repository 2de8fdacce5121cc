#include "actors/change_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace pollux::actors {
namespace {

using schema::Position;

EpochChangesPtr epoch(Position position, std::size_t changes = 1) {
  return std::make_shared<EpochChanges>(position, static_cast<schema::EventTime>(position) * 10,
                                        std::vector<Change>(changes));
}
std::vector<Position> positions(const ChangeFeed::Page& page) {
  std::vector<Position> found;
  for (const EpochChangesPtr& each : page.epochs) found.push_back(each->position);
  return found;
}

TEST(ChangeFeed, GivesWhatCameAfterAPositionOldestFirstInPages) {
  ChangeFeed feed(100, 100);
  feed.start(4);
  for (Position position = 5; position <= 9; ++position) feed.publish(epoch(position));
  EXPECT_EQ(positions(feed.after(4, 2)), (std::vector<Position>{5, 6}));
  EXPECT_EQ(positions(feed.after(6, 100)), (std::vector<Position>{7, 8, 9}));
  EXPECT_TRUE(feed.after(9, 100).epochs.empty());
  EXPECT_TRUE(feed.after(1'000, 100).epochs.empty());
  EXPECT_TRUE(feed.after(4, 0).epochs.empty());
  EXPECT_EQ(feed.after(4, 2).oldest, 4u);
}

TEST(ChangeFeed, BeforeAnythingWasPublishedReadersResumeWhereTheTwinStarted) {
  ChangeFeed feed(100, 100);
  feed.start(17);
  EXPECT_EQ(feed.after(0, 10).oldest, 17u) << "a reader at 0 can tell that it missed 17 epochs";
  EXPECT_TRUE(feed.after(0, 10).epochs.empty());
}

TEST(ChangeFeed, KeepsABoundedNumberOfEpochsAndSaysWhereItBegins) {
  ChangeFeed feed(3, 1'000);
  for (Position position = 1; position <= 10; ++position) {
    feed.publish(epoch(position));
    EXPECT_LE(feed.after(0, 1'000).epochs.size(), 3u);
  }
  EXPECT_EQ(positions(feed.after(0, 100)), (std::vector<Position>{8, 9, 10}));
  EXPECT_EQ(feed.after(0, 100).oldest, 7u);
}

TEST(ChangeFeed, KeepsABoundedNumberOfChangesButAlwaysTheNewestEpoch) {
  ChangeFeed feed(1'000, 10);
  for (Position position = 1; position <= 5; ++position) feed.publish(epoch(position, 4));
  EXPECT_EQ(positions(feed.after(0, 100)), (std::vector<Position>{4, 5}));
  feed.publish(epoch(6, 500));
  EXPECT_EQ(positions(feed.after(0, 100)), (std::vector<Position>{6}));
  feed.publish(epoch(7, 1));
  EXPECT_EQ(positions(feed.after(0, 100)), (std::vector<Position>{7}));
  EXPECT_EQ(feed.after(0, 100).oldest, 6u);
}

TEST(ChangeFeed, NotifiesEachSubscriberOfEachPublicationUntilItLeaves) {
  ChangeFeed feed(10, 10);
  int first = 0;
  int second = 0;
  const auto one = feed.subscribe([&] { ++first; });
  const auto two = feed.subscribe([&] { ++second; });
  EXPECT_NE(one, two);
  feed.publish(epoch(1));
  feed.unsubscribe(one);
  feed.publish(epoch(2));
  feed.unsubscribe(two);
  feed.unsubscribe(two);
  feed.publish(epoch(3));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

TEST(ChangeFeed, WhatIsNotifiedOfCanBeReadAlready) {
  ChangeFeed feed(10, 10);
  std::vector<Position> seen;
  feed.subscribe(
      [&] { seen.push_back(feed.after(seen.empty() ? 0 : seen.back(), 10).epochs.at(0)->position); });
  for (Position position = 1; position <= 3; ++position) feed.publish(epoch(position));
  EXPECT_EQ(seen, (std::vector<Position>{1, 2, 3}));
}

TEST(ChangeFeed, ASubscriberThatHasLeftIsNeverCalledAgain) {
  ChangeFeed feed(10, 10);
  std::atomic<bool> done = false;
  std::jthread publisher([&] {
    for (Position position = 1; !done; ++position) feed.publish(epoch(position));
  });
  for (int i = 0; i < 500; ++i) {
    std::atomic<bool> gone = false;
    std::atomic<bool> called_late = false;
    const auto subscription = feed.subscribe([&] { called_late = called_late || gone; });
    feed.unsubscribe(subscription);
    gone = true;
    EXPECT_FALSE(called_late);
  }
  done = true;
}

TEST(ChangeFeed, AReaderThatKeepsUpSeesEachEpochOnceInOrder) {
  constexpr Position kLast = 5'000;
  ChangeFeed feed(kLast, kLast);
  std::jthread publisher([&] {
    for (Position position = 1; position <= kLast; ++position) feed.publish(epoch(position));
  });
  Position position = 0;
  while (position < kLast) {
    for (const EpochChangesPtr& each : feed.after(position, 7).epochs) {
      ASSERT_EQ(each->position, position + 1);
      position = each->position;
    }
  }
}

}  // namespace
}  // namespace pollux::actors
