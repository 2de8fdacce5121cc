#include "actors/journal/durable_writes.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/faults/simulated_disk.h"

namespace pollux::actors {
namespace {

rocksdb::WriteBatch batch_for(RocksdbStore& store, const std::string& key) {
  rocksdb::WriteBatch batch;
  batch.Put(store.meta(), key, "value");
  return batch;
}

TEST(DurableWrites, NothingIsWrittenAfterASyncThatFailed) {
  faults::SimulatedDisk disk;
  auto store = RocksdbStore::open("/data", &disk.env(), false);
  ASSERT_TRUE(store.ok()) << store.error().text();
  DurableWrites writes(**store, 1);
  disk.fail_at(1, faults::Fault::input_output, faults::Operations::writing);

  auto first = batch_for(**store, "first");
  ASSERT_TRUE(writes.write(first, "write").ok()) << "it is synced later";
  while (!writes.failure()) std::this_thread::yield();
  ASSERT_NE(disk.victim().find(".log"), std::string::npos) << disk.victim();

  auto second = batch_for(**store, "second");
  EXPECT_FALSE(writes.write(second, "write").ok()) << "though the disk would take it";
  auto third = batch_for(**store, "third");
  EXPECT_FALSE(writes.write_aside(third, (*store)->generation(), "write").ok());
}

}  // namespace
}  // namespace pollux::actors
