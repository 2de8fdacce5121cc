#include "actors/snapshot/snapshot_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <memory>

namespace pollux::actors {
namespace {

using schema::Position;
using testing::ElementsAre;

class Snapshots : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(env_->CreateDirIfMissing("/data").ok()); }

  void write(Position position, const std::string& bytes = "bytes") {
    auto file = store_.create(position);
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE((*file)->append(bytes).ok());
    ASSERT_TRUE((*file)->finish().ok());
  }
  std::vector<Position> positions() const {
    std::vector<Position> all;
    const auto listed = store_.list().value();
    for (const StoredSnapshot& each : listed) all.push_back(each.position);
    return all;
  }

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  SnapshotStore store_{"/data", env_.get()};
};

TEST_F(Snapshots, AreListedNewestFirstAndReadBack) {
  EXPECT_THAT(positions(), ElementsAre());
  write(9, "nine");
  write(100, "hundred");
  EXPECT_THAT(positions(), ElementsAre(100, 9));
  const auto all = store_.list().value();
  EXPECT_EQ(all[1].bytes, 4u);
  EXPECT_EQ(store_.read(all[1]).value(), "nine");
}

TEST_F(Snapshots, OneThatWasNotFinishedIsNone) {
  {
    auto file = store_.create(5);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->append("half").ok());
    EXPECT_THAT(positions(), ElementsAre());
  }
  std::vector<std::string> names;
  ASSERT_TRUE(env_->GetChildren(store_.directory(), &names).ok());
  EXPECT_THAT(names, testing::Each(testing::AnyOf(".", "..")));
}

TEST_F(Snapshots, WhatAKilledServerLeftUnfinishedIsRemovedByTheNext) {
  write(3);
  const std::string left = store_.directory() + "/00000000000000000004.snapshot.unfinished";
  ASSERT_TRUE(rocksdb::WriteStringToFile(env_.get(), "half", left).ok());
  write(5);
  EXPECT_TRUE(env_->FileExists(left).IsNotFound());
  EXPECT_THAT(positions(), ElementsAre(5, 3));
}

TEST_F(Snapshots, TheNewestAreKept) {
  for (Position position = 1; position <= 5; ++position) write(position);
  ASSERT_TRUE(store_.keep(5, 2, {}).ok());
  EXPECT_THAT(positions(), ElementsAre(5, 4));
}

TEST_F(Snapshots, WhatCannotBeUsedIsNotCountedAmongThoseKept) {
  for (Position position = 1; position <= 6; ++position) write(position);
  ASSERT_TRUE(store_.keep(5, 2, {4}).ok());
  EXPECT_THAT(positions(), ElementsAre(5, 3));
}

}  // namespace
}  // namespace pollux::actors
