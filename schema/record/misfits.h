// What of a stored record does not fit the model it is read under.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "schema/event/event.h"
#include "schema/record/epoch_codec.h"
#include "schema/result.h"

namespace pollux::schema {

/// Remembers, for one record, what is left out of it and why.
class Misfits {
 public:
  explicit Misfits(MisfitPolicy policy) : policy_(policy) {}

  void clear();

  /// Whether `why` is a misfit that may be left out instead of failing; if so, it is counted under `count`.
  bool leave_out(const Error& why, std::uint64_t Misfit::*count);
  /// Nothing is known of event `i` of `events`, not even an identity.
  void drop_event(unsigned i, std::size_t events);
  /// Its values are left out.
  void drop_value(unsigned row, std::size_t values);

  bool drops_event(std::size_t i) const { return !events_.empty() && events_[i]; }
  /// Takes what is left out off the batch.
  void take_off(EventBatch& batch) const;

  bool none() const { return told_.empty(); }
  std::vector<Misfit>& told() { return told_; }

 private:
  const MisfitPolicy policy_;
  // Empty where all of the record fits.
  std::vector<Misfit> told_;
  std::vector<bool> events_;
  std::vector<bool> values_;
};

}  // namespace pollux::schema
