// A journal that cannot be written, told to the operator.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "actors/probe.h"
#include "schema/result.h"

namespace pollux::actors {

/// Tells once when writing stops for want of space, and once when it goes on or ends for good: what that
/// means, how long it took, how many submissions were refused, what to do.
class Outage {
 public:
  using Tell = std::function<void(const std::string&)>;
  using Clock = std::chrono::steady_clock;

  /// `tell`: writes an entry into the log; may be empty. `probe` outlives this.
  Outage(const DomainProbe& probe, Tell tell) : probe_(probe), tell_(std::move(tell)) {}

  /// Why writing waits; nothing while it does not.
  const std::optional<schema::Error>& why() const { return why_; }

  /// The disk was found full, for the first time or again.
  void begins(const schema::Error& why, Clock::time_point now);
  /// The journal goes on, if it did not.
  void ends(Clock::time_point now);
  /// The twin stops while the disk is full: `events` on their way to it were refused and are not kept in
  /// memory.
  void given_up(std::size_t events, Clock::time_point now);
  /// The journal failed for good.
  void fails(const schema::Error& why);

 private:
  std::string lasted(Clock::time_point now) const;
  void tell(const std::string& entry) const {
    if (tell_) tell_(entry);
  }

  const DomainProbe& probe_;
  const Tell tell_;
  std::optional<schema::Error> why_;
  Clock::time_point since_;
  std::uint64_t refused_before_ = 0;
};

}  // namespace pollux::actors
