#include "schema/record/misfits.h"

#include <algorithm>

namespace pollux::schema {

void Misfits::clear() {
  told_.clear();
  events_.clear();
  values_.clear();
}

bool Misfits::leave_out(const Error& why, std::uint64_t Misfit::*count) {
  const ErrorCode code = why.code;
  const bool is_misfit = code == ErrorCode::not_found || code == ErrorCode::conflict;
  if (!is_misfit || policy_ == MisfitPolicy::refuse) return false;
  // As many as the record has names, at most; nearly always one.
  auto known = std::ranges::find_if(told_, [&](const Misfit& each) { return each.why == why.message; });
  if (known == told_.end()) known = told_.insert(told_.end(), Misfit{why.message, 0, 0});
  ++((*known).*count);
  return true;
}

void Misfits::drop_event(unsigned i, std::size_t events) {
  events_.resize(events);
  events_[i] = true;
}

void Misfits::drop_value(unsigned row, std::size_t values) {
  values_.resize(values);
  values_[row] = true;
}

void Misfits::take_off(EventBatch& batch) const {
  EventBatch kept;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = batch.events[i];
    if (drops_event(i)) continue;
    kept.append(batch, event);
    if (values_.empty()) continue;
    Event& copy = kept.events.back();
    kept.values.resize(copy.values_offset);
    for (std::uint32_t row = event.values_offset; row < event.values_offset + event.values_count; ++row) {
      if (!values_[row]) kept.values.push_back(batch.values[row]);
    }
    copy.values_count = static_cast<std::uint16_t>(kept.values.size() - copy.values_offset);
  }
  batch = std::move(kept);
}

}  // namespace pollux::schema
