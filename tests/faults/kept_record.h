// What a test knows of a journal: what was acknowledged, what was under way, and whether a journal agrees.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "actors/journal/journal.h"
#include "tests/schema/event_samples.h"

namespace pollux::faults {

/// Appends random records to journals and remembers what became of each.
class KeptRecord {
 public:
  explicit KeptRecord(std::uint64_t seed) : random_(seed) {}

  std::mt19937_64& random() { return random_; }
  const schema::Model& model() const { return model_; }
  std::size_t acknowledged() const { return texts_.size(); }

  /// Appends the next record, now and then with an event set aside; the journal's answer.
  schema::Result<void> append(actors::Journal& journal) {
    const std::size_t events = random_() % 8 == 0 ? random_() % 300 : random_() % 6;  // one block, or many
    const auto record = schema::samples::random_record(model_, texts_.size() + 1, events, random_);
    std::vector<schema::QuarantinedEvent> aside;
    if (random_() % 4 == 0) {
      aside.push_back({0, schema::QuarantineReason::too_late, record.clock, {}});
      schema::samples::add_random_event(model_, aside.back().event, random_);
    }
    Entry entry{schema::samples::text_of(record.events, model_), aside_ + aside.size(), std::nullopt};
    if (!record.events.events.empty())
      entry.first_event = schema::event_key(record.events, record.events.events.front(), model_);
    last_record_ = record;
    last_aside_ = aside;
    under_way_ = std::move(entry);
    return append_again(journal);
  }

  /// The same once more, after it failed.
  schema::Result<void> append_again(actors::Journal& journal) {
    auto outcome = journal.append(last_record_, last_aside_);
    if (outcome.ok()) keep(*std::exchange(under_way_, std::nullopt));
    return outcome;
  }

  /// Identities of acknowledged events, one a record.
  const std::vector<schema::EventKey>& known_events() const { return known_events_; }

  /// What is wrong with a journal opened after the last of `append`; empty when everything acknowledged is
  /// there, once, and at most what was under way besides.
  std::string compare(const actors::Journal& journal) {
    std::vector<std::vector<std::string>> found;
    const auto read = journal.read(1, [&](schema::EpochRecord& record) {
      found.push_back(schema::samples::text_of(record.events, model_));
      return true;
    });
    if (!read.ok()) return "cannot be read: " + read.error().text();
    if (found.size() < texts_.size())
      return "it ends at " + std::to_string(found.size()) + " of " + std::to_string(texts_.size());
    if (found.size() > texts_.size() && under_way_) keep(*std::move(under_way_));
    under_way_.reset();
    if (found != texts_) return "its records are others";
    const auto aside = journal.quarantine(1, aside_ + 1);
    if (!aside.ok()) return "its quarantine cannot be read: " + aside.error().text();
    if (aside->size() != aside_)
      return "its quarantine holds " + std::to_string(aside->size()) + " instead of " +
             std::to_string(aside_);
    return "";
  }

 private:
  struct Entry {
    std::vector<std::string> texts;
    std::size_t aside_after = 0;  // events set aside by then
    std::optional<schema::EventKey> first_event;
  };
  void keep(Entry entry) {
    texts_.push_back(std::move(entry.texts));
    aside_ = entry.aside_after;
    if (entry.first_event) known_events_.push_back(*entry.first_event);
  }

  schema::Model model_ = schema::samples::model();
  std::mt19937_64 random_;
  std::vector<std::vector<std::string>> texts_;
  std::size_t aside_ = 0;
  std::optional<Entry> under_way_;
  schema::EpochRecord last_record_;
  std::vector<schema::QuarantinedEvent> last_aside_;
  std::vector<schema::EventKey> known_events_;
};

}  // namespace pollux::faults
