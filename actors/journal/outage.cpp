#include "actors/journal/outage.h"

#include <array>
#include <cstdio>

namespace pollux::actors {

using schema::Error;

void Outage::begins(const Error& why, Clock::time_point now) {
  const bool is_new = !why_;
  why_ = why;
  if (!is_new) return;
  since_ = now;
  refused_before_ = probe_.submissions_refused_disk_full.value();
  tell(
      "writing stops, reading goes on: " + why.text() +
      ". Submissions are refused with 503 and nothing acknowledged is lost; pollux tries again by itself and "
      "says when it goes on");
}

void Outage::ends(Clock::time_point now) {
  if (!why_) return;
  tell(
      "the journal is written again, " + lasted(now) +
      ". Senders that were refused may send the same again; what had been taken by then counts as duplicate");
  why_.reset();
}

void Outage::given_up(std::size_t events, Clock::time_point now) {
  tell("stopping while the disk is full, " + lasted(now) + ". The last " + std::to_string(events) +
       " events may be in the journal or not: none was acknowledged; have them sent again after the restart");
}

void Outage::fails(const Error& why) {
  why_.reset();
  tell("nothing more is written, reading goes on: " + why.text() +
       ". Submissions are refused until pollux is restarted; what was acknowledged is safe. Whether the last "
       "ones refused are in the journal shows then: have them sent again, which takes none twice");
}

std::string Outage::lasted(Clock::time_point now) const {
  std::array<char, 32> seconds;
  std::snprintf(seconds.data(), seconds.size(), "%.1f", std::chrono::duration<double>(now - since_).count());
  const std::uint64_t refused = probe_.submissions_refused_disk_full.value() - refused_before_;
  return std::string(seconds.data()) + " s after the disk was found full; " + std::to_string(refused) +
         (refused == 1 ? " submission was refused" : " submissions were refused");
}

}  // namespace pollux::actors
