// A thread that waits for the disk, so that the supervisor need not.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/journal.h"
#include "schema/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// Appends to a journal one epoch at a time.
class JournalWriter {
 public:
  explicit JournalWriter(Journal& journal);
  /// Waits for the append under way.
  ~JournalWriter();

  /// Appends; `done` is called on the writer's thread. What is referred to must live until then.
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

  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job job_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pollux::actors
