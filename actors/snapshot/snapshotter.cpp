#include "actors/snapshot/snapshotter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::EventTime;
using schema::Position;
using schema::Result;
using std::chrono::steady_clock;

namespace {

std::int64_t ns_since(steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now() - start).count();
}

Error stopping() {
  return {ErrorCode::unavailable, "the twin is stopping, so the snapshot is given up", "",
          "take it after the restart"};
}

}  // namespace

/// One snapshot on its way.
struct Snapshotter::Work {
  Work(const schema::Model& model, bool is_last) : capture(model), last(is_last) {}

  SnapshotCapture capture;
  SnapshotEncoder encoder;
  std::unique_ptr<SnapshotFile> file;
  std::string bytes;  // of a portion; reused
  SnapshotTaken taken;
  std::uint64_t events = 0;  // accepted when it was begun
  bool last;                 // taken while stopping
  bool unchanged = false;
  bool consistent = true;
  bool holds = false;  // what `SnapshotCapture::begin` held
  bool more = true;
  steady_clock::time_point began = steady_clock::now();
};

Snapshotter::Snapshotter(const SnapshotOptions& options, SnapshotSurroundings surroundings,
                         const SnapshotTaken& newest, std::set<Position> unusable,
                         std::uint64_t events_behind)
    : options_(options),
      surroundings_(std::move(surroundings)),
      newest_(newest),
      events_behind_(events_behind),
      unusable_(std::move(unusable)) {
  POLLUX_ASSERT(options_.store != nullptr && options_.kept > 0);
  if (!surroundings_.later) thread_ = std::thread([this] { run(); });
}

Snapshotter::~Snapshotter() {
  POLLUX_ASSERT(idle(), "nothing is under way any more");
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// The thread: does what is asked, and begins one when it is time.
void Snapshotter::run() {
  using namespace std::chrono_literals;
  const auto interval = std::chrono::nanoseconds(options_.every);
  auto due = steady_clock::now() + interval;
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] { return ending_ || !tasks_.empty(); };
      if (interval == 0ns) {
        changed_.wait(lock, wanted);
      } else {
        changed_.wait_until(lock, due, wanted);
      }
      if (ending_) return;
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (task) {
      task();
    } else {
      due = steady_clock::now() + interval;
      begin({}, false);
    }
  }
}

