// A thread that waits for the disk, so that the supervisor need not.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/journal.h"
#include "schema/event.h"
#include "schema/result.h"

namespace pollux::actors {

/// Appends to a journal one epoch at a time, and now and then drops what its quarantine need not keep.
class JournalWriter {
 public:
  explicit JournalWriter(Journal& journal, const QuarantineRetention& quarantine = {});
  /// Waits for the append under way.
  ~JournalWriter();

  /// Appends; `done` is called on the writer's thread. What is referred to must live until then.
  /// REQUIRES: the former append is done.
  void append(const schema::EpochRecord& record, const std::vector<QuarantinedEvent>& quarantined,
              std::function<void(schema::Result<void>)> done);

 private:
  struct Job {
    const schema::EpochRecord* record = nullptr;
    const std::vector<QuarantinedEvent>* quarantined = nullptr;
    std::function<void(schema::Result<void>)> done;
  };

  void run();
  void retain(schema::EventTime clock);

  /// The quarantine is looked after at the first of so many appends.
  static constexpr std::size_t kRetainEvery = 1'024;

  Journal& journal_;
  const QuarantineRetention quarantine_;
  std::size_t until_retain_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job job_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pollux::actors
