// What a running twin consists of; see twin.h. Brought up in twin_start.cpp.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/journal/journal_writer.h"
#include "actors/snapshot/snapshot_recovery.h"
#include "actors/supervision/supervisor.h"
#include "actors/twin.h"

namespace pollux::actors {

/// A signal, and the moment it comes.
inline std::pair<Signal, std::future<void>> make_signal() {
  auto promise = std::make_shared<std::promise<void>>();
  std::future<void> future = promise->get_future();
  return {std::make_shared<const std::function<void()>>([promise] { promise->set_value(); }),
          std::move(future)};
}

/// Where pins are given back; they may outlive the twin.
class PinDesk {
 public:
  void open(const caf::actor& supervisor) {
    const std::lock_guard lock(mutex_);
    supervisor_ = supervisor;
  }
  void close() { open(nullptr); }
  void give_back(PinNumber pin) {
    const std::lock_guard lock(mutex_);
    if (supervisor_) caf::anon_send(supervisor_, unpin_atom::value, pin);
  }

 private:
  std::mutex mutex_;
  caf::actor supervisor_;
};

/// Everything of a twin. On the thread that starts and stops it, but for what is guarded by `mutex`.
struct Twin::Implementation {
  Implementation(std::shared_ptr<const schema::Model> m, std::unique_ptr<Journal> j, const TwinOptions& o);
  /// A simulation in one thread has none: its writer has a thread of its own.
  void open_history();
  void tell_restart();
  void history_stops(const schema::Error& why, bool for_good);
  void history_goes_on();
  void show_bounds();
  void spawn_supervisor();
  void finish_replaying(std::size_t but = 0);
  /// For the next records to be replayed together; in the memory of earlier ones.
  RecordPtr empty_record();
  void wait_for(std::future<void>& signal);
  /// Puts back the newest snapshot that can be.
  schema::Result<schema::Position> recover();
  schema::Result<void> restore(const SnapshotView& view, const std::string& where);
  /// Makes the history anew from what was put back, where it is to be.
  schema::Result<void> begin_history();
  void start_snapshotter(std::uint64_t events_behind);
  void wait_for_snapshots();
  /// After the twin has drained.
  void end_snapshots(bool with_last);
  /// Lets one record run, and the next be taken in, while the caller reads on.
  void replay(const RecordPtr& record, const std::function<void(ReplayProgress)>& on_progress);
  void note(const std::vector<schema::Misfit>& left_out);
  void query(std::function<void(const SettledState&)> run);

  const std::shared_ptr<const schema::Model> model;
  const std::unique_ptr<Journal> journal;
  const TwinOptions options;
  DomainProbe probe;
  ChangeFeed feed;
  SourceBook sources;
  std::vector<schema::Misfit> misfits;
  std::unique_ptr<History> memory_history;
  History* history = nullptr;
  bool recalls = false;                          // what memory drops
  std::optional<schema::Error> history_failure;  // guarded by mutex
  /// Their callbacks hold on to the supervisor, so they go before the supervisor does.
  std::unique_ptr<JournalWriter> writer;
  std::unique_ptr<HistoryWriter> history_writer;
  SnapshotTaken loaded;
  std::set<schema::Position> unusable;
  std::unique_ptr<Snapshotter> snapshotter;
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor supervisor;
  const std::shared_ptr<PinDesk> pins = std::make_shared<PinDesk>();
  static constexpr std::size_t kReplayedAtOnce = 2;
  struct Replaying {
    RecordPtr record;
    std::future<void> settled;
  };
  std::deque<Replaying> replaying;  // at the supervisor's, in order
  RecordPtr spare;                  // one that it is done with
  std::mutex mutex;
  bool stopped = false;
  std::string failure;
  std::optional<schema::Error> stall;
};

}  // namespace pollux::actors
