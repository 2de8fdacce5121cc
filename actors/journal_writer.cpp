#include "actors/journal_writer.h"

#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

JournalWriter::JournalWriter(Journal& journal) : journal_(journal), thread_([this] { run(); }) {}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void JournalWriter::append(const schema::EpochRecord& record, const QuarantineChanges& quarantine,
                           std::function<void(schema::Result<void>)> done) {
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
    job.done(journal_.append(*job.record, *job.quarantine));
  }
}

}  // namespace pollux::actors
