#include "actors/journal_writer.h"

#include <utility>

#include "schema/assert.h"

namespace pollux::actors {

JournalWriter::JournalWriter(Journal& journal, const QuarantineRetention& quarantine)
    : journal_(journal), quarantine_(quarantine), thread_([this] { run(); }) {}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void JournalWriter::append(const schema::EpochRecord& record,
                           const std::vector<QuarantinedEvent>& quarantined,
                           std::function<void(schema::Result<void>)> done) {
  {
    const std::lock_guard lock(mutex_);
    POLLUX_ASSERT(!job_.done, "one append at a time");
    job_ = {&record, &quarantined, std::move(done)};
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
    const schema::EventTime clock = job.record->clock;
    job.done(journal_.append(*job.record, *job.quarantined));
    retain(clock);
  }
}

/// A failure is told by the next append.
void JournalWriter::retain(schema::EventTime clock) {
  if (quarantine_.age == 0 && quarantine_.bytes == 0) return;
  if (until_retain_-- > 0) return;
  until_retain_ = kRetainEvery;
  const schema::EventTime before =
      quarantine_.age == 0 ? schema::kBeginning : schema::before(clock, quarantine_.age);
  (void)journal_.drop_quarantined(before, quarantine_.bytes);
}

}  // namespace pollux::actors
