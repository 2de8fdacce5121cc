#include "tests/faults/seen_journal.h"

namespace pollux::faults {

std::string SeenJournal::read(const std::string& directory, bool may_end_earlier) {
  const auto journal = actors::open_rocksdb_journal(directory, model_);
  if (!journal.ok()) return journal.error().text();
  first_ = (*journal)->first_position();
  last_ = (*journal)->last_position();
  if (first_ > ids_.size() + 1) return "records were dropped before this test could see them";
  if (last_ < ids_.size() && !may_end_earlier)
    return "it ends at " + std::to_string(last_) + " of " + std::to_string(ids_.size());
  std::string wrong;
  const auto outcome = (*journal)->read(first_, [&](schema::EpochRecord& record) {
    std::vector<std::string> ids;
    for (const schema::Event& event : record.events.events) ids.emplace_back(record.events.id(event));
    clock_ = record.clock;
    if (record.position == ids_.size() + 1) ids_.push_back(ids);
    if (ids_[record.position - 1] != ids) wrong = "another record at " + std::to_string(record.position);
    return wrong.empty();
  });
  if (!outcome.ok()) return outcome.error().text();
  constexpr std::size_t kAsideMax = 10'000;
  const auto aside = (*journal)->quarantine(1, kAsideMax);
  if (!aside.ok()) return aside.error().text();
  aside_.clear();
  for (const auto& each : *aside) aside_.emplace(each.event.id(each.event.events.front()));
  return wrong;
}

}  // namespace pollux::faults
