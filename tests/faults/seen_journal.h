// What a test has seen of a journal whose beginning is dropped meanwhile.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "actors/journal/journal.h"

namespace pollux::faults {

/// Remembers the ids of every record it has ever read, so that later looks are held against earlier ones.
class SeenJournal {
 public:
  explicit SeenJournal(const schema::Model& model) : model_(model) {}

  /// Reads what `directory` holds; no server may have it open. What is wrong with it, or nothing: it has to
  /// have every record seen before that it has not dropped.
  std::string look(const std::string& directory) { return read(directory, false); }
  /// The same of a copy made earlier, which may end before what was seen.
  std::string look_at_copy(const std::string& directory) { return read(directory, true); }

  /// Of the newest look.
  schema::Position first() const { return first_; }
  schema::Position last() const { return last_; }
  schema::EventTime clock() const { return clock_; }

  /// By position, from 1.
  const std::vector<std::vector<std::string>>& ids() const { return ids_; }
  /// Ids of what lay in quarantine at the newest look: acknowledged, and not part of any record.
  const std::set<std::string>& aside() const { return aside_; }

 private:
  std::string read(const std::string& directory, bool may_end_earlier);

  const schema::Model& model_;
  std::vector<std::vector<std::string>> ids_;
  std::set<std::string> aside_;
  schema::Position first_ = 1;
  schema::Position last_ = 0;
  schema::EventTime clock_ = 0;
};

}  // namespace pollux::faults
