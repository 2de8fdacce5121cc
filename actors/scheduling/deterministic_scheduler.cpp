#include "actors/scheduling/deterministic_scheduler.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {
namespace {

/// What is no actor's, as CAF sees it.
class Task final : public caf::ref_counted, public caf::resumable {
 public:
  explicit Task(std::function<void()> run) : run_(std::move(run)) {}

  resume_result resume(caf::execution_unit*, std::size_t) override {
    run_();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  const std::function<void()> run_;
};

/// Levels are shared among workers only where there is more than one.
constexpr std::size_t kWorkersPretended = 2;

}  // namespace

/// CAF's coordinator for tests keeps the jobs and a clock that stands still.
class DeterministicScheduler::Coordinator final : public caf::scheduler::test_coordinator {
 public:
  Coordinator(caf::actor_system& system, DeterministicScheduler& host)
      : test_coordinator(system), scheduler_(host) {
    POLLUX_ASSERT(scheduler_.coordinator_ == nullptr, "one twin at a time");
    scheduler_.coordinator_ = this;
  }
  ~Coordinator() override { scheduler_.coordinator_ = nullptr; }

 private:
  DeterministicScheduler& scheduler_;
};

void DeterministicScheduler::schedule(caf::actor_system_config& config) {
  config.set("scheduler.max-threads", kWorkersPretended);
  config.module_factories.emplace_back(
      [this](caf::actor_system& system) { return new Coordinator(system, *this); });
}

void DeterministicScheduler::append_later(std::function<void()> append) {
  const std::uint64_t steps = random_() % (journal_steps_max_ + 1);
  put_off_.push_back({steps_ + steps, std::move(append)});
}

bool DeterministicScheduler::step() {
  if (coordinator_ == nullptr) return false;
  release_due();
  auto& jobs = coordinator_->jobs;
  if (jobs.empty()) return false;
  const std::size_t chosen = random_() % jobs.size();
  note(chosen);
  note(jobs.size());
  std::swap(jobs.front(), jobs[chosen]);
  ++steps_;
  return coordinator_->try_run_once();
}

/// Where nothing else is left to do, the steps until the next one is due pass by themselves.
void DeterministicScheduler::release_due() {
  if (put_off_.empty()) return;
  if (coordinator_->jobs.empty()) {
    steps_ = std::max(steps_, std::ranges::min(put_off_, {}, &PutOff::until).until);
  }
  for (PutOff& each : put_off_) {
    if (each.until <= steps_) coordinator_->jobs.push_back(new Task(std::exchange(each.job, nullptr)));
  }
  std::erase_if(put_off_, [](const PutOff& each) { return !each.job; });
}

void DeterministicScheduler::run() {
  for (std::uint64_t left = kStepsMax; step(); --left) {
    POLLUX_ASSERT(left > 0, "a twin that is given nothing comes to rest");
  }
}

void DeterministicScheduler::advance(std::chrono::nanoseconds by) {
  now_ += by;
  note(static_cast<std::uint64_t>(by.count()));
  if (coordinator_ != nullptr) coordinator_->advance_time(by);
}

/// FNV-1a, a word at a time.
void DeterministicScheduler::note(std::uint64_t choice) {
  trace_ = (trace_ ^ choice) * 0x0000'0100'0000'01b3;
}

}  // namespace pollux::actors
