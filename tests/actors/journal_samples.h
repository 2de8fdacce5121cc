// What every journal is asked in tests, whatever it is made of.
#pragma once

#include <string>
#include <vector>

#include "actors/journal/journal.h"
#include "tests/schema/event_samples.h"

namespace pollux::actors::samples {

/// Appends `count` random records, with a quarantined event beside every fifth, and returns the texts of all
/// their events, a list a record.
inline std::vector<std::vector<std::string>> fill(Journal& journal, const schema::Model& model, int count,
                                                  std::mt19937_64& random) {
  std::vector<std::vector<std::string>> written;
  for (int i = 0; i < count; ++i) {
    const auto record =
        schema::samples::random_record(model, journal.last_position() + 1, random() % 8, random);
    std::vector<QuarantinedEvent> quarantined;
    if (i % 5 == 0) {
      QuarantinedEvent& event = quarantined.emplace_back();
      event.reason = schema::QuarantineReason::too_late;
      event.clock = record.clock;
      schema::samples::add_random_event(model, event.event, random);
    }
    if (!journal.append(record, quarantined).ok()) break;
    written.push_back(schema::samples::text_of(record.events, model));
  }
  return written;
}

/// The texts of all events from `from` on, a list a record; empty after an error, which goes to `result`.
inline std::vector<std::vector<std::string>> read_all(const Journal& journal, const schema::Model& model,
                                                      schema::Position from = 1,
                                                      schema::Result<void>* result = nullptr) {
  std::vector<std::vector<std::string>> texts;
  const auto done = journal.read(from, [&](schema::EpochRecord& record) {
    texts.push_back(schema::samples::text_of(record.events, model));
    return true;
  });
  if (result != nullptr) *result = done;
  return texts;
}

}  // namespace pollux::actors::samples
