// Waits for the disk, so that the supervisor need not.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/journal/journal.h"
#include "schema/event/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// Appends to a journal one epoch at a time.
class JournalWriter {
 public:
  /// How appends run elsewhere than on a thread of its own.
  using Later = std::function<void(std::function<void()>)>;

  /// `later`: called with each append, to run it soon; empty: the writer has its own thread.
  explicit JournalWriter(Journal& journal, Later later = {});
  /// Waits for the append under way on its thread.
  ~JournalWriter();

  /// Appends; `done` is called where it ran. What is referred to must live until then.
  /// REQUIRES: the former append is done.
  void append(const schema::EpochRecord& record, const QuarantineChanges& quarantine,
              std::function<void(schema::Result<void>)> done);

 private:
  struct Job {
    const schema::EpochRecord* record = nullptr;
    const QuarantineChanges* quarantine = nullptr;
    std::function<void(schema::Result<void>)> done;
  };

  void run();
  void write(const Job& job) { job.done(journal_.append(*job.record, *job.quarantine)); }

  Journal& journal_;
  const Later later_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job job_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pollux::actors