void Snapshotter::later(std::function<void()> task) {
  if (surroundings_.later) return surroundings_.later(std::move(task));
  // Told under the lock: once the task is done, whoever waits for it may destroy this.
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

void Snapshotter::take(Done done) {
  begin(std::move(done), false);
}

/// Where one is under way, it answers `done` too.
void Snapshotter::begin(Done done, bool last) {
  {
    std::unique_lock lock(mutex_);
    if (stopping_ && !last) {
      lock.unlock();
      if (done) done(stopping());
      return;
    }
    if (done) waiting_.push_back(std::move(done));
    if (std::exchange(busy_, true)) return;
  }
  work_ = std::make_unique<Work>(surroundings_.model, last);
  lend(true, [this](DomainParts& parts) {
    Work& work = *work_;
    work.taken = {parts.position, parts.clock, 0, 0, true};
    work.unchanged = parts.position == newest_.position;
    work.consistent = parts.consistent;
    if (!work.unchanged && work.consistent) work.holds = work.capture.begin(parts);
    work.events = surroundings_.probe.events_accepted.value();
    later([this] { captured_first(); });
  });
}

void Snapshotter::lend(bool quiet, std::function<void(DomainParts&)> use) {
  surroundings_.lend(quiet, [this, use = std::move(use)](DomainParts& parts) {
    const auto start = steady_clock::now();
    DomainProbe& probe = surroundings_.probe;
    use(parts);
    probe.snapshot_pause.record(ns_since(start));
  });
}

void Snapshotter::captured_first() {
  Work& work = *work_;
  if (work.unchanged) {
    if (work.taken.position == 0) {
      return end(Error{ErrorCode::conflict, "nothing has been journaled yet, so there is nothing to take", "",
                       "take a snapshot once there are events"});
    }
    SnapshotTaken unchanged = newest_;
    unchanged.is_new = false;
    return end(unchanged);
  }
  if (!work.consistent) {
    return end(Error{ErrorCode::unavailable, "the journal has failed, so no snapshot is taken", "",
                     "free or repair the disk, then restart the server"});
  }
  if (!work.holds) {
    return end(Error{ErrorCode::overloaded, "the twin holds as many pins as it may", "",
                     "let go of a fork that is no longer needed"});
  }
  if (auto opened = open_file(); !opened.ok()) return end(opened.error());
  written();
}

Result<void> Snapshotter::open_file() {
  Work& work = *work_;
  SnapshotInfo info = work.capture.info();
  info.taken = work.taken.taken = surroundings_.now();
  info.misfits = surroundings_.misfits;
  const auto record = surroundings_.journal.hash_at(info.position);
  if (!record.ok()) return record.error();
  info.record = *record;
  auto file = options_.store->create(info.position);
  if (!file.ok()) return file.error();
  work.file = std::move(*file);
  work.encoder.begin(info, work.bytes);
  return write_portion();
}

/// What was captured is in the file; on with the next.
void Snapshotter::written() {
  if (given_up()) return end(stopping());
  lend(false, [this](DomainParts& parts) {
    work_->more = work_->capture.capture(parts);
    later([this] { captured(); });
  });
}

bool Snapshotter::given_up() const {
  const std::lock_guard lock(mutex_);
  return stopping_ && !work_->last;
}

void Snapshotter::captured() {
  if (!work_->more) return end(complete());
  if (auto wrote = write_portion(); !wrote.ok()) return end(wrote.error());
  written();
}

Result<void> Snapshotter::write_portion() {
  Work& work = *work_;
  work.capture.write(work.encoder, work.bytes);
  auto outcome = work.file->append(work.bytes);
  work.bytes.clear();
  return outcome;
}

/// First the history, for a file that is there must be one that can be gone on from.
Result<SnapshotTaken> Snapshotter::complete() {
  Work& work = *work_;
  const Position position = work.taken.position;
  work.capture.seal(work.encoder, work.bytes);
  if (auto wrote = write_portion(); !wrote.ok()) return wrote.error();
  if (surroundings_.history != nullptr) {
    if (!surroundings_.history_writer->wait_for(position, kHistoryPatience, true)) {
      return Error{ErrorCode::io, "the history has not come as far as the snapshot, which is given up",
                   options_.store->directory(), "see the log for why; the journal is kept meanwhile"};
    }
    if (auto durable = surroundings_.history->make_durable(); !durable.ok()) return durable.error();
  }
  work.taken.bytes = work.file->bytes();
  if (auto finished = work.file->finish(); !finished.ok()) return finished.error();
  return work.taken;
}

/// Whatever fails here leaves too much on the disk, and is tried again after the next snapshot.
void Snapshotter::shorten_journal() {
  const auto tell = [this](const Error& error) {
    if (surroundings_.warn) surroundings_.warn("the journal is kept as it is: " + error.text());
  };
  Journal& journal = surroundings_.journal;
  const auto nothing_else_goes = options_.store->hold_all();
  // In this order: what a snapshot covers is noted before older snapshots go, and these before the records.
  if (auto noted = journal.note_covered(newest_.position); !noted.ok()) return tell(noted.error());
  if (auto kept = options_.store->keep(newest_.position, options_.kept, unusable_); !kept.ok())
    return tell(kept.error());
  const auto all = options_.store->list();
  if (!all.ok()) return tell(all.error());
  if (all->empty()) return;
  if (surroundings_.history_writer != nullptr)
    surroundings_.history_writer->restarts_from(all->back().position);
  unusable_.clear();
  const Position first = first_to_keep(all->back());
  if (first <= journal.first_position()) return;
  if (auto dropped = journal.drop_before(first); !dropped.ok()) return tell(dropped.error());
  surroundings_.probe.journal_first_position.set(static_cast<std::int64_t>(journal.first_position()));
}

/// The first record that is still to be there: one that is young enough, and such that those from there on
/// are few enough. A restart may go on from `oldest`, and replay what names events from before it.
Position Snapshotter::first_to_keep(const StoredSnapshot& oldest) const {
  const Journal& journal = surroundings_.journal;
  Position at_most = oldest.position + 1;
  const Position first = journal.first_position();
  if (options_.journal_age == 0 && options_.journal_bytes == 0) return first;
  Position wanted = first;
  const auto search = [&](const auto& may_go) {
    Position low = first;  // all before it may go
    Position high = std::max(first, at_most);
    while (low < high) {
      const Position middle = low + (high - low) / 2;
      if (may_go(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const auto first_since = [&](EventTime time) {
    return search([&](Position position) {
      EventTime clock = schema::kNever;
      const auto read = journal.read(position, [&](schema::EpochRecord& record) {
        clock = record.clock;
        return false;
      });
      return read.ok() && clock < time;
    });
  };
  if (surroundings_.journal_at_least != 0) {
    const auto info = options_.store->describe(oldest);
    if (!info.ok()) return first;
    at_most = std::min(at_most, first_since(schema::before(info->clock, surroundings_.journal_at_least)));
  }
  if (options_.journal_age != 0)
    wanted = std::max(wanted, first_since(schema::before(newest_.clock, options_.journal_age)));
  if (options_.journal_bytes != 0) {
    wanted = std::max(wanted, search([&](Position position) {
                        return journal.bytes_from(position) > options_.journal_bytes;
                      }));
  }
  return std::min(wanted, at_most);
}

void Snapshotter::end(Result<SnapshotTaken> outcome) {
  DomainProbe& probe = surroundings_.probe;
  if (outcome.ok() && outcome->is_new) {
    newest_ = *outcome;
    events_covered_ = work_->events;
    events_behind_ = 0;
    unusable_.erase(newest_.position);
    probe.snapshots_taken.add();
    probe.snapshot_position.set(static_cast<std::int64_t>(newest_.position));
    probe.snapshot_taken_ns.set(newest_.taken);
    probe.snapshot_bytes.set(static_cast<std::int64_t>(newest_.bytes));
    probe.snapshot_duration_ns.set(ns_since(work_->began));
    shorten_journal();
  } else if (!outcome.ok() && outcome.error().code != ErrorCode::unavailable &&
             outcome.error().code != ErrorCode::conflict) {
    probe.snapshots_failed.add();
    if (surroundings_.warn)
      surroundings_.warn("no snapshot was taken, the twin goes on: " + outcome.error().text());
  }
  work_->file.reset();
  if (!work_->holds) return answer(outcome);
  lend(false, [this, outcome = std::move(outcome)](DomainParts& parts) {
    work_->capture.end(parts);
    later([this, outcome] { answer(outcome); });
  });
}

void Snapshotter::answer(const Result<SnapshotTaken>& outcome) {
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    work_.reset();
    waiting.swap(waiting_);
    busy_ = false;
    // Under the lock, for whoever waits may destroy this next.
    changed_.notify_all();
  }
  for (const Done& done : waiting) done(outcome);
}

void Snapshotter::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
}

void Snapshotter::take_last() {
  const std::uint64_t events = surroundings_.probe.events_accepted.value();
  const bool worth_it = events - events_covered_ + events_behind_ > kReplayedInAMoment;
  if (options_.every != 0 && worth_it) begin({}, true);
}

bool Snapshotter::idle() const {
  const std::lock_guard lock(mutex_);
  return !busy_;
}

void Snapshotter::wait_until_idle() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !busy_; });
}

}  // namespace pollux::actors
