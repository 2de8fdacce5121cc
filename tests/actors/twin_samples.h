// A running twin as tests drive it: answers are waited for, journals can be held up or made to fail.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/twin.h"
#include "tests/actors/model_samples.h"

namespace pollux::actors::samples {

/// Hands everything to a journal that outlives the twin; `before_append` (may be empty) runs first and may
/// fail in its place.
class SharedJournal final : public Journal {
 public:
  using Hook = std::function<schema::Result<void>()>;

  explicit SharedJournal(std::shared_ptr<Journal> journal, Hook before_append = {})
      : journal_(std::move(journal)), before_append_(std::move(before_append)) {}

  schema::Result<void> append(const schema::EpochRecord& record,
                              const QuarantineChanges& quarantine) override {
    if (before_append_) {
      schema::Result<void> outcome = before_append_();
      if (!outcome.ok()) return outcome;
    }
    return journal_->append(record, quarantine);
  }
  schema::Result<void> read(schema::Position from,
                            const std::function<bool(schema::EpochRecord&)>& visit) const override {
    return journal_->read(from, visit);
  }
  schema::Result<std::vector<QuarantinedEvent>> quarantine(std::uint64_t from,
                                                           std::size_t limit) const override {
    return journal_->quarantine(from, limit);
  }
  bool holds(const schema::EventKey& key) const override { return journal_->holds(key); }
  const QuarantineIndex& quarantine_index() const override { return journal_->quarantine_index(); }
  schema::Position last_position() const override { return journal_->last_position(); }
  const JournalIdentity& identity() const override { return journal_->identity(); }
  std::uint64_t bytes_appended() const override { return journal_->bytes_appended(); }

 private:
  const std::shared_ptr<Journal> journal_;
  const Hook before_append_;
};

/// Where a thread waits until it is let through; from then on it is open.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_until_someone_is_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

/// Bounded: a test that waits longer has failed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::seconds kPatience{600};
#else
inline constexpr std::chrono::seconds kPatience{60};
#endif

template <class T>
T wait_for(std::future<T> future) {
  if (future.wait_for(kPatience) != std::future_status::ready) {
    ADD_FAILURE() << "no answer within " << kPatience.count() << " s";
    std::abort();
  }
  return future.get();
}

inline TwinOptions clocked_by_events() {
  TwinOptions options;
  options.threads = 2;
  options.clock = ClockMode::events;
  options.check_invariants = true;
  return options;
}

class RunningTwin {
 public:
  RunningTwin(std::shared_ptr<const schema::Model> model, std::unique_ptr<Journal> journal,
              const TwinOptions& options = clocked_by_events())
      : twin_(Twin::start(std::move(model), std::move(journal), options).value()) {}

  Twin* operator->() { return twin_.get(); }

  /// Hands over without waiting.
  std::future<schema::Result<Receipt>> hand_over(schema::EventBatch batch) {
    auto promise = std::make_shared<std::promise<schema::Result<Receipt>>>();
    auto future = promise->get_future();
    twin_->submit(std::move(batch),
                  [promise](schema::Result<Receipt> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  schema::Result<Receipt> submit(schema::EventBatch batch) { return wait_for(hand_over(std::move(batch))); }
  schema::Result<Receipt> report(std::string_view id, schema::EventTime time, std::string_view name,
                                 double value) {
    schema::EventBatch batch;
    samples::report(batch, twin_->model(), id, time, name, value);
    return submit(std::move(batch));
  }

  /// What a query computes.
  template <class Look>
  auto look(Look look) {
    using T = decltype(look(std::declval<const SettledState&>()));
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    twin_->query([promise, look](const SettledState& state) { promise->set_value(look(state)); });
    return wait_for(std::move(future));
  }
  Digest digest() {
    return look([](const SettledState& state) { return state.digest(); });
  }
  schema::Value value(std::string_view name) {
    const Place place = find(twin_->model(), name);
    return look(
        [place](const SettledState& state) { return state.attribute(place.entity, place.attribute).value; });
  }
  std::vector<Episode> episodes() {
    return look([](const SettledState& state) {
      return state.episodes().find(schema::kNone, schema::kBeginning, schema::kNever, 1'000'000);
    });
  }
  std::vector<QuarantinedEvent> quarantine() { return twin_->journal().quarantine(1, 1'000'000).value(); }

  void stop() { twin_.reset(); }

 private:
  std::unique_ptr<Twin> twin_;
};

}  // namespace pollux::actors::samples
