#include "actors/snapshot/snapshot_content.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "actors/settled_state.h"
#include "actors/snapshot/image_codec.h"
#include "schema/assert.h"

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

/// Entities that one core goes through in a row while a snapshot is restored.
constexpr std::size_t kGrain = 4'096;

Error unfit(const std::string& where, const std::string& message) {
  return {ErrorCode::corrupt, "the snapshot cannot be used: " + message, where,
          "an older snapshot or the journal is used in its place; please report this, with the file"};
}

void add_to(StateDigest& digest, const schema::Model& model, EntityIndex entity, const EntityImage& image) {
  const auto& attributes = model.type_of(entity).attributes;
  for (AttributeSlot a = 0; a < attributes.size(); ++a) {
    const Version& last = image.timeline(a).last();
    const bool observed = attributes[a].role == schema::Role::observed;
    digest.add(model, entity, a, last, observed ? image.observed_at(a) : last.from);
  }
}

/// Puts entities back, all blocks side by side.
class EntityRestorer {
 public:
  EntityRestorer(const SnapshotView& snapshot, DomainParts& parts) : snapshot_(snapshot), parts_(parts) {
    for (const SnapshotView::Block& block : snapshot.blocks) {
      if (block.section == Section::entities) blocks_.push_back(&block);
    }
  }

  Result<void> run(const std::string& where) {
    if (!blocks_are_all()) return unfit(where, "it does not hold each entity once");
    std::atomic<std::uint64_t> wrong{0};  // offset of a block that makes no sense
    for_each_block([&](const SnapshotView::Block& block) {
      if (!restore(block)) wrong = block.offset;
    });
    if (wrong != 0) return unfit(where, "the block at byte " + std::to_string(wrong) + " makes no sense");
    const auto entities = parts_.entities;
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, entities.size(), kGrain), [&](const auto& range) {
      for (std::size_t i = range.begin(); i < range.end(); ++i) entities[i]->see_inputs();
    });
    return {};
  }

 private:
  /// Only what a header says; the rest is read when it is restored.
  bool blocks_are_all() const {
    std::uint64_t next = 0;
    for (const SnapshotView::Block* block : blocks_) {
      ByteReader in(block->payload);
      if (in.number() != next) return false;
      next += in.number();
      if (!in.ok() || next > parts_.entities.size()) return false;
    }
    return next == parts_.entities.size();
  }

  template <class Act>
  void for_each_block(const Act& act) {
    // One block is not worth waking other threads.
    if (blocks_.size() == 1) return act(*blocks_.front());
    tbb::parallel_for(std::size_t{0}, blocks_.size(), [&](std::size_t i) { act(*blocks_[i]); });
  }

  bool restore(const SnapshotView::Block& block) {
    ByteReader in(block.payload);
    const auto first = static_cast<EntityIndex>(in.number());
    const auto count = static_cast<EntityIndex>(in.number());
    EntityImage image;
    for (EntityIndex entity = first; entity < first + count; ++entity) {
      const schema::EntityType& type = parts_.model.type_of(entity);
      if (!read_image(in, parts_.model, type, snapshot_.info.clock, image)) return false;
      parts_.entities[entity]->restore(image);
    }
    return in.at_end();
  }

  const SnapshotView& snapshot_;
  DomainParts& parts_;
  std::vector<const SnapshotView::Block*> blocks_;
};

/// Puts back what the supervisor itself holds.
bool restore_rest(const SnapshotView::Block& block, DomainParts& parts) {
  ByteReader in(block.payload);
  switch (block.section) {
    case Section::identities:
      return parts.admission.load_identities(in);
    case Section::revisions:
      return parts.admission.load_revisions(in);
    case Section::episodes:
      return parts.episodes.load(in, parts.model);
    case Section::sources:
      return parts.sources.load(in);
    case Section::entities:
      return true;
    default:
      return false;
  }
}

std::string digest_of(const DomainParts& parts) {
  const SettledState state(parts.model, parts.entities, parts.episodes, parts.position, parts.clock);
  const auto add_range = [&](const tbb::blocked_range<std::size_t>& range, StateDigest sum) {
    for (std::size_t e = range.begin(); e < range.end(); ++e) {
      const auto entity = static_cast<EntityIndex>(e);
      const auto attributes = static_cast<AttributeSlot>(parts.model.type_of(entity).attributes.size());
      for (AttributeSlot a = 0; a < attributes; ++a) {
        const Version& last = state.timeline(entity, a).last();
        sum.add(parts.model, entity, a, last, state.attribute(entity, a).time);
      }
    }
    return sum;
  };
  const auto join = [](StateDigest a, const StateDigest& b) {
    a.add(b);
    return a;
  };
  const tbb::blocked_range<std::size_t> all(0, parts.entities.size(), kGrain);
  return tbb::parallel_reduce(all, StateDigest(), add_range, join).hex();
}

}  // namespace

