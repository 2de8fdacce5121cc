#include "server/http/worker.h"

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/vector.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace pollux::server {
namespace {

TEST(Worker, ComputesOnAThreadOfItsOwnAndAnswersOnTheCallers) {
  auto io = kj::setupAsyncIo();
  Worker worker;
  const std::thread::id there =
      worker.compute<std::thread::id>([] { return std::this_thread::get_id(); }).wait(io.waitScope);
  EXPECT_NE(there, std::this_thread::get_id());
}

TEST(Worker, IsFullWhenSoManyWaitAndHasRoomAgainLater) {
  auto io = kj::setupAsyncIo();
  Worker worker;
  std::promise<void> begun;
  std::promise<void> gate;
  auto first = worker.compute<int>([&] {
    begun.set_value();
    gate.get_future().wait();
    return 0;
  });
  begun.get_future().wait();
  kj::Vector<kj::Promise<int>> waiting;
  for (std::size_t i = 0; i < Worker::kJobsMax; ++i) {
    EXPECT_FALSE(worker.is_full());
    waiting.add(worker.compute<int>([] { return 1; }));
  }
  EXPECT_TRUE(worker.is_full());
  gate.set_value();
  int sum = first.wait(io.waitScope);
  for (auto& each : waiting) sum += each.wait(io.waitScope);
  EXPECT_EQ(sum, static_cast<int>(Worker::kJobsMax));
  EXPECT_FALSE(worker.is_full());
}

TEST(Worker, StoppingWaitsForTheJobThatRunsAndDropsTheOthers) {
  auto io = kj::setupAsyncIo();
  Worker worker;
  std::promise<void> begun;
  std::promise<void> gate;
  bool first_ended = false;
  bool second_ran = false;
  auto first = worker.compute<int>([&] {
    begun.set_value();
    gate.get_future().wait();
    first_ended = true;
    return 0;
  });
  // The first one ends when the second is dropped, and no sooner.
  auto opener = std::shared_ptr<void>(nullptr, [&](void*) { gate.set_value(); });
  auto second = worker.compute<int>([&second_ran, opener = std::move(opener)] {
    second_ran = true;
    return 0;
  });
  begun.get_future().wait();
  worker.stop();
  EXPECT_TRUE(first_ended);
  EXPECT_FALSE(second_ran);
}

}  // namespace
}  // namespace pollux::server
