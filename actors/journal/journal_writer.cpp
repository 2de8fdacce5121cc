#include "actors/journal/journal_writer.h"

#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "schema/assert.h"

namespace pollux::actors {

JournalWriter::JournalWriter(Journal& journal, Later later) : journal_(journal), later_(std::move(later)) {
  if (!later_) thread_ = std::thread([this] { run(); });
}

JournalWriter::~JournalWriter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void JournalWriter::append(const schema::EpochRecord& record, const QuarantineChanges& quarantine,
                           std::function<void(schema::Result<void>)> done) {
  if (POLLUX_PLANTED(acknowledged_before_durable)) std::exchange(done, [](auto) {})({});
  if (later_) {
    later_([this, job = Job{&record, &quarantine, std::move(done)}] { write(job); });
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    POLLUX_ASSERT(!job_.done, "one append at a time");
    job_ = {&record, &quarantine, std::move(done)};
  }
  changed_.notify_one();
}

void JournalWriter::run() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return job_.done || stopping_; });
      if (!job_.done) return;
      job = std::exchange(job_, {});
    }
    write(job);
  }
}

}  // namespace pollux::actors