bool SnapshotCapture::begin(DomainParts& parts) {
  if (parts.pins.held() == Pins::kPinsMax) return false;
  position_ = parts.position;
  clock_ = parts.clock;
  held_from_ = parts.held_from;
  pin_ = parts.pins.open(position_, clock_);
  parts.admission.hold_identities(true);
  identities_ = parts.admission.remembered();
  identities_end_ = parts.admission.identities_end();
  const auto save = [this](Section section, const auto& write) {
    std::string bytes;
    ByteWriter out(bytes);
    write(out);
    saved_.emplace_back(section, std::move(bytes));
  };
  save(Section::revisions, [&](ByteWriter& out) { parts.admission.save_revisions(out); });
  save(Section::episodes, [&](ByteWriter& out) { parts.episodes.save(out); });
  save(Section::sources, [&](ByteWriter& out) { parts.sources.save(out); });
  return true;
}

SnapshotInfo SnapshotCapture::info() const {
  SnapshotInfo info;
  info.position = position_;
  info.clock = clock_;
  info.held_from = held_from_;
  info.twin = model_.name();
  info.model_version = model_.version();
  info.shape = shape_of(model_);
  info.entities = model_.entity_count();
  info.identities = identities_;
  return info;
}

bool SnapshotCapture::capture(DomainParts& parts) {
  return capture_entities(parts) || capture_identities(parts);
}

bool SnapshotCapture::capture_entities(DomainParts& parts) {
  const std::size_t end = std::min<std::size_t>(first_ + kEntitiesAPortion, parts.entities.size());
  if (first_ == end) return false;
  const SettledState now(parts.model, parts.entities, parts.episodes, parts.position, parts.clock);
  const SettledState then(now, parts.pins, pin_);
  images_.reserve(end - first_);
  for (auto entity = first_; entity < end; ++entity) images_.push_back(then.image(entity));
  return true;
}

bool SnapshotCapture::capture_identities(DomainParts& parts) {
  if (next_identity_ == identities_end_) return false;
  std::string bytes;
  ByteWriter out(bytes);
  next_identity_ = parts.admission.save_identities(next_identity_, identities_end_, out);
  saved_.emplace_back(Section::identities, std::move(bytes));
  return true;
}

void SnapshotCapture::end(DomainParts& parts) {
  parts.pins.release(pin_);
  parts.admission.hold_identities(false);
}

void SnapshotCapture::write(SnapshotEncoder& encoder, std::string& bytes) {
  if (!images_.empty()) write_entities(encoder, bytes);
  for (const auto& [section, saved] : std::exchange(saved_, {})) encoder.block(section, saved, bytes);
}

void SnapshotCapture::write_entities(SnapshotEncoder& encoder, std::string& bytes) {
  std::string payload;
  ByteWriter out(payload);
  out.number(first_);
  out.number(images_.size());
  for (const EntityImage& image : images_) {
    write_image(image, clock_, out);
    add_to(digest_, model_, first_++, image);
  }
  images_.clear();
  encoder.block(Section::entities, payload, bytes);
}

Result<void> restore_domain(const SnapshotView& snapshot, const std::string& where, DomainParts& parts) {
  parts.admission.expect_identities(snapshot.info.identities);
  if (auto restored = EntityRestorer(snapshot, parts).run(where); !restored.ok()) return restored;
  for (const SnapshotView::Block& block : snapshot.blocks) {
    if (restore_rest(block, parts)) continue;
    return unfit(where, "the block at byte " + std::to_string(block.offset) + " (" + name_of(block.section) +
                            ") makes no sense");
  }
  if (parts.admission.remembered() != snapshot.info.identities)
    return unfit(where, "it lacks identities of events");
  parts.admission.restore_clock(snapshot.info.clock);
  parts.position = snapshot.info.position;
  parts.clock = snapshot.info.clock;
  parts.held_from = snapshot.info.held_from;
  const std::string digest = digest_of(parts);
  if (digest != snapshot.digest) {
    return unfit(where,
                 "what was restored has digest " + digest + ", and what was saved had " + snapshot.digest);
  }
  return {};
}

}  // namespace pollux::actors
