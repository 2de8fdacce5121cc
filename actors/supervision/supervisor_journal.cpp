// How a supervisor gets its epochs to the disk, and what it does when they do not get there.
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <utility>

#include "actors/propagation/planted_bugs.h"
#include "actors/supervision/supervisor.h"

namespace pollux::actors {

using schema::Error;
using schema::ErrorCode;
using schema::Result;
using std::chrono::steady_clock;

void Supervisor::append() {
  appending_ = true;
  context_.writer.append(journaling_->record, journaling_->quarantine,
                         [self = caf::actor_cast<caf::actor>(this)](Result<void> outcome) {
                           caf::anon_send(self, journaled_atom::value,
                                          std::make_shared<const Result<void>>(std::move(outcome)));
                         });
}

void Supervisor::journaled(const Result<void>& outcome) {
  context_.probe.journal_append.record_since(journaling_->started_at);
  const std::uint64_t written = context_.journal.bytes_appended();
  context_.probe.journal_bytes.add(written - std::exchange(journal_bytes_, written));
  appending_ = false;
  if (outcome.ok() || POLLUX_PLANTED(failed_append_taken_for_done)) {
    if (!journaling_->quarantine.empty()) intake_.measure_quarantine();
    waiting_ = std::move(journaling_);
    end_outage();
  } else if (outcome.error().code == ErrorCode::no_space) {
    stall(outcome.error());
  } else {
    fail(outcome.error());
  }
  advance();
}

/// The events of the epoch count as taken from here on: their senders are told to send them again, which then
/// are duplicates, and the same record is appended until it is durable. So it is applied once, whether or not
/// the first attempt left it on disk.
void Supervisor::stall(const Error& why) {
  context_.probe.journal_append_failures.add();
  const bool is_new = !outage_.why();
  outage_.begins(why, steady_clock::now());
  if (is_new) context_.on_stall(why);
  refuse_all(why);
  if (draining_) return give_up();
  delayed_send(this, context_.journal_retry, retry_atom::value);
}

void Supervisor::end_outage() {
  if (!outage_.why()) return;
  outage_.ends(steady_clock::now());
  context_.on_stall(std::nullopt);
  if (context_.history != nullptr) context_.history->look_again();
}

void Supervisor::retry() {
  if (outage_.why() && !appending_ && journaling_ != nullptr) append();
}

/// The epoch was never acknowledged.
void Supervisor::give_up() {
  outage_.given_up(journaling_->record.events.events.size(), steady_clock::now());
  lost_an_epoch_ = true;
  journaling_.reset();
}

void Supervisor::refuse_all(const Error& why) {
  if (journaling_ != nullptr) {
    for (const Epoch::Part& part : std::exchange(journaling_->parts, {})) refuse(*part.submission, why);
  }
  for (const SubmissionPtr& submission : std::exchange(pending_, {})) refuse(*submission, why);
}

/// Whether the failed epoch is on disk cannot be known, so nothing more may be acknowledged: after a restart
/// the journal tells. What had settled before stays readable.
void Supervisor::fail(const Error& why) {
  context_.probe.journal_append_failures.add();
  failed_ = why;
  if (outage_.why()) context_.on_stall(std::nullopt);
  outage_.fails(why);
  context_.on_failure(why);
  refuse_all(why);
  lost_an_epoch_ = true;
  journaling_.reset();
}

}  // namespace pollux::actors
