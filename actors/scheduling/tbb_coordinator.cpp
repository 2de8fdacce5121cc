#include "actors/scheduling/tbb_coordinator.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "actors/scheduling/hand_over.h"
#include "schema/assert.h"

namespace pollux::actors {
namespace {

using caf::resumable;

/// Jobs a worker keeps to itself before it offers half of them to an idle one: moving work between cores
/// costs more than running a few steps.
constexpr std::size_t kOfferJobsMin = 128;

/// Jobs already run whose places a worker keeps before it moves the others up.
constexpr std::size_t kRunJobsKept = 4'096;

class TbbCoordinator;

/// Whoever lets go last destroys it; that nobody looks at it any more is known to CAF's count of references.
POLLUX_UNSEEN void let_go(resumable* job) {
  job->intrusive_ptr_release_impl();
}

/// What a worker is to the actors it runs. New jobs queue up behind the others: a wave then visits entities
/// in about the order in which they lie in memory, which prefetching rewards more than depth first rewards
/// warm caches.
class TbbWorker final : public caf::execution_unit {
 public:
  explicit TbbWorker(TbbCoordinator& coordinator);

  void exec_later(resumable* job) override { jobs_.push_back(job); }

  /// Runs `jobs` and everything that follows from them on this thread, except what idle workers take over.
  void run(std::span<resumable* const> jobs);

 private:
  void offer();

  TbbCoordinator& coordinator_;
  std::vector<resumable*> jobs_;
  std::size_t next_ = 0;  // those before it have been run
};

class TbbCoordinator final : public caf::scheduler::abstract_coordinator {
 public:
  explicit TbbCoordinator(caf::actor_system& system) : abstract_coordinator(system) {}

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new TbbCoordinator(system);
  }

  void enqueue(resumable* job) override {
    handed_over(job);
    launch([job](TbbWorker& worker) { worker.run({&job, 1}); });
  }
  caf::actor_clock& clock() noexcept override { return clock_; }

  void enqueue_all(std::vector<resumable*> jobs) {
    for (resumable* job : jobs) handed_over(job);
    launch([jobs = std::move(jobs)](TbbWorker& worker) { worker.run(jobs); });
  }

  bool somebody_is_idle() const {
    return busy_.load(std::memory_order_relaxed) < static_cast<int>(num_workers());
  }

 protected:
  void start() override {
    // No slot is reserved for outside threads: all workers are TBB's own, of which it has one less than
    // allowed.
    parallelism_ = std::make_unique<oneapi::tbb::global_control>(
        oneapi::tbb::global_control::max_allowed_parallelism, num_workers() + 1);
    arena_ = std::make_unique<oneapi::tbb::task_arena>(static_cast<int>(num_workers()), 0);
    timer_ = std::thread([this] { clock_.run_dispatch_loop(); });
    abstract_coordinator::start();
  }

  void stop() override {
    stop_actors();
    {
      std::unique_lock lock(mutex_);
      idle_.wait(lock, [this] { return in_flight_.load() == 0; });
    }
    arena_->terminate();
    clock_.cancel_dispatch_loop();
    timer_.join();
  }

 private:
  /// Stands for the memory of TBB's tasks, which is used again across arenas.
  static constexpr char kTaskMemory = 0;
  struct TaskMemory {
    ~TaskMemory() { handed_over(&kTaskMemory); }
  };

  /// What TBB runs on one of its threads. TBB moves it to where it stays until then.
  template <class Work>
  class Launched : TaskMemory {  // a base, to be the last part that goes
   public:
    Launched(TbbCoordinator& coordinator, Work work) : coordinator_(&coordinator), work_(std::move(work)) {}
    Launched(Launched&& other) noexcept
        : TaskMemory(), coordinator_(other.coordinator_), work_(std::move(other.work_)) {
      handed_over(this);
    }
    Launched(const Launched&) = delete;
    Launched& operator=(const Launched&) = delete;

    void operator()() const {
      taken_over(this);
      coordinator_->run(work_);
    }

   private:
    TbbCoordinator* const coordinator_;
    Work work_;
  };

  template <class Work>
  void launch(Work work) {
    in_flight_.fetch_add(1, std::memory_order_relaxed);
    taken_over(&kTaskMemory);
    arena_->enqueue(Launched<Work>(*this, std::move(work)));
  }

  template <class Work>
  void run(const Work& work) {
    busy_.fetch_add(1, std::memory_order_relaxed);
    {
      TbbWorker worker(*this);
      work(worker);
    }
    busy_.fetch_sub(1, std::memory_order_relaxed);
    finished();
  }

  void finished() {
    // Under the lock, so that stop() cannot destroy what is used here between the count and the call.
    const std::lock_guard lock(mutex_);
    if (in_flight_.fetch_sub(1) == 1) idle_.notify_all();
  }

  caf::detail::thread_safe_actor_clock clock_;
  std::unique_ptr<oneapi::tbb::global_control> parallelism_;
  std::unique_ptr<oneapi::tbb::task_arena> arena_;
  std::thread timer_;
  std::atomic<std::uint64_t> in_flight_{0};
  std::atomic<int> busy_{0};
  std::mutex mutex_;
  std::condition_variable idle_;
};

TbbWorker::TbbWorker(TbbCoordinator& coordinator)
    : execution_unit(&coordinator.system()), coordinator_(coordinator) {}

void TbbWorker::run(std::span<resumable* const> jobs) {
  jobs_.assign(jobs.begin(), jobs.end());
  next_ = 0;
  while (next_ < jobs_.size()) {
    if (jobs_.size() - next_ >= kOfferJobsMin && coordinator_.somebody_is_idle()) offer();
    resumable* job = jobs_[next_++];
    if (next_ == jobs_.size() || next_ >= kRunJobsKept) {
      jobs_.erase(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    taken_over(job);
    switch (job->resume(this, coordinator_.max_throughput())) {
      case resumable::resume_later:
        coordinator_.enqueue(job);
        break;
      case resumable::done:
      case resumable::awaiting_message:
        handed_over(job);
        let_go(job);
        break;
      case resumable::shutdown_execution_unit:
        POLLUX_ASSERT(false, "TBB's workers are not shut down by CAF");
    }
  }
}

/// Gives away the later half.
void TbbWorker::offer() {
  const auto half = jobs_.end() - static_cast<std::ptrdiff_t>((jobs_.size() - next_) / 2);
  coordinator_.enqueue_all({half, jobs_.end()});
  jobs_.erase(half, jobs_.end());
}

}  // namespace

void use_tbb_scheduler(caf::actor_system_config& config, unsigned threads) {
  config.set("scheduler.max-threads",
             static_cast<std::size_t>(threads != 0 ? threads : std::thread::hardware_concurrency()));
  config.load<TbbCoordinator>();
}

}  // namespace pollux::actors
