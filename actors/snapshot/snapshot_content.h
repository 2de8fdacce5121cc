// What a snapshot holds of a domain: taken in portions while epochs go on, put back at once. Format:
// SNAPSHOT.md.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "actors/propagation/entity_image.h"
#include "actors/snapshot/snapshot_format.h"
#include "actors/snapshot/state_digest.h"
#include "actors/supervision/domain_parts.h"
#include "schema/result.h"

namespace pollux::actors {

/// The state of a domain at one position, captured portion by portion on the supervisor's thread and turned
/// into bytes on another. The two take turns: not thread-safe.
class SnapshotCapture {
 public:
  explicit SnapshotCapture(const schema::Model& model) : model_(model) {}

  /// Captures what cannot wait: pins the entities, holds the identities, and saves the rest. REQUIRES: no
  /// epoch is under way, not even one that only fills. False, and nothing is held, where too many pins are.
  bool begin(DomainParts& parts);
  /// Captures the next portion; false where nothing is left. REQUIRES: the last one has been written.
  bool capture(DomainParts& parts);
  /// Lets go of what `begin` held; once, whatever became of the rest.
  void end(DomainParts& parts);

  /// Of what `begin` captured; the caller adds what only it knows.
  SnapshotInfo info() const;

  /// Appends the captured portion to `bytes`.
  void write(SnapshotEncoder& encoder, std::string& bytes);
  /// Appends the end.
  void seal(SnapshotEncoder& encoder, std::string& bytes) const { encoder.seal(digest_.hex(), bytes); }

 private:
  /// So many that a portion takes a fraction of a millisecond.
  static constexpr std::size_t kEntitiesAPortion = 1'000;

  bool capture_entities(DomainParts& parts);
  bool capture_identities(DomainParts& parts);
  void write_entities(SnapshotEncoder& encoder, std::string& bytes);

  const schema::Model& model_;
  PinNumber pin_ = 0;
  schema::Position position_ = 0;
  schema::EventTime clock_ = schema::kBeginning;
  schema::EventTime held_from_ = schema::kBeginning;
  std::size_t identities_ = 0;
  Admission::IdentityPlace next_identity_;
  Admission::IdentityPlace identities_end_;
  schema::EntityIndex first_ = 0;  // of the images
  std::vector<EntityImage> images_;
  std::vector<std::pair<Section, std::string>> saved_;  // not yet written
  StateDigest digest_;                                  // of what was written
};

/// Puts back what a snapshot holds. REQUIRES: nothing has run yet. After an error the domain is not to be
/// used. Errors: corrupt, with `where`.
schema::Result<void> restore_domain(const SnapshotView& snapshot, const std::string& where,
                                    DomainParts& parts);

}  // namespace pollux::actors
